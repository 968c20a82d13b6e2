#!/usr/bin/env python3
"""Writes what the network, its training and its data must give, computed by PyTorch, torchvision and Pillow:
network.safetensors, training.json, data.json.

usage: generate.py   (needs torch 2.11, torchvision 0.26, Pillow 12 and the torchvision plugin's formula.py)
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter
from torch import nn
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as TF

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "torchvision/tests/golden"))
from formula import uniform  # noqa: E402
from torch_twins import ConvLossNetwork, fill  # noqa: E402

SEED = 11


def images(seed, name, shape):
    values = uniform(seed, name, int(np.prod(shape)))
    return torch.from_numpy(((values + np.float32(1)) / np.float32(2)).reshape(shape))


class Layer(nn.Module):
    def __init__(self, inputs, outputs, kernel):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel)
        self.norm = nn.BatchNorm2d(outputs)
        self.padding = kernel // 2

    def forward(self, x):
        return self.norm(self.conv(F.pad(x, [self.padding] * 4, mode="reflect")))


class Network(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.first = Layer(3, 64, 9)
        self.residual = nn.ModuleList(nn.ModuleList([Layer(64, 64, 3), Layer(64, 64, 3)]) for _ in range(4))
        self.upsampling = nn.ModuleList(Layer(64, 64, 3) for _ in range(factor.bit_length() - 1))
        self.last = Layer(64, 3, 9)

    def forward(self, x):
        x = F.relu(self.first(x))
        for one, two in self.residual:
            x = x + two(F.relu(one(x)))
        for layer in self.upsampling:
            x = F.relu(layer(F.interpolate(x, scale_factor=2, mode="nearest")))
        return (torch.tanh(self.last(x)) + 1) / 2


def write_safetensors(path, tensors):
    """The file format's whole: the length of a JSON head, the head, the values as float32."""
    head, data = {}, b""
    for name, tensor in tensors.items():
        values = tensor.detach().float().contiguous().numpy().tobytes()
        offsets = [len(data), len(data) + len(values)]
        head[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": offsets}
        data += values
    text = json.dumps(head).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def network_golden():
    """Outputs in both modes, the gradient of the input, and two numbers for every parameter's gradient."""
    tensors = {}
    for factor, shape in [(4, (2, 3, 6, 5)), (8, (1, 3, 5, 6))]:
        network = Network(factor)
        fill(network, SEED)
        network.double()
        x = images(SEED, f"input{factor}", shape).double().requires_grad_()
        # Evaluation first: training changes the running statistics.
        network.eval()
        tensors[f"{factor}.evaluation"] = network(x).detach()
        network.train()
        output = network(x)
        weights = images(SEED, f"weights{factor}", tuple(output.shape)).double()
        (output * weights).sum().backward()
        tensors[f"{factor}.training"] = output.detach()
        tensors[f"{factor}.gradient"] = x.grad
        for name, parameter in network.named_parameters():
            probe = images(SEED, f"probe.{name}", tuple(parameter.shape)).double()
            numbers = [(parameter.grad * probe).sum(), parameter.grad.norm()]
            tensors[f"{factor}.parameter.{name}"] = torch.stack(numbers)
        for name, buffer in network.named_buffers():
            if not name.endswith("num_batches_tracked"):
                tensors[f"{factor}.buffer.{name}"] = buffer.norm().reshape(1)
    write_safetensors(HERE / "network.safetensors", tensors)


def training_golden():
    """Twenty steps in float32, each with another batch of smooth targets and their reduced inputs."""
    network, loss_network = Network(4), ConvLossNetwork()
    fill(network, SEED)
    fill(loss_network, 0)
    loss_network.requires_grad_(False)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    losses = []
    for step in range(20):
        noise = images(SEED, f"image.{step}", (4, 3, 12, 12))
        target = F.interpolate(noise, size=(48, 48), mode="bilinear", align_corners=False)
        small = F.avg_pool2d(target, 4)
        output = network(small)
        pairs = zip(loss_network(output), loss_network(target))
        loss = torch.stack([F.mse_loss(a, b) for a, b in pairs]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    (HERE / "training.json").write_text(json.dumps({"losses": losses}) + "\n")


def pair(image, size, factor):
    target = TF.center_crop(TF.resize(image, size, InterpolationMode.BILINEAR), size)
    blurred = image.filter(ImageFilter.GaussianBlur(1))
    small = TF.center_crop(TF.resize(blurred, size // factor, InterpolationMode.BICUBIC), size // factor)
    return small, target


def draw(count, wanted, seed):
    """SplitMix64 and a Fisher-Yates shuffle, with Python's own whole numbers."""
    mask = (1 << 64) - 1
    positions, state = list(range(count)), seed
    for place in range(wanted):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        z ^= z >> 31
        other = place + (z * (count - place) >> 64)
        positions[place], positions[other] = positions[other], positions[place]
    return sorted(positions[:wanted])


def data_golden():
    """Pairs of images wider and higher than their targets, and lower; images that are drawn."""
    pairs = []
    for width, height, size, factor in [(47, 31, 20, 4), (30, 53, 24, 8), (13, 19, 24, 4)]:
        levels = uniform(SEED, f"pixels{width}x{height}", width * height * 3)
        pixels = np.floor((levels + np.float32(1)) * np.float32(128)).astype(np.uint8)
        small, target = pair(Image.fromarray(pixels.reshape(height, width, 3)), size, factor)
        case = {"width": width, "height": height, "size": size, "factor": factor}
        pairs.append(case | {"input": list(small.tobytes()), "target": list(target.tobytes())})
    draws = [{"len": n, "count": k, "seed": s, "drawn": draw(n, k, s)} for n, k, s in [(82783, 12, 42), (9, 9, 1), (100, 7, 0)]]
    text = json.dumps({"pairs": pairs, "draws": draws}, separators=(",", ":"))
    (HERE / "data.json").write_text(text + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    network_golden()
    training_golden()
    data_golden()
