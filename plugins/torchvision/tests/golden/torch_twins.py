"""What golden values of several tasks are made with in PyTorch: the small loss network of the tests, and parameters by the
shared formula.
"""

import torch
import torch.nn.functional as F
from formula import parameter_values
from torch import nn


class ConvLossNetwork(nn.Module):
    """The twin of plugin-api/kit/src/testing/conv_network.rs."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 6, 3, padding=1)

    def forward(self, x):
        first = F.relu(self.conv1(x))
        return [first, F.relu(self.conv2(first))]


@torch.no_grad()
def fill(module, seed):
    """Gives parameters and buffers the values of the shared formula for their names, and the module back."""
    for name, tensor in module.state_dict().items():
        tensor.copy_(torch.from_numpy(parameter_values(seed, name, tuple(tensor.shape))))
    return module
