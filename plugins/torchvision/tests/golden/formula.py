"""Values for parameters that are not read from a file: the twin of plugin-api/protocol/src/formula.rs, bit for bit.

Run as a program, it checks itself against the values stored for the Rust side's test, or writes them (--write).
"""

import math
import sys
from pathlib import Path

import numpy as np

INCREMENT = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


def uniform(seed: int, name: str, count: int) -> np.ndarray:
    """`count` float32 values in [-1, 1), in a stream of its own for each seed and name."""
    first = int(_mix(np.uint64((seed + INCREMENT) & MASK))) ^ _fnv1a(name)
    with np.errstate(over="ignore"):
        states = np.uint64(first) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(INCREMENT)
        return (_mix(states) >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)


def parameter_values(seed: int, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Values of the parameter or buffer `name` (its full dotted name), float32 of this shape."""
    kind = name.rsplit(".", 1)[-1]
    if len(shape) >= 2:
        depthwise = len(shape) == 4 and shape[1] == 1
        middle, reach = 0.0, math.sqrt(3.0 * (2.0 if depthwise else 1.2) / max(math.prod(shape[1:]), 1))
    elif kind in ("weight", "running_var"):
        middle, reach = 1.0, 0.2
    elif kind == "num_batches_tracked":
        middle, reach = 0.0, 0.0
    elif name.endswith("fc2.bias"):
        middle, reach = 1.0, 0.1
    else:
        middle, reach = 0.0, 0.1
    values = uniform(seed, name, math.prod(shape))
    return (np.float32(middle) + np.float32(reach) * values).reshape(shape)


def _fnv1a(name: str) -> int:
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def _mix(value):
    with np.errstate(over="ignore"):
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return value ^ (value >> np.uint64(31))


CASES = [
    (0, "features.0.weight", (64, 3, 11, 11)),
    (0, "features.0.bias", (64,)),
    (0, "features.1.conv.0.0.weight", (32, 1, 3, 3)),
    (0, "features.1.0.block.1.fc2.bias", (32,)),
    (0, "layer1.0.bn1.weight", (64,)),
    (1, "layer1.0.bn1.weight", (64,)),
    (0, "layer1.0.bn1.bias", (64,)),
    (0, "layer1.0.bn1.running_mean", (64,)),
    (18446744073709551615, "layer1.0.bn1.running_var", (64,)),
    (0, "layer1.0.bn1.num_batches_tracked", ()),
    (7, "fc.weight", (10, 512)),
    (7, "größe", (2, 2)),
]
STORED = Path(__file__).resolve().parents[4] / "plugin-api/protocol/tests/formula.txt"


def stored_lines() -> str:
    """One line per case: seed, name, shape, bits of the first four values, sum of all values' bits mod 2^64."""
    lines = []
    for seed, name, shape in CASES:
        bits = parameter_values(seed, name, shape).reshape(-1).view(np.uint32)
        first = ",".join(f"{value:08x}" for value in bits[:4])
        total = int(bits.astype(np.uint64).sum())
        lines.append(f"{seed} {name} {'x'.join(map(str, shape)) or '-'} {first} {total}\n")
    return "".join(lines)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        STORED.write_text(stored_lines())
    elif STORED.read_text() != stored_lines():
        sys.exit(f"formula.py gives other values than {STORED} states")
