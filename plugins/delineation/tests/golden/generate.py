#!/usr/bin/env python3
"""Writes network.json, curves.json and scores.json: what the task `delineation` must compute, by PyTorch and SciPy.

usage: generate.py   (needs torch 2.11 and SciPy; OMP_NUM_THREADS=1 gives the stored digits)
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import distance_transform_edt
from torch import nn

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "torchvision/tests/golden"))
from formula import uniform  # noqa: E402
from torch_twins import ConvLossNetwork, fill  # noqa: E402


class Block(nn.Module):
    """ReLU, convolution and batch normalization."""

    def __init__(self, kind, inputs, outputs):
        super().__init__()
        self.conv = kind(inputs, outputs, 4, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.norm(self.conv(F.relu(x)))


class UNet(nn.Module):
    def __init__(self, channels):
        super().__init__()
        c = channels + 1
        down = [(c, 2 * c), (2 * c, 4 * c), (4 * c, 8 * c), (8 * c, 8 * c)]
        up = [(8 * c, 8 * c), (16 * c, 4 * c), (8 * c, 2 * c), (4 * c, 1)]
        self.down = nn.ModuleList(Block(nn.Conv2d, *sizes) for sizes in down)
        self.up = nn.ModuleList(Block(nn.ConvTranspose2d, *sizes) for sizes in up)

    def forward(self, images, prediction):
        x = torch.cat([images, prediction], 1)
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
        x = self.up[0](skips[3])
        for block, skip in zip(self.up[1:], reversed(skips[:3])):
            x = block(torch.cat([x, skip], 1))
        return torch.sigmoid(x)


def drawn(seed, name, shape):
    """Values in [0, 1) by the shared formula."""
    return torch.from_numpy((uniform(seed, name, int(np.prod(shape))).reshape(shape) + 1) / 2)


def direction(name, tensor):
    """One number that depends on all elements."""
    along = torch.from_numpy(uniform(9, name, tensor.numel())).reshape(tensor.shape)
    return float((tensor.detach().double() * along.double()).sum())


def numbers(tensor):
    return [float(f"{value:.8g}") for value in tensor.detach().flatten().tolist()]


def network_case(channels, height, width):
    network = fill(UNet(channels), 3)
    images = drawn(1, "images", (2, channels, height, width))
    previous = drawn(1, "previous", (2, 1, height, width)).requires_grad_()
    network.eval()
    evaluated = network(images, previous)
    first = network(images, torch.zeros_like(previous))
    network.train()
    trained = network(images, previous)
    loss = (trained * torch.from_numpy(uniform(2, "loss", trained.numel())).reshape(trained.shape)).mean()
    loss.backward()
    return {
        "channels": channels,
        "height": height,
        "width": width,
        "evaluated": numbers(evaluated[0]),
        "evaluated_sum": direction("evaluated", evaluated),
        "first_sum": direction("first", first),
        "trained_sum": direction("trained", trained),
        "loss": float(loss.detach()),
        "previous_gradient": direction("previous", previous.grad),
        "gradients": {n: [float(p.grad.norm()), direction(n, p.grad)] for n, p in network.named_parameters()},
        "buffers": {
            n: direction(n, b) for n, b in network.named_buffers() if not n.endswith("num_batches_tracked")
        },
    }


def curve(steps, mu):
    """20 steps of Adam, each on other images."""
    network, loss_network = fill(UNet(3), 4), fill(ConvLossNetwork(), 0)
    loss_network.requires_grad_(False)
    network.train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    weights = steps * (steps + 1) / 2
    losses, parts = [], []
    for epoch in range(20):
        images = drawn(epoch, "images", (4, 3, 32, 32))
        maps = (drawn(epoch, "maps", (4, 1, 32, 32)) > 0.7).float()
        target = loss_network(maps.repeat(1, 3, 1, 1))
        prediction = torch.zeros_like(maps)
        bce = perceptual = 0
        for k in range(1, steps + 1):
            prediction = network(images, prediction)
            features = loss_network(prediction.repeat(1, 3, 1, 1))
            bce = bce + k * F.binary_cross_entropy(prediction, maps) / weights
            errors = sum(F.mse_loss(a, b) for a, b in zip(features, target))
            perceptual = perceptual + k * errors / (weights * len(target))
        loss = bce + mu * perceptual
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
        parts.append([float(bce.detach()), float(perceptual.detach())])
    return {"steps": steps, "mu": mu, "losses": losses, "parts": parts}


def share(part, whole):
    return float(part / whole) if whole else None


def score_case(height, width, density, tolerance, seed):
    predicted = drawn(seed, "predicted", (height, width)).numpy() > density
    truth = drawn(seed, "truth", (height, width)).numpy() > density
    near_truth = distance_transform_edt(~truth) <= tolerance
    near_predicted = distance_transform_edt(~predicted) <= tolerance
    found, right = (truth & near_predicted).sum(), (predicted & near_truth).sum()
    missed = truth.sum() - found
    return {
        "height": height,
        "width": width,
        "density": density,
        "tolerance": tolerance,
        "seed": seed,
        "completeness": share(found, truth.sum()),
        "correctness": share(right, predicted.sum()),
        "quality": share(right, predicted.sum() + missed),
        "constant_quality": share(near_truth.sum(), near_truth.size),
    }


def write(name, content):
    text = json.dumps(content, indent=None, separators=(",", ":"))
    (HERE / name).write_text(text.replace("},{", "},\n{") + "\n")


def main():
    write("network.json", [network_case(3, 32, 32), network_case(1, 32, 64)])
    write("curves.json", [curve(1, 1.0), curve(2, 0.5), curve(3, 0.0)])
    cases = [(19, 27, 0.97, t, s) for s, t in enumerate([0, 1, 1.5, 2, 3.7, 8])] + [(24, 9, 0.8, 1, 6), (24, 9, 0.5, 0, 7)]
    write("scores.json", [score_case(*case) for case in cases])


if __name__ == "__main__":
    main()
