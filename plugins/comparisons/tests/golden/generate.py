#!/usr/bin/env python3
"""Writes comparisons.json: what the comparisons must give, computed by PyTorch and lpips in float64.

usage: generate.py   (needs torch 2.11 and lpips 0.1.4)
"""

import json
from pathlib import Path

import lpips
import torch
import torch.nn.functional as F

N, C, H, W = 2, 5, 2, 3


def transform(kind, y):
    if kind == "mean":
        return y.mean((2, 3), keepdim=True).repeat(1, 1, H, W)
    if kind == "sort":
        return torch.stack([torch.stack([c.flatten().sort().values.view(H, W) for c in image]) for image in y])
    return y


def normalize(epsilon, y):
    if epsilon == "f-normalize":
        return F.normalize(y, dim=1)
    if epsilon == "lpips":
        return lpips.normalize_tensor(y)
    return y


def spatial_map(kind, epsilon, weights, a, b):
    difference = (normalize(epsilon, transform(kind, a)) - normalize(epsilon, transform(kind, b))) ** 2
    return F.conv2d(difference, weights.view(1, C, 1, 1))


def main():
    torch.manual_seed(20230204)
    torch.set_default_dtype(torch.float64)
    a = torch.randn(N, C, H, W)
    b = a + torch.randn(N, C, H, W)
    # One position whose vector is so short that the two epsilon forms differ.
    a[0, :, 1, 2] *= 1e-10
    calibration = torch.rand(C)
    calibration[3] = 0

    cases = []
    for kind in ["spatial", "mean", "sort"]:
        for epsilon in ["f-normalize", "lpips", None]:
            for calibrated in [False, True]:
                x = a.clone().requires_grad_()
                values = spatial_map(kind, epsilon, calibration if calibrated else torch.ones(C), x, b)
                distance = values.mean((1, 2, 3))
                # Another weight for each pair, so that a mix-up of pairs shows.
                (distance * torch.tensor([1.0, 2.0])).sum().backward()
                cases.append({
                    "comparison": kind,
                    "channel_norm": epsilon is not None,
                    "epsilon": epsilon,
                    "calibrated": calibrated,
                    "distance": distance.tolist(),
                    "map": values.flatten().tolist(),
                    "gradient": x.grad.flatten().tolist(),
                })
    document = {
        "shape": [N, C, H, W],
        "a": a.flatten().tolist(),
        "b": b.flatten().tolist(),
        "calibration": calibration.tolist(),
        "cases": cases,
    }
    text = json.dumps(document).replace('{"comparison', '\n{"comparison')
    (Path(__file__).parent / "comparisons.json").write_text(text + "\n")


main()
