"""Times training steps of one task in eager PyTorch, as one writes them by hand.

    python xtask/bench/training_step.py CASE STEPS

prints one line of JSON: samples per second and the peak resident memory in megabytes. Batches lie in memory already, the
loss network is frozen and in evaluation mode, targets are computed without a graph. The networks are those that the golden
values of the tasks come from.
"""

import importlib.util
import json
import resource
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
import torchvision
from torch import nn

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def golden(plugin):
    """The generator of a task's golden values, which has its networks."""
    path = PLUGINS / plugin / "tests/golden/generate.py"
    spec = importlib.util.spec_from_file_location(plugin.replace("-", "_"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class LossNetwork(nn.Module):
    """Features of torchvision's network at indexed layers, up to the deepest."""

    def __init__(self, name, layers, normalize=False, train=False):
        super().__init__()
        features = torchvision.models.get_model(name, weights=None).features
        self.children_ = nn.ModuleList(list(features.children())[: max(layers) + 1])
        self.layers, self.normalize = layers, normalize
        if not train:
            self.eval().requires_grad_(False)

    def forward(self, x):
        if self.normalize:
            x = (x - MEAN) / DEVIATION
        found = []
        for index, child in enumerate(self.children_):
            x = child(x)
            if index in self.layers:
                # A later activation in place would change it.
                found.append(x.clone() if isinstance(child, nn.Conv2d) else x)
        return found


def mse(features, target):
    return sum(F.mse_loss(a, b) for a, b in zip(features, target)) / len(target)


def trainer(parameters, loss, **adam):
    optimizer = torch.optim.Adam(parameters, **adam)

    def step():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        return value.item()

    return step


def autoencoder(batch):
    images = torch.rand(batch, 3, 96, 96)
    loss_network = LossNetwork("vgg11", [4])
    network = golden("autoencoder").Autoencoder("four-layer-cvae", False, 96, 96, [], 64).train()

    def loss():
        with torch.no_grad():
            target = loss_network(images)
        return mse(loss_network(network(images, None)[2]), target)

    return trainer(network.parameters(), loss)


def delineation(batch):
    images, maps = torch.rand(batch, 3, 224, 224), (torch.rand(batch, 1, 224, 224) > 0.9).float()
    loss_network = LossNetwork("vgg11", [4], normalize=True)
    network = golden("delineation").UNet(3).train()

    def loss():
        with torch.no_grad():
            target = loss_network(maps.repeat(1, 3, 1, 1))
        prediction = network(images, torch.zeros_like(maps))
        perceptual = mse(loss_network(prediction.repeat(1, 3, 1, 1)), target)
        return F.binary_cross_entropy(prediction, maps) + 0.01 * perceptual

    return trainer(network.parameters(), loss)


def super_resolution(batch):
    images, targets = torch.rand(batch, 3, 72, 72), torch.rand(batch, 3, 288, 288)
    loss_network = LossNetwork("vgg16", [8])
    network = golden("super-resolution").Network(4).train()

    def loss():
        with torch.no_grad():
            target = loss_network(targets)
        return mse(loss_network(network(images)), target)

    return trainer(network.parameters(), loss)


def metric(batch, train):
    reference, first, second = (torch.rand(batch, 3, 64, 64) for _ in range(3))
    judge = torch.rand(batch, 1, 1, 1)
    layers = [1, 4, 7, 9, 11]
    loss_network = LossNetwork("alexnet", layers, normalize=True, train=train)
    channels = [features.shape[1] for features in loss_network(reference[:1])]
    calibration = nn.ModuleList(
        nn.Sequential(nn.Dropout(), nn.Conv2d(count, 1, 1, bias=False)) for count in channels
    )
    logit = nn.Sequential(
        nn.Conv2d(5, 32, 1), nn.LeakyReLU(0.2), nn.Conv2d(32, 32, 1), nn.LeakyReLU(0.2), nn.Conv2d(32, 1, 1), nn.Sigmoid()
    )

    def distance(a, b):
        total = 0
        for weights, x, y in zip(calibration, a, b):
            total = total + weights((F.normalize(x) - F.normalize(y)) ** 2).mean((2, 3), keepdim=True)
        return total

    def loss():
        with torch.no_grad():
            for layer in calibration:
                layer[1].weight.clamp_(min=0)
        of_reference, of_first, of_second = (loss_network(x) for x in (reference, first, second))
        d0, d1 = distance(of_reference, of_first), distance(of_reference, of_second)
        inputs = torch.cat([d0, d1, d0 - d1, d0 / (d1 + 0.1), d1 / (d0 + 0.1)], 1)
        return F.binary_cross_entropy(logit(inputs), judge)

    trained = [*calibration.parameters(), *logit.parameters(), *(loss_network.parameters() if train else [])]
    return trainer(trained, loss, betas=(0.5, 0.999))


CASES = {
    "autoencoder": (64, autoencoder),
    "delineation": (8, delineation),
    "super-resolution": (4, super_resolution),
    "metric-lin": (64, lambda batch: metric(batch, False)),
    "metric-tune": (64, lambda batch: metric(batch, True)),
    # The images are distorted before the step, in other threads.
    "augmentation": (256, lambda batch: metric(batch, False)),
}


def main():
    case, steps = sys.argv[1], int(sys.argv[2])
    batch, make = CASES[case]
    step = make(batch)
    # The first step makes memory and plans.
    step()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    rate = steps * batch / (time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({"samples_per_second": rate, "peak_mb": peak}))


if __name__ == "__main__":
    main()
