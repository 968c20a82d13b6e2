#!/usr/bin/env python3
"""Writes golden.safetensors: torchvision's values at every indexed layer, for weights and an image made by formula.py.

One tensor per layer, named "<network>/<index>", of 34 float32 numbers: the largest magnitude of the layer's value, its
mean, and the elements at positions (i * 2654435761 + 12345) mod count, i = 0..31, of the value in C×H×W order.
Weights: parameter_values(0, name, shape); image: 1×3×96×96, (uniform(0, "image", 3·96·96) + 1) / 2.

usage: generate.py TORCHVISION_MODELS_JSON   (needs torch 2.11, torchvision 0.26, safetensors)
"""

import json
import sys
from pathlib import Path

import torch
import torchvision
from formula import parameter_values, uniform
from safetensors.torch import save_file

SAMPLES = 32


@torch.no_grad()
def build(name):
    extra = {"init_weights": False, "transform_input": False} if name in ("googlenet", "inception_v3") else {}
    with torch.device("cpu" if name.startswith("regnet") else "meta"):
        model = torchvision.models.get_model(name, weights=None, **extra).eval()
    model = model.to_empty(device="cpu")
    for key, tensor in model.state_dict().items():
        tensor.copy_(torch.from_numpy(parameter_values(0, key, tuple(tensor.shape))))
    return model


def summary(value):
    flat = value.flatten()
    positions = [(i * 2654435761 + 12345) % flat.numel() for i in range(SAMPLES)]
    return torch.cat([flat.abs().max()[None], flat.mean()[None], flat[positions]])


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    published = json.loads(Path(sys.argv[1]).read_text())
    image = torch.from_numpy((uniform(0, "image", 3 * 96 * 96) + 1) / 2).reshape(1, 3, 96, 96)
    tensors = {}
    for name in sorted(k for k, v in published.items() if v.get("reference")):
        model = build(name)
        for layer in published[name]["reference"]["layers"]:
            key = f"{name}/{layer['index']}"

            def keep(_module, _inputs, output, key=key):
                tensors[key] = summary(output)  # before a later in-place activation changes it

            model.get_submodule(layer["name"]).register_forward_hook(keep)
        model(image)
        scale = [tensors[f"{name}/{layer['index']}"][0].item() for layer in published[name]["reference"]["layers"]]
        print(f"{name}: largest magnitudes {min(scale):.3g} to {max(scale):.3g}")
    save_file(tensors, Path(__file__).parent / "golden.safetensors")


main()
