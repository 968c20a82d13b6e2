#!/usr/bin/env python3
"""Writes golden.safetensors: torchvision's values at every indexed layer, for weights and an image made by formula.py.

One tensor per layer, named "<network>/<index>", of 34 float32 numbers: the largest magnitude of the layer's value, its
mean, and the elements at positions (i * 2654435761 + 12345) mod count, i = 0..31, of the value in C×H×W order.
Weights: parameter_values(0, name, shape); image: 1×3×96×96, (uniform(0, "image", 3·96·96) + 1) / 2.

Nothing is written if the numbers would not test much or too much: if a grey square of 16×16 pixels in the image changes
some layer by less than ten times the tests' tolerance, if rounding alone (against float64) changes one by more than a
third of it, or if a layer's values spread by less than 1e-3 or more than 1e3.

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
TOLERANCE = 1e-5


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
    changed = image.clone()
    changed[:, :, 40:56, 40:56] = 0.5
    tensors = {}
    for name in sorted(k for k, v in published.items() if v.get("reference")):
        model = build(name)
        layers = published[name]["reference"]["layers"]
        before, after = layer_values(model, layers, image), layer_values(model, layers, changed)
        exact = layer_values(model.double(), layers, image.double())
        effects, errors = [], []
        for layer, value, other, true in zip(layers, before, after, exact):
            summed = summary(value)
            allowed = TOLERANCE * max(1.0, summed[0].item())
            effects.append((value - other).abs().max().item() / allowed)
            errors.append((value - true).abs().max().item() / allowed)
            spread = value.std().item()
            if effects[-1] < 10 or errors[-1] > 1 / 3 or not 1e-3 <= spread <= 1e3:
                sys.exit(
                    f"{name}, {layer['name']}: the square's effect is {effects[-1]} tolerances,"
                    f" rounding's {errors[-1]}, the spread {spread}"
                )
            tensors[f"{name}/{layer['index']}"] = summed
        print(
            f"{name}: the square changes layers by {min(effects):.0f} tolerances or more,"
            f" rounding by {max(errors):.2f} or less",
            flush=True,
        )
    save_file(tensors, Path(__file__).parent / "golden.safetensors")


def layer_values(model, layers, image):
    """Copies, because a later in-place activation may change a value."""
    values = {}
    hooks = []
    for layer in layers:

        def keep(_module, _inputs, output, index=layer["index"]):
            values[index] = output.clone()

        hooks.append(model.get_submodule(layer["name"]).register_forward_hook(keep))
    model(image)
    for hook in hooks:
        hook.remove()
    return [values[layer["index"]] for layer in layers]


main()
