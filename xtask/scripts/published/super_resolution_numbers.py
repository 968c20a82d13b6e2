"""Super-resolution: PSNR and SSIM of the published test program for pairs of images, and the PSNR of its validation."""

import importlib
import sys
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import torch
import torchmetrics  # noqa: F401  before its own dependencies are stood in for
from common import images
from PIL import Image


def pattern(seed, side):
    """An RGB image of 8 bits, by whole numbers alone."""
    y, x = np.mgrid[:side, :side]
    planes = [(x * x * (1 + c) + 3 * y * (5 - c) + x * y + 31 * seed) % 256 for c in range(3)]
    return np.stack(planes, 2).astype(np.uint8)


def numbers(source):
    opencv = mock.MagicMock()
    # OpenCV has blue first.
    opencv.imread = lambda path: np.asarray(Image.open(path).convert("RGB"))[:, :, ::-1].copy()
    stand_ins = {name: mock.MagicMock() for name in ["wandb", "kornia", "tqdm", "sklearn", "sklearn.model_selection"]}
    stand_ins["kornia"].color.rgb_to_ycbcr.return_value.chunk.return_value = (None, None, None)
    stand_ins["tqdm"].tqdm = lambda batches: batches
    with mock.patch.dict(sys.modules, {"cv2": opencv, **stand_ins}):
        sys.path.insert(0, str(source / "super_res"))
        for name in ["train", "test", "network"]:
            sys.modules.pop(name, None)
        test, train = importlib.import_module("test"), importlib.import_module("train")
        sys.path.pop(0)
        scores = []
        with tempfile.TemporaryDirectory() as folder:
            for seed in range(3):
                planes = []
                for name, number in (("target", seed), ("output", seed + 10)):
                    path = Path(folder) / f"{name}.png"
                    Image.fromarray(pattern(number, 64)).save(path)
                    planes.append(test.convert_image(str(path), None))
                scores.append(
                    {
                        "psnr": float(test.peak_signal_noise_ratio(*planes)),
                        "ssim": float(test.structural_similarity(*planes, data_range=1)),
                    }
                )
        # The network's input is the number of the batch.
        sizes = {0: 4, 1: 2}
        batches = [(images(seed, "images", (size, 3, 16, 16)) / 2, torch.full((size,), seed)) for seed, size in sizes.items()]

        class Network(torch.nn.Module):
            def forward(self, number):
                return images(int(number[0]) + 10, "images", (len(number), 3, 16, 16))

        data = mock.MagicMock(__iter__=lambda _: iter(batches), dataset=[None] * 6)
        _, found = train.eval_epoch(Network(), data, lambda image: [image], None, torch.device("cpu"), None)
        for name in ["train", "test", "network"]:
            sys.modules.pop(name, None)
    return {"scores": scores, "validation": float(found.avg)}
