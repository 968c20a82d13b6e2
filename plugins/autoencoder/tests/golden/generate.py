#!/usr/bin/env python3
"""Writes autoencoder.json: what the autoencoders and predictors must give, computed by PyTorch.

Weights, images and noise are made by formula.py. `passes` are in float64: loss terms, codes, outputs, gradients and running
statistics of one pass in training mode, then codes and outputs in evaluation mode. `curves` are the losses of 20 steps of
Adam in float32, each step with a batch of its own.

usage: generate.py   (needs torch 2.11)
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "torchvision/tests/golden"))
from formula import uniform  # noqa: E402
from torch_twins import ConvLossNetwork, fill  # noqa: E402

CODE = 5
SAMPLES = 4


def formula(seed, name, shape):
    count = 1
    for size in shape:
        count *= size
    return torch.from_numpy(uniform(seed, name, count)).reshape(shape)


def images(seed, name, shape):
    return (formula(seed, name, shape) + 1) / 2


def pooled(x):
    """The loss network of `passes`: two layers of 3 channels, whose errors are large enough for the sorted term."""
    return [40 * F.avg_pool2d(x, 8), 60 * F.avg_pool2d(x**2, 16)]


def coder(layer, channels, kernels, last):
    parts = []
    for at, kernel in enumerate(kernels):
        parts.append(layer(channels[at], channels[at + 1], kernel, 2))
        if at == 3 and last:
            parts.append(nn.Sigmoid())
        else:
            parts += [nn.BatchNorm2d(channels[at + 1]), nn.ReLU()]
    return nn.Sequential(*parts)


class Autoencoder(nn.Module):
    def __init__(self, model, variational, height, width, shapes, code):
        super().__init__()
        self.grid = ((height - 64) // 16 + 1, (width - 64) // 16 + 1)
        self.shapes = shapes
        self.features_in = model in ("feature-autoencoder", "perceptual-feature-to-img-cvae", "feature-to-img-cvae")
        self.features_out = model in ("feature-predictor-cvae", "feature-autoencoder")
        self.pixels = model == "feature-to-img-cvae"
        count = sum(s.numel() for s in shapes)
        hidden = min(count // 2, 2048)
        if self.features_in:
            self.encoder = nn.Sequential(nn.Linear(count, hidden), nn.ReLU())
            encoded = hidden
        else:
            self.encoder = coder(nn.Conv2d, [3, 32, 64, 128, 256], [4, 4, 4, 4], False)
            encoded = self.encoder(torch.zeros(1, 3, height, width)).numel()
            self.encoder.apply(lambda m: m.reset_running_stats() if isinstance(m, nn.BatchNorm2d) else None)
        self.mu = nn.Linear(encoded, code)
        self.logvar = nn.Linear(encoded, code) if variational else None
        if self.features_out:
            self.decoder = nn.Sequential(nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, count))
        else:
            self.dense = nn.Linear(code, 1024 * self.grid[0] * self.grid[1])
            self.decoder = coder(nn.ConvTranspose2d, [1024, 128, 64, 32, 3], [5, 5, 6, 6], True)

    def forward(self, x, features, noise=None):
        inputs = torch.cat([f.flatten(1) for f in features], 1) if self.features_in else x
        encoded = self.encoder(inputs).flatten(1)
        mu = self.mu(encoded)
        logvar = self.logvar(encoded) if self.logvar is not None else None
        z = mu + torch.exp(logvar / 2) * noise if logvar is not None and noise is not None else mu
        if self.features_out:
            output = self.decoder(z)
        else:
            output = self.decoder(F.relu(self.dense(z)).view(-1, 1024, *self.grid))
        return mu, logvar, output

    def compared(self, x, network, features, output):
        """Lists of what came out and of what should have."""
        if self.features_out:
            sizes = [s.numel() for s in self.shapes]
            parts = [p.view(len(p), *s) for p, s in zip(output.split(sizes, 1), self.shapes)]
            return parts, features
        return ([output], [x]) if self.pixels else (network(output), features)


def squared_error(output, target):
    """Over all elements of all layers."""
    total = sum(((a - b) ** 2).sum() for a, b in zip(output, target))
    return total / sum(a.numel() for a in output)


def by_channel(layers):
    return [layer.flatten(2).sort(2).values for layer in layers]


def some(tensor):
    """The Euclidean norm and a few elements."""
    flat = tensor.detach().flatten().double()
    positions = [(i * 2654435761 + 12345) % flat.numel() for i in range(SAMPLES)]
    return [flat.norm().item()] + flat[positions].tolist()


def one_pass(model, variational, height, width):
    gamma, beta = (0.3 if variational else 0.0), 0.7
    x = images(0, "images", (3, 3, height, width)).double()
    features = pooled(x)
    shapes = [f.shape[1:] for f in features]
    net = Autoencoder(model, variational, height, width, shapes, CODE)
    fill(net, 11)
    net.double()
    noise = 2 * formula(0, "noise", (3, CODE)).double()
    mu, logvar, output = net(x, features, noise)
    a, b = net.compared(x, pooled, features, output)
    reconstruction = squared_error(a, b)
    sorted_error = torch.clamp(torch.log(squared_error(by_channel(a), by_channel(b))), min=0)
    divergence = -torch.mean(1 + logvar - mu**2 - torch.exp(logvar)) if variational else torch.zeros(())
    total = reconstruction + gamma * divergence + beta * sorted_error
    total.backward()
    case = {
        "model": model,
        "variational": variational,
        "image": [height, width],
        "gamma": gamma,
        "beta": beta,
        "total": total.item(),
        "reconstruction": reconstruction.item(),
        "divergence": divergence.item(),
        "sorted": sorted_error.item(),
        "mean": mu.flatten().tolist(),
        "output": some(output),
        "gradients": {name: some(p.grad) for name, p in sorted(net.named_parameters())},
        "statistics": {
            name: some(t) for name, t in sorted(net.named_buffers()) if not name.endswith("num_batches_tracked")
        },
    }
    net.eval()
    mu, _, output = net(x, features)
    case["evaluated_mean"] = mu.flatten().tolist()
    case["evaluated_output"] = some(output)
    return case


def autoencoder_curve():
    network = ConvLossNetwork()
    fill(network, 0)
    network.requires_grad_(False)
    net = Autoencoder("four-layer-cvae", False, 64, 64, [], 8)
    fill(net, 5)
    optimizer = torch.optim.Adam(net.parameters())
    losses = []
    for step in range(20):
        x = images(step, "images", (6, 3, 64, 64))
        _, _, output = net(x, [])
        loss = squared_error(network(output), network(x))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def predictor_curve():
    sizes = [8, 32, 16, 10]
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), nn.LeakyReLU()]
    net = nn.Sequential(*layers[:-1])
    fill(net, 6)
    optimizer = torch.optim.Adam(net.parameters())
    losses = []
    for step in range(20):
        codes = formula(step, "codes", (12, 8))
        targets = F.one_hot((torch.arange(12) * 7 + step) % 10, 10).float()
        loss = F.mse_loss(net(codes), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def main():
    torch.set_num_threads(1)
    models = ["four-layer-cvae", "feature-predictor-cvae", "feature-autoencoder"]
    models += ["perceptual-feature-to-img-cvae", "feature-to-img-cvae"]
    passes = [one_pass(model, variational, 64, 64) for model in models for variational in (False, True)]
    passes.append(one_pass("four-layer-cvae", True, 64, 96))
    for case in passes:
        # A term that is 0 everywhere would not be tested.
        expected = case["model"] != "feature-to-img-cvae"
        if (case["sorted"] > 0.1) != expected or (case["variational"] and case["divergence"] < 0.1):
            sys.exit(f"{case['model']}: the terms are {case['sorted']}, {case['divergence']}")
    curves = {"autoencoder": autoencoder_curve(), "predictor": predictor_curve()}
    document = {"passes": passes, "curves": curves}
    text = json.dumps(document).replace('{"model"', '\n{"model"').replace('"curves"', '\n"curves"')
    (Path(__file__).parent / "autoencoder.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
