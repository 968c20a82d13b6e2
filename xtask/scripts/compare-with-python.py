#!/usr/bin/env python3
"""Compares the lossnet binary with torchvision and the `lpips` package, on the same weights and images.

1. For the paper's 14 architectures: `lossnet features --layers all` from .pth files in both of PyTorch's formats against
   torchvision's modules, on one image; weights are random, BatchNorm statistics are not trivial.
2. `lossnet compare --metric lpips-alex|lpips-vgg|lpips-squeeze` against the package, on the same random backbones and the
   package's own calibration files.

usage: compare-with-python.py LOSSNET TORCHVISION_MODELS_JSON IMAGE IMAGE
       (needs torch 2.11, torchvision 0.26, lpips, safetensors, Pillow; the images are of one size)
"""

import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import lpips
import numpy as np
import torch
import torchvision
from PIL import Image
from safetensors.torch import load_file

warnings.filterwarnings("ignore")
LOSSNET, PUBLISHED, FIRST, SECOND = sys.argv[1:5]
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def image(path):
    return torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1)[None].float() / 255


def run(*arguments):
    return subprocess.run([LOSSNET, "-q", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def randomize(model):
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.8, 1.2)
            torch.nn.init.uniform_(module.bias, -0.1, 0.1)
            torch.nn.init.uniform_(module.running_mean, -0.1, 0.1)
            torch.nn.init.uniform_(module.running_var, 0.8, 1.2)
    return model.eval()


@torch.no_grad()
def features(folder):
    published = json.loads(Path(PUBLISHED).read_text())
    normalized = (image(FIRST) - MEAN) / DEVIATION
    failed = 0
    for name, entry in sorted(published.items()):
        if not (entry.get("reference") or {}).get("paper_layers"):
            continue
        extra = {"init_weights": True, "transform_input": False} if name in ("googlenet", "inception_v3") else {}
        model = randomize(torchvision.models.get_model(name, weights=None, **extra))
        expected = {}
        for layer in entry["reference"]["layers"]:
            def keep(_module, _inputs, output, key=str(layer["index"])):
                expected[key] = output.clone()
            model.get_submodule(layer["name"]).register_forward_hook(keep)
        if name == "inception_v3":
            # Its head, which has no indexed layers, needs larger images than they do.
            value = normalized
            for layer in entry["reference"]["layers"]:
                value = model.get_submodule(layer["name"])(value)
        else:
            model(normalized)
        worst = 0.0
        for old_format in (False, True):
            file = folder / f"{name}-{old_format}.pth"
            torch.save(model.state_dict(), file, _use_new_zipfile_serialization=not old_format)
            out = folder / "features.safetensors"
            run("features", FIRST, "--backbone", name, "--layers", "all", "--weights", file, "--out", out)
            for key, ours in load_file(out).items():
                difference = (ours - expected[key]).abs().max() / max(1, expected[key].abs().max())
                worst = max(worst, difference.item())
            file.unlink()
        failed += worst > 1e-5
        print(f"features {name:17} {len(expected):2} layers, both formats: largest difference {worst:.1e}")
    return failed


@torch.no_grad()
def distances(folder):
    failed = 0
    for metric, name in (("alex", "alexnet"), ("vgg", "vgg16"), ("squeeze", "squeezenet1_1")):
        backbone = randomize(torchvision.models.get_model(name, weights=None))
        package = lpips.LPIPS(net=metric, pnet_rand=True, verbose=False).eval()
        ours = backbone.features
        # The package takes the features apart into slices that keep the modules' own numbers.
        for part in (getattr(package.net, f"slice{i}") for i in range(1, package.net.N_slices + 1)):
            for number, module in part.named_children():
                module.load_state_dict(ours[int(number)].state_dict())
        expected = package(image(FIRST) * 2 - 1, image(SECOND) * 2 - 1).item()
        file = folder / f"{name}.pth"
        torch.save(backbone.state_dict(), file)
        calibration = Path(lpips.__file__).parent / "weights/v0.1" / f"{metric}.pth"
        printed = run("compare", FIRST, SECOND, "--metric", f"lpips-{metric}", "--weights", file, "--calibration", calibration, "--json")
        difference = abs(json.loads(printed)["distance"] - expected)
        failed += difference > 1e-5
        print(f"lpips-{metric:8} package {expected:.8f}, lossnet differs by {difference:.1e}")
    return failed


with tempfile.TemporaryDirectory() as temporary:
    sys.exit(1 if features(Path(temporary)) + distances(Path(temporary)) else 0)
