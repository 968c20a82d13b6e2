"""Delineation: losses of 20 steps with a loss network that drifts, the validation's BCE, and what the published test program
writes into its results.csv."""

import csv
import io
import re
import runpy
import sys
import types
from unittest import mock

import torch
from common import fill, frozen_loss_network, images, statistics
from torch import nn

UP = {"4": "0", "3": "1", "2": "2", "1": "3"}


def own_name(name):
    way, number, kind, rest = re.fullmatch(r"(down|up)(\d)\.layer\.UNet_\w+?_\d_(\w+)\.(.*)", name).groups()
    place = int(number) - 1 if way == "down" else UP[number]
    return f"{way}.{place}.{'norm' if kind == 'batch_norm' else 'conv'}.{rest}"


def pattern(seed, height, width):
    """An image of 8 bits and its map, by whole numbers alone."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    image = torch.stack([(x * (3 + c) + y * (7 - c) + 31 * seed) % 256 for c in range(3)]).float() / 255
    lines = ((x + 2 * y + 5 * seed) % 23 < 6).float()[None]
    return image, lines


def numbers(source):
    sys.modules.pop("train", None)
    import train

    network = frozen_loss_network()
    layers = nn.Sequential(network.conv, network.norm, nn.ReLU())
    train.select_FNN = lambda name: types.SimpleNamespace(features=layers)
    cases = []
    for refinements in (1, 3):
        fill(network, 0).eval()
        unet = fill(train.UNet_Model(4), 4, own_name)
        loss_network = train.FNN_CNN_Net("stand-in", [2])
        loss_network.mean.fill_(0)
        loss_network.std.fill_(1)
        whole = train.Topology_Aware_Delineation_Net(unet, loss_network, refinements)
        optimizer = torch.optim.Adam([p for p in whole.parameters() if p.requires_grad], lr=1e-4)
        losses, utility = [], train.Training_Utility()
        backward = torch.Tensor.backward

        def recorded(loss, *arguments):
            losses.append(loss.item())
            return backward(loss, *arguments)

        with mock.patch.object(torch.Tensor, "backward", recorded), mock.patch("builtins.print"):
            for step in range(20):
                maps = (images(step, "maps", (3, 1, 32, 32)) > 0.7).float()
                batch = {"input": images(step, "images", (3, 3, 32, 32)), "output": maps}
                mse, bce = nn.MSELoss(), nn.BCELoss()
                utility.epoch_in_train(whole, optimizer, [batch], mse, bce, 0.5, step, False)
            validation = utility.epoch_in_val(whole, optimizer, [batch], mse, bce, 0.5, 0, False)
        cases.append(
            {
                "refinements": refinements,
                "losses": losses,
                "validation": validation.item(),
                "statistics": statistics(network),
            }
        )
    return {"curves": cases, "test": test_program(source, train)}


def test_program(source, train):
    """Runs test.py on two images that it has to resize."""
    data = [dict(zip(("input", "output"), pattern(seed, 250, 250))) for seed in (1, 2)]

    class Transformed(list):
        def __init__(self, samples, transform):
            pairs = [transform(s["input"], s["output"]) for s in samples]
            super().__init__({"input": i, "output": o} for i, o in pairs)

    collector = types.ModuleType("dataset_collector")
    collector.dataset_collector = lambda **settings: data
    collector.JointTransformDataset = Transformed
    state = {"t_net": fill(train.UNet_Model(4), 4, own_name).state_dict()}
    folder = mock.MagicMock()
    folder.__truediv__.return_value = folder
    folder.iterdir.return_value = [types.SimpleNamespace(stem="network")]
    workspace = types.ModuleType("workspace_path")
    workspace.home_path = folder
    results = io.StringIO()
    results.close = lambda: None
    results.__exit__ = lambda *arguments: None
    with (
        mock.patch.dict(sys.modules, {"dataset_collector": collector, "workspace_path": workspace}),
        mock.patch.object(sys, "argv", ["test.py", "--no_gpu", "--no_download", "--thresh", "0.45"]),
        mock.patch("torch.load", lambda *arguments, **settings: state),
        mock.patch("torch.hub.set_dir"),
        mock.patch("builtins.open", lambda *arguments, **settings: mock.MagicMock(__enter__=lambda _: results)),
        mock.patch("builtins.print"),
    ):
        sys.modules.pop("train", None)
        runpy.run_path(str(source / "topology_aware_delineation/test.py"), run_name="__main__")
    row = list(csv.DictReader(io.StringIO(results.getvalue())))[0]
    return {name.lower(): float(row[name]) for name in ("Completeness", "Correctness", "Quality")}
