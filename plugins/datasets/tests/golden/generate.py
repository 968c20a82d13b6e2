"""Writes small MATLAB files as SciPy does, in the layout of SVHN. Needs numpy and scipy; tests don't."""

import pathlib

import numpy
import scipy.io

HERE = pathlib.Path(__file__).parent


def images(count):
    row, column, channel, number = numpy.meshgrid(*map(numpy.arange, (32, 32, 3, count)), indexing="ij")
    return ((row * 7 + column * 13 + channel * 29 + number * 53) % 251).astype(numpy.uint8)


def labels(count, kind):
    return (10 - numpy.arange(count) % 10).astype(kind).reshape(count, 1)


def save(name, count, kind, **options):
    scipy.io.savemat(HERE / name, {"X": images(count), "y": labels(count, kind)}, **options)


save("compressed.mat", 12, numpy.uint8, do_compression=True)
save("plain.mat", 2, numpy.float64, do_compression=False)
scipy.io.savemat(HERE / "version4.mat", {"y": labels(3, numpy.float64)}, format="4")
