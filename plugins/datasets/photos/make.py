#!/usr/bin/env python3
"""Makes the photographs of this folder from those that scikit-image carries: 384 pixels on the longer side, JPEG.

usage: make.py   (needs scikit-image and Pillow)
"""

from pathlib import Path

from PIL import Image
from skimage import data

for name in ("astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field", "retina"):
    image = Image.fromarray(getattr(data, name)()).convert("RGB")
    scale = 384 / max(image.size)
    image = image.resize([round(side * scale) for side in image.size], Image.Resampling.LANCZOS)
    image.save(Path(__file__).parent / f"{name}.jpg", quality=92)
