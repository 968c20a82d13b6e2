#!/usr/bin/env python3
"""Prints PSNR and SSIM of bicubic interpolation by 4 under the protocol `center-crop`, computed without lossnet, for the test
`crops_have_the_scores_of_pillow_and_numpy`.

usage: center-crop.py FOLDER…   (needs Pillow, torchvision, NumPy and SciPy; FOLDER has images, such as Set5's)
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import correlate1d

from generate import pair

WINDOW = np.exp(-0.5 * ((np.arange(11) - 5) / 1.5) ** 2)


def luma(image):
    levels = np.asarray(image).astype(np.float64)
    return levels if levels.ndim == 2 else 16 + levels @ np.array([65.481, 128.553, 24.966]) / 255


def blurred(plane):
    """Where the window lies inside."""
    for axis in (0, 1):
        plane = correlate1d(plane, WINDOW / WINDOW.sum(), axis=axis)
    return plane[5:-5, 5:-5]


def ssim(a, b):
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_a, mean_b = blurred(a), blurred(b)
    variances = blurred(a * a) - mean_a**2 + blurred(b * b) - mean_b**2
    covariance = blurred(a * b) - mean_a * mean_b
    means = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return (means * (2 * covariance + c2) / (variances + c2)).mean()


def scores(path):
    image = Image.open(path)
    small, target = pair(image if image.mode == "L" else image.convert("RGB"), 288, 4)
    a, b = luma(small.resize((288, 288), Image.Resampling.BICUBIC)), luma(target)
    return 10 * np.log10(255**2 / ((a - b) ** 2).mean()), ssim(a, b)


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        decibels, similarity = np.mean([scores(path) for path in sorted(Path(folder).iterdir())], axis=0)
        print(f"{folder}: {decibels:.6f} dB, {similarity:.6f}")
