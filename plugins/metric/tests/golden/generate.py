#!/usr/bin/env python3
"""Writes training.json here and in the plugin augmentation: what PyTorch computes for the logit networks, and the losses of
20 steps of training a metric, each step with other triplets.

usage: OMP_NUM_THREADS=1 python3 generate.py   (needs torch 2.11, numpy)
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

HERE = Path(__file__).resolve().parent
PLUGINS = HERE.parents[2]
sys.path.insert(0, str(PLUGINS / "torchvision/tests/golden"))
import formula  # noqa: E402

SEED = 3
STEPS = 20
TRIPLETS = 8
SIDE = 12
LEARNING_RATE = 0.01
CHANNELS = [4, 6]
NETWORK = {"conv1.weight": (4, 3, 3, 3), "conv1.bias": (4,), "conv2.weight": (6, 4, 3, 3), "conv2.bias": (6,)}
LARGE = {
    "model.0.weight": (32, 5, 1, 1), "model.0.bias": (32,),
    "model.2.weight": (32, 32, 1, 1), "model.2.bias": (32,),
    "model.4.weight": (1, 32, 1, 1), "model.4.bias": (1,),
}
SMALL = {"model.0.weight": (1, 2), "model.0.bias": (1,)}


def parameters(seed, shapes, prefix=""):
    named = {name: formula.parameter_values(seed, prefix + name, shape) for name, shape in shapes.items()}
    return {name: torch.from_numpy(values).requires_grad_() for name, values in named.items()}


def uniform(name, *shape):
    """In [0, 1)."""
    count = 1
    for size in shape:
        count *= size
    return torch.from_numpy((formula.uniform(SEED, name, count) + 1) / 2).reshape(shape)


def predict(kind, p, d0, d1):
    if kind == "none":
        return torch.sigmoid(d0 - d1)
    if kind == "small":
        return torch.sigmoid(F.linear(torch.stack([d0, d1], 1), p["model.0.weight"], p["model.0.bias"])).squeeze(1)
    x = torch.stack([d0, d1, d0 - d1, d0 / (d1 + 0.1), d1 / (d0 + 0.1)], 1)[:, :, None, None]
    x = F.leaky_relu(F.conv2d(x, p["model.0.weight"], p["model.0.bias"]), 0.2)
    x = F.leaky_relu(F.conv2d(x, p["model.2.weight"], p["model.2.bias"]), 0.2)
    return torch.sigmoid(F.conv2d(x, p["model.4.weight"], p["model.4.bias"])).flatten()


def features(p, x):
    first = F.relu(F.conv2d(x, p["conv1.weight"], p["conv1.bias"], padding=1))
    return [first, F.relu(F.conv2d(first, p["conv2.weight"], p["conv2.bias"], padding=1))]


def distance(calibration, a, b):
    layers = [F.conv2d((x - y) ** 2, w).mean((1, 2, 3)) for w, x, y in zip(calibration, a, b)]
    return sum(layers)


def logit_cases():
    d0, d1, weights = (uniform(name, 8) for name in ["d0", "d1", "weights"])
    cases = {}
    for kind, shapes in [("large", LARGE), ("small", SMALL), ("none", {})]:
        p = parameters(SEED, shapes)
        x0, x1 = d0.clone().requires_grad_(), d1.clone().requires_grad_()
        out = predict(kind, p, x0, x1)
        (out * weights).sum().backward()
        cases[kind] = {
            "prediction": out.tolist(),
            "d0_gradient": x0.grad.tolist(),
            "d1_gradient": x1.grad.tolist(),
            "parameter_gradients": {name: value.grad.flatten().tolist() for name, value in p.items()
                                    if value.numel() <= 160},
        }
    return cases


def curve(tune, kind="large", sync=None, hard=False):
    """Step losses, and whether the sync loss was there."""
    calibration = [torch.from_numpy(formula.parameter_values(SEED, f"lin{i}.model.1.weight", (1, c, 1, 1)))
                   for i, c in enumerate(CHANNELS)]
    calibration = [weights.requires_grad_() for weights in calibration]
    logit = parameters(SEED, LARGE if kind == "large" else SMALL, "logit.")
    # A frozen network has the seed 0 and its own names; a trained one was filled like everything else.
    network = parameters(SEED, NETWORK, "network.") if tune else parameters(0, NETWORK)
    trained = calibration + list(logit.values()) + (list(network.values()) if tune else [])
    optimizer = torch.optim.Adam(trained, lr=LEARNING_RATE, betas=(0.5, 0.999))
    half = STEPS // 2
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 - max(0, epoch - half) / (STEPS - half))
    losses, synced = [], []
    for step in range(STEPS):
        with torch.no_grad():
            for weights in calibration:
                weights.clamp_(min=0)
        ref, p0, p1 = (features(network, uniform(f"{name}/{step}", TRIPLETS, 3, SIDE, SIDE)) for name in ["ref", "p0", "p1"])
        judge = uniform(f"judge/{step}", TRIPLETS)
        if hard:
            judge = (judge > 0.5).float()
        d0, d1 = distance(calibration, ref, p0), distance(calibration, ref, p1)
        loss = F.binary_cross_entropy(predict(kind, logit, d0, d1), judge)
        score = torch.where(d0 < d1, 1 - judge, torch.where(d1 < d0, judge, torch.tensor(0.5))).mean()
        synced.append(sync is not None and bool(step < sync if sync > 0 else score <= 0.5))
        if synced[-1]:
            loss = loss + 10 * F.relu(F.binary_cross_entropy(torch.sigmoid(d0 - d1), judge))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses, synced


def write(path, document):
    text = json.dumps(document).replace(', "', ',\n"')
    path.write_text(text + "\n")


def main():
    torch.set_num_threads(1)
    settings = {"seed": SEED, "steps": STEPS, "triplets": TRIPLETS, "side": SIDE, "learning_rate": LEARNING_RATE}
    write(HERE / "training.json", {
        **settings,
        "logit": logit_cases(),
        "lin": curve(False)[0],
        "lin_small": curve(False, "small")[0],
        "tune": curve(True)[0],
    })
    while_wrong, first_epochs = curve(False, sync=-1, hard=True), curve(True, sync=5, hard=True)
    assert 0 < sum(while_wrong[1]) < STEPS and sum(first_epochs[1]) == 5
    write(PLUGINS / "augmentation/tests/golden/training.json", {
        **settings,
        "while_wrong": while_wrong[0],
        "while_wrong_synced": while_wrong[1],
        "first_epochs": first_epochs[0],
        "first_epochs_synced": first_epochs[1],
    })


if __name__ == "__main__":
    main()
