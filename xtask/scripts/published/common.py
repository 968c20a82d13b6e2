"""What the numbers of several tasks need: stand-ins for libraries, and the twin of the tests' loss network."""

import inspect
import sys
import types
from pathlib import Path
from unittest import mock

import torch
import torch.nn.functional as F
import torchvision
from formula import parameter_values, uniform
from torch import nn


class LightningModule(nn.Module):
    """As much of Lightning's as a class needs whose steps are called one by one."""

    def save_hyperparameters(self, *arguments):
        if arguments:
            return
        values = dict(inspect.currentframe().f_back.f_locals)
        self.hparams = types.SimpleNamespace(**{k: v for k, v in values.items() if k not in ("self", "__class__")})

    def log(self, *arguments, **settings):
        pass


def prepare(source: Path):
    """Makes the published modules importable."""
    lightning = mock.MagicMock(LightningModule=LightningModule)
    for name in ["pytorch_lightning", "pytorch_lightning.loggers", "pytorch_lightning.callbacks"]:
        sys.modules[name] = lightning
    workspace = types.ModuleType("workspace_path")
    workspace.home_path = Path("/nonexistent")
    sys.modules["workspace_path"] = workspace
    sys.modules["dataset_collector"] = mock.MagicMock()
    sys.path[:0] = [str(source), *(str(source / part) for part in ["topology_aware_delineation", "super_res"])]
    Path.mkdir = lambda *arguments, **settings: None
    resize = torchvision.transforms.functional.resize

    def without_antialiasing(image, size, *arguments, **settings):
        if isinstance(image, torch.Tensor):
            settings["antialias"] = False
        return resize(image, size, *arguments, **settings)

    torchvision.transforms.functional.resize = without_antialiasing


class NormalizedLossNetwork(nn.Module):
    """The twin of plugin-api/kit/src/testing/normalized_network.rs."""

    flatten_layer = False

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, x):
        return [F.relu(self.norm(self.conv(x)))]


@torch.no_grad()
def fill(module, seed, name=lambda name: name):
    """Gives parameters and buffers the values of the shared formula for their names in lossnet, and the module back."""
    for own, tensor in module.state_dict().items():
        if not own.endswith("num_batches_tracked"):
            tensor.copy_(torch.from_numpy(parameter_values(seed, name(own), tuple(tensor.shape))))
    return module


def frozen_loss_network(seed=0):
    """As the published code has it when a training begins: frozen, in evaluation mode."""
    return fill(NormalizedLossNetwork(), seed).eval().requires_grad_(False)


def images(seed, name, shape):
    """Images in [0, 1]."""
    count = 1
    for size in shape:
        count *= size
    return (torch.from_numpy(uniform(seed, name, count)).reshape(shape) + 1) / 2


def statistics(network):
    """Running statistics of the loss network."""
    return [v for n in ("running_mean", "running_var") for v in getattr(network.norm, n).tolist()]
