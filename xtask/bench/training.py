"""Compares training with lossnet with eager PyTorch, taken alternately: steps per second and peak memory.

    python xtask/bench/training.py target/release/lossnet [--rounds 3] [--steps 8] [--threads 2] [--cases autoencoder …]

lossnet runs as users run it, data loading included, over small data in the published formats that is made first; PyTorch
(xtask/bench/training_step.py) has its batches in memory. Prints one line of JSON for each case: samples per second of both, the
ratio (targets: 1.2 for autoencoder and delineation, 1.0 for the others), and peak memory (target: 1.1 times PyTorch's).
Needs torch and torchvision of the version that lossnet is built with.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent

COMMON = """
[experiment]
name = "bench"
[run]
device = "cpu"
offline = true
[loss_network]
weights = "random:0"
"""

CASES = {
    "autoencoder": (
        64,
        """
backbone = "vgg11"
layers = [4]
[task]
name = "autoencoder"
predictors = [[]]
[task.predictor_training]
epochs = 1
[data]
name = "stl10"
""",
    ),
    "delineation": (
        8,
        """
backbone = "vgg11"
layers = [4]
[task]
name = "delineation"
[data]
name = "paired-folder"
folder = "roads"
""",
    ),
    "super-resolution": (
        4,
        """
backbone = "vgg16"
layers = [8]
[task]
name = "super-resolution"
test_protocols = ["center-crop"]
[data]
name = "image-folder"
folder = "photographs"
""",
    ),
    "metric-lin": (
        64,
        """
backbone = "alexnet"
layers = [1, 4, 7, 9, 11]
[task]
name = "metric"
variant = "lin"
[data]
name = "bapps"
splits = ["val/cnn"]
""",
    ),
    "metric-tune": (
        64,
        """
backbone = "alexnet"
layers = [1, 4, 7, 9, 11]
[task]
name = "metric"
variant = "tune"
[data]
name = "bapps"
splits = ["val/cnn"]
""",
    ),
    "augmentation": (
        256,
        """
backbone = "alexnet"
layers = [1, 4, 7, 9, 11]
[task]
name = "augmentation"
variant = "lin"
[data]
name = "stl10"
""",
    ),
}


def noise(random, height, width, channels=3):
    """An image that compresses somewhat, as photographs do."""
    coarse = random.integers(0, 256, (height // 8 + 1, width // 8 + 1, channels), dtype=np.uint8)
    return np.kron(coarse, np.ones((8, 8, 1), np.uint8))[:height, :width]


def make_data(folder, samples):
    random = np.random.default_rng(0)
    stl10 = folder / "datasets/stl10/stl10_binary"
    stl10.mkdir(parents=True)
    for split, count in [("train", samples), ("test", 8), ("unlabeled", samples)]:
        random.integers(0, 256, (count, 3, 96, 96), dtype=np.uint8).tofile(stl10 / f"{split}_X.bin")
        (np.arange(count, dtype=np.uint8) % 10 + 1).tofile(stl10 / f"{split}_y.bin")
    for split, count in [("train", 80), ("val", 2), ("test", 2)]:
        for kind in ["input", "output"]:
            (folder / "roads" / split / kind).mkdir(parents=True)
        for index in range(count):
            Image.fromarray(noise(random, 320, 480)).save(folder / f"roads/{split}/input/{index:03}.png")
            mask = (noise(random, 320, 480, 1)[:, :, 0] > 230).astype(np.uint8) * 255
            Image.fromarray(mask).save(folder / f"roads/{split}/output/{index:03}.png")
        (folder / "photographs" / split).mkdir(parents=True)
        for index in range(count):
            Image.fromarray(noise(random, 480, 640)).save(folder / f"photographs/{split}/{index:03}.jpg", quality=90)
    for part, count in [("train/cnn", samples), ("train/mix", 2), ("train/traditional", 2), ("val/cnn", 8)]:
        for kind in ["ref", "p0", "p1", "judge"]:
            (folder / "datasets/bapps/2afc" / part / kind).mkdir(parents=True)
        for index in range(count):
            for kind in ["ref", "p0", "p1"]:
                path = folder / f"datasets/bapps/2afc/{part}/{kind}/{index:06}.png"
                Image.fromarray(noise(random, 64, 64)).save(path)
            np.save(folder / f"datasets/bapps/2afc/{part}/judge/{index:06}.npy", np.float32([index % 2]))


def lossnet(binary, folder, case, steps, threads, attempt):
    """Samples per second of the training, and the peak memory of the process in megabytes."""
    batch, text = CASES[case]
    # The tasks set a share aside for validation, which is not timed.
    wanted, share = batch * (steps + 1), 0.0 if case.startswith("metric") else 0.1
    samples = next(count for count in range(wanted, 2 * wanted) if count - round(count * share) == wanted)
    training = f"""
[task.training]
epochs = 1
batch_size = {batch}
picture_epochs = 0
validation_fraction = {share}
"""
    (folder / "bench.toml").write_text(COMMON + text + training)
    command = [binary, "run", "bench.toml", "-s", f"data.limit={samples}", "--logs", f"logs/{case}-{attempt}"]
    command += ["-s", f"run.seed={attempt}"]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
    told = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"lossnet failed for {case}:\n{told}")
    rate = re.search(r"^.*samples in [\d.]+ s, ([\d.]+)/s.*epoch 1/1", told, re.MULTILINE)
    if rate is None:
        sys.exit(f"lossnet did not tell how fast it trained for {case}:\n{told}")
    return float(rate[1]), usage.ru_maxrss / 1000


def pytorch(case, steps, threads):
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, str(HERE / "training_step.py"), case, str(steps)]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment).stdout)
    return found["samples_per_second"], found["peak_mb"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cases", nargs="*", default=list(CASES))
    arguments = parser.parse_args()
    binary = str(Path(arguments.binary).resolve())
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        make_data(folder, 300 * (arguments.steps + 1))
        for case in arguments.cases:
            ours, theirs = [], []
            for attempt in range(arguments.rounds):
                ours.append(lossnet(binary, folder, case, arguments.steps, arguments.threads, attempt))
                theirs.append(pytorch(case, arguments.steps, arguments.threads))
            rate, peak = (statistics.median(values) for values in zip(*ours))
            their_rate, their_peak = (statistics.median(values) for values in zip(*theirs))
            result = {
                "case": case,
                "batch": CASES[case][0],
                "threads": arguments.threads,
                "lossnet_samples_per_second": round(rate, 2),
                "pytorch_samples_per_second": round(their_rate, 2),
                "ratio": round(rate / their_rate, 3),
                "lossnet_peak_mb": round(peak),
                "pytorch_peak_mb": round(their_peak),
                "memory_ratio": round(peak / their_peak, 3),
            }
            print(json.dumps(result), flush=True)


main()
