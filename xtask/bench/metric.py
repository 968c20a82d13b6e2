"""Compares the task `metric` in lossnet with a plain forward pass in eager PyTorch, taken alternately.

    python xtask/bench/metric.py target/release/examples/bench_metric [--batch 50] [--rounds 15] [--threads 2]

prints one line of JSON per backbone: median seconds of both, and their ratio. The target is a ratio of at most 1.5.
Needs torch and torchvision of the version that lossnet is built with.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

BACKBONES = ["alexnet", "squeezenet1_1", "vgg16", "resnet18"]


def start(command, threads):
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )


def ask(process, line):
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--backbones", nargs="*", default=BACKBONES)
    arguments = parser.parse_args()
    ours = start([arguments.program], arguments.threads)
    theirs = start([sys.executable, str(Path(__file__).with_name("metric_forward.py"))], arguments.threads)
    for name in arguments.backbones:
        batch = arguments.batch
        lossnet, pytorch = [], []
        for _ in range(arguments.rounds + 2):
            answer = ask(ours, f"{name} {batch}")
            lossnet.append(answer["seconds"])
            pytorch.append(ask(theirs, f"{name} {batch} {answer['deepest']}")["seconds"])
        # The first rounds load weights and warm caches up.
        lossnet, pytorch = statistics.median(lossnet[2:]), statistics.median(pytorch[2:])
        result = {
            "backbone": name,
            "batch": batch,
            "threads": arguments.threads,
            "lossnet_seconds": round(lossnet, 5),
            "pytorch_forward_seconds": round(pytorch, 5),
            "ratio": round(lossnet / pytorch, 3),
        }
        print(json.dumps(result), flush=True)
    for process in (ours, theirs):
        process.stdin.close()
        process.wait()


main()
