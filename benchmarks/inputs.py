"""The data that the cases log: seeded, so that every library gets the same bytes."""

from __future__ import annotations

import numpy as np

from benchmarks.pictures import picture


def photo() -> np.ndarray:
    """A natural image: uint8, (3, 256, 256)."""
    return channels_first("photograph")


def channels_first(name: str) -> np.ndarray:
    """One of `benchmarks.pictures`, as torch has images: uint8, (3, 256, 256)."""
    return np.ascontiguousarray(picture(name).transpose(2, 0, 1))


def photos() -> np.ndarray:
    """A batch cut out of the natural image: uint8, (16, 3, 64, 64)."""
    return np.ascontiguousarray(photo().reshape(3, 4, 64, 4, 64).transpose(1, 3, 0, 2, 4).reshape(16, 3, 64, 64))


def normal(count: int) -> np.ndarray:
    """Weights as a network has them: float32, (count,)."""
    return np.random.default_rng(2).normal(0, 0.05, count).astype(np.float32)


def labels_and_predictions(count: int) -> tuple[np.ndarray, np.ndarray]:
    """A binary classifier that is better than chance: labels of 0 and 1, probabilities, both (count,)."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, count)
    return labels, np.clip(rng.normal(0.35 + 0.3 * labels, 0.2), 0, 1).astype(np.float32)


def sound() -> np.ndarray:
    """One second at 44,100 Hz, one channel: float32, (44100,)."""
    time = np.arange(44_100) / 44_100
    return (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


def film() -> np.ndarray:
    """Sixteen frames that pan over the natural image: uint8, (1, 16, 3, 64, 64)."""
    image = photo()
    return np.stack([image[:, 4 * t : 4 * t + 64, 8 * t : 8 * t + 64] for t in range(16)])[np.newaxis]


def cloud(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and their colours: float32 and uint8, both (1, count, 3)."""
    rng = np.random.default_rng(4)
    return rng.normal(size=(1, count, 3)).astype(np.float32), rng.integers(0, 256, (1, count, 3), dtype=np.uint8)


def vectors(count: int, dimensions: int) -> tuple[np.ndarray, list[str]]:
    """Embedding vectors and a name for each: float32, (count, dimensions), and count strings."""
    matrix = np.random.default_rng(5).normal(size=(count, dimensions)).astype(np.float32)
    return matrix, [f"item {i}" for i in range(count)]
