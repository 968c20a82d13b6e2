#!/usr/bin/env python3
"""Writes comparisons.json: distances, maps and gradients computed by PyTorch in float64.

usage: generate.py   (needs torch 2.11)
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

N, C, H, W = 2, 3, 2, 4


def features(seed):
    # Multiples of 1/8, so that they are exact in float32; one zero channel vector.
    generator = torch.Generator().manual_seed(seed)
    values = torch.randint(-16, 17, (N, C, H, W), generator=generator).double() / 8
    values[0, :, 0, 0] = 0
    return values


def transform(kind, x):
    if kind == "spatial":
        return x
    if kind == "mean":
        return x.mean((2, 3), keepdim=True).expand_as(x)
    return x.flatten(2).sort(-1).values.reshape(x.shape)


def normalize(x, epsilon):
    if epsilon is None:
        return x
    if epsilon == "f-normalize":
        return F.normalize(x, dim=1)
    return x / (torch.linalg.vector_norm(x, dim=1, keepdim=True) + 1e-10)


def main():
    a, b = features(1), features(2)
    weights = torch.tensor([0.5, 0.0, 2.0], dtype=torch.float64)
    cases = []
    for kind in ("spatial", "mean", "sort"):
        for epsilon in (None, "f-normalize", "lpips"):
            for calibrated in (False, True):
                x = a.clone().requires_grad_()
                y, y0 = (normalize(transform(kind, t), epsilon) for t in (x, b))
                w = weights if calibrated else torch.ones(C, dtype=torch.float64)
                per_position = ((y - y0) ** 2 * w.view(1, C, 1, 1)).sum(1, keepdim=True)
                distance = per_position.mean((1, 2, 3))
                distance.sum().backward()
                cases.append({
                    "kind": kind,
                    "epsilon": epsilon,
                    "calibrated": calibrated,
                    "distance": distance.tolist(),
                    "map": per_position.flatten().tolist(),
                    "gradient": x.grad.flatten().tolist(),
                })
    document = {
        "shape": [N, C, H, W],
        "a": a.flatten().tolist(),
        "b": b.flatten().tolist(),
        "weights": weights.tolist(),
        "cases": cases,
    }
    (Path(__file__).parent / "comparisons.json").write_text(json.dumps(document) + "\n")


main()
