"""Times one plain forward pass of the images of a batch of triplets in eager PyTorch.

For each line `BACKBONE BATCH DEEPEST` on standard input it runs the three images of each triplet through the backbone
up to the indexed layer DEEPEST, as torchvision has it, and answers with one line of JSON: the seconds it took.
"""

import functools
import json
import sys
import time

import torch
import torchvision

SIDE = 64


@functools.cache
def truncated(name, deepest):
    model = torchvision.models.get_model(name, weights=None).eval()
    children = list(getattr(model, "features", model).children())
    return torch.nn.Sequential(*children[: deepest + 1])


@torch.no_grad()
def main():
    for line in sys.stdin:
        name, batch, deepest = line.split()
        network = truncated(name, int(deepest))
        images = [torch.rand(int(batch), 3, SIDE, SIDE) for _ in range(3)]
        start = time.perf_counter()
        checks = [float(network(image).sum()) for image in images]
        seconds = time.perf_counter() - start
        assert len(checks) == 3
        print(json.dumps({"seconds": seconds}), flush=True)


main()
