#!/usr/bin/env python3
"""Runs the published Python code and writes down what it computes: plugins/*/tests/golden/published.json.

The published code is that of "A Systematic Performance Analysis of Deep Perceptual Loss Networks" (arXiv 2302.04032), which
this script imports from a checkout and never copies. What it needs of Lightning, kornia, wandb and OpenCV is stood in for
here: no number depends on them. Weights, images and noise are made by plugins/torchvision/tests/golden/formula.py, so the
tests can make the same ones. Its torchvision did not antialias tensors that it resized (before version 0.17); a newer one is
told not to.

usage: generate.py CHECKOUT [TASK...]
    TASK is autoencoder, delineation, super-resolution or metric; all of them unless named.
    Needs torch 2.11 and torchvision 0.26; super-resolution also scikit-image and torchmetrics 0.11.4.
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "plugins/torchvision/tests/golden"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

TASKS = ["autoencoder", "delineation", "super-resolution", "metric"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path, help="a checkout of the published code")
    parser.add_argument("tasks", nargs="*", default=TASKS, metavar="TASK", help=", ".join(TASKS))
    arguments = parser.parse_args()
    source = arguments.checkout.resolve() / "src"
    if not (source / "loss_networks.py").is_file():
        sys.exit(f"{arguments.checkout} is not a checkout of the published code: it has no src/loss_networks.py")
    for task in arguments.tasks:
        if task not in TASKS:
            sys.exit(f"`{task}` is not a task: {', '.join(TASKS)}")
    import torch

    import common

    torch.set_num_threads(1)
    common.prepare(source)
    for task in arguments.tasks:
        numbers = __import__(task.replace("-", "_") + "_numbers").numbers(source)
        folder = ROOT / "plugins" / task / "tests/golden"
        (folder / "published.json").write_text(json.dumps(numbers, indent=1) + "\n")
        print(f"{folder / 'published.json'} is written")


if __name__ == "__main__":
    main()
