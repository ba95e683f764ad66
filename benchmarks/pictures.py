"""The seven kinds of images that are measured: uint8, shape (H, W, 3), the same for every library.

Some are drawn by packages that only our interpreter has. So `python -m benchmarks.pictures` saves them all, once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.environments import ENVS

SIDE = 256
FOLDER = ENVS / "pictures"


def _photograph(side: int) -> np.ndarray:
    """A crop of scikit-learn's photograph of a temple, enlarged where it is too small."""
    from PIL import Image
    from sklearn.datasets import load_sample_image

    temple = load_sample_image("china.jpg")
    if side <= 256:
        return temple[100 : 100 + side, 200 : 200 + side]
    return np.asarray(Image.fromarray(temple[:, 100:527]).resize((side, side), Image.Resampling.LANCZOS))


def _texture(side: int) -> np.ndarray:
    """Random waves whose strength falls with their frequency, as in pictures of nature; no JPEG was there before."""
    rng = np.random.default_rng(7)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.rfftfreq(side), indexing="ij"))
    frequency[0, 0] = 1

    def waves() -> np.ndarray:
        spectrum = rng.normal(size=frequency.shape) + 1j * rng.normal(size=frequency.shape)
        found = np.fft.irfft2(spectrum / frequency**1.2, (side, side))
        return found / found.std()

    common = waves()
    channels = [128 + 40 * (0.9 * common + 0.3 * waves()) for _ in range(3)]
    return np.stack(channels, axis=2).clip(0, 255).astype(np.uint8)


def _noise(side: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (side, side, 3), dtype=np.uint8)


def _gradient(side: int) -> np.ndarray:
    ramp = (np.arange(side) * 256 // side).astype(np.uint8)
    rows, columns = np.meshgrid(ramp, ramp, indexing="ij")
    return np.stack([rows, columns, rows // 2 + columns // 2], axis=2)


def _figure(side: int) -> np.ndarray:
    """Three curves with axes, a title, a grid and a legend, as matplotlib draws them."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(side / 100, side / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    time = np.linspace(0, 10, 200)
    for run in range(3):
        axes.plot(time, np.sin(time + run) * np.exp(-time / 8), label=f"run {run}")
    axes.set(title="loss", xlabel="step")
    axes.legend()
    axes.grid(alpha=0.3)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3]


def _heat_map(side: int) -> np.ndarray:
    """A matrix of 16 x 16 numbers in matplotlib's colours."""
    from matplotlib import colormaps

    matrix = np.random.default_rng(8).normal(size=(16, 16)).cumsum(axis=0).cumsum(axis=1)
    matrix = (matrix - matrix.min()) / np.ptp(matrix)
    cell = np.ones((side // 16, side // 16))
    return (colormaps["viridis"](np.kron(matrix, cell))[:, :, :3] * 255).astype(np.uint8)


def _digits(side: int) -> np.ndarray:
    """A grid of scikit-learn's handwritten digits of 8 x 8 pixels, grey as RGB."""
    from sklearn.datasets import load_digits

    count = side // 8
    digits = np.resize(load_digits().images, (count * count, 8, 8)).reshape(count, count, 8, 8)
    grey = (digits.transpose(0, 2, 1, 3).reshape(side, side) * (255 / 16)).astype(np.uint8)
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)


PICTURES: dict[str, Callable[[int], np.ndarray]] = {
    "photograph": _photograph,
    "texture": _texture,
    "noise": _noise,
    "gradient": _gradient,
    "figure": _figure,
    "heat_map": _heat_map,
    "digits": _digits,
}


def picture(name: str, side: int = SIDE) -> np.ndarray:
    """Return a picture as it was saved, or made now where its packages are installed: uint8, (side, side, 3)."""
    path = FOLDER / f"{name}_{side}.npy"
    if path.exists():
        saved: np.ndarray = np.load(path)
        return saved
    return np.ascontiguousarray(PICTURES[name](side))


def save_pictures(side: int = SIDE) -> None:
    """Save those that are missing."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in PICTURES:
        np.save(FOLDER / f"{name}_{side}.npy", picture(name, side))


if __name__ == "__main__":
    save_pictures()
