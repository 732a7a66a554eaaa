"""Images and labels of a folder of idx files (MNIST and its like): ``train-images-idx3-ubyte.gz`` and so on."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

__all__ = ["images", "labels"]

AT_ONCE = 1000


def images(folder: Path, part: str, dtype: str) -> np.ndarray:
    """(n, n_pixels): bytes, or float32 from 0 to 1, read straight into their place."""
    with gzip.open(folder / f"{part}-images-idx3-ubyte.gz") as file:
        n, height, width = (int(size) for size in np.frombuffer(file.read(16), ">i4")[1:])
        X = np.empty((n, height * width), dtype)
        for start in range(0, n, AT_ONCE):
            some = np.frombuffer(file.read(AT_ONCE * X.shape[1]), np.uint8)
            X[start : start + AT_ONCE] = some.reshape(-1, X.shape[1])
    if dtype == "float32":
        X /= 255
    return X


def labels(folder: Path, part: str) -> np.ndarray:
    with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz") as file:
        return np.frombuffer(file.read()[8:], np.uint8)
