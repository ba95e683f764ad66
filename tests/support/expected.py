"""What TensorBoard should serve, computed from what was logged and from nothing of this project."""

from __future__ import annotations

import html
import re

import numpy as np


def rounded(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Steps and values, these as float32."""
    return [(step, float(np.float32(value))) for step, value in points]


def to_uint8(pixels: np.ndarray) -> np.ndarray:
    """Pixels in [0, 1], or uint8, as uint8."""
    return pixels if pixels.dtype == np.uint8 else (pixels * 255).astype(np.uint8)


def grid(batch: np.ndarray, columns: int = 8) -> np.ndarray:
    """Images (N, 1 or 3, H, W), side by side, as uint8 (rows * H, columns * W, 3); what is left over is black."""
    count, _, height, width = batch.shape
    columns = min(count, columns)
    pixels = np.zeros((-(-count // columns) * height, columns * width, 3), np.uint8)
    for index, picture in enumerate(to_uint8(batch)):
        top, left = index // columns * height, index % columns * width
        pixels[top : top + height, left : left + width] = picture.transpose(1, 2, 0)
    return pixels


def check_buckets(buckets: np.ndarray, values: np.ndarray) -> None:
    """`buckets` has rows left, right, count.

    TensorBoard's Python loader rounds edges to float32: a value as near to an edge as that may be on either side.
    """
    left, right, count = buckets[buckets[:, 2] > 0].T
    assert count.sum() == values.size
    np.testing.assert_allclose(right[-1], values.max(), rtol=1e-7)
    assert left[0] <= np.nextafter(np.float32(values.min()), np.float32(np.inf))
    for low, high, number in zip(left, right, count, strict=True):
        near = _almost(values, low) | _almost(values, high)
        inside = ((low <= values) & (values < high)) | ((values == high) & (high == right[-1]))  # the last is closed
        assert (inside & ~near).sum() <= number <= (inside | near).sum()


def _almost(values: np.ndarray, edge: float) -> np.ndarray:
    return (values != edge) & (abs(values - edge) <= np.spacing(np.float32(abs(edge))))


def check_percentiles(percentiles: list[list[float]], buckets: np.ndarray, least: float, most: float) -> None:
    """Each of `percentiles`, rows of a percentage times 100 and a value, lies in the bucket that it falls into."""
    basis_points, points = np.transpose(percentiles)
    assert (basis_points[0], basis_points[-1]) == (0, 10000)
    np.testing.assert_allclose(points[[0, -1]], [least, most], rtol=1e-6)
    assert (np.diff(points) >= 0).all()
    left, right, count = buckets.T
    above = np.cumsum(count)
    for wanted, value in zip(basis_points[1:-1] / 10000 * above[-1], points[1:-1], strict=True):
        first, last = (np.searchsorted(above, wanted, side) for side in ("left", "right"))  # two if it is between them
        assert left[first] <= value <= right[last]


def words(text: str) -> list[str]:
    """The words of a text in Markdown or HTML."""
    return re.findall(r"\w+", html.unescape(re.sub(r"<[^>]*>", " ", text)))


def pr_curve(labels: np.ndarray, predictions: np.ndarray, count: int, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Counts, precision and recall at `count` thresholds from 0 to 1, each by looking at every prediction."""
    rows = []
    for index in range(count):
        positive = np.floor(predictions * (count - 1)) >= index  # at or above index / (count - 1)
        parts = (positive & labels, positive & ~labels, ~positive & ~labels, ~positive & labels)
        rows.append([weights[part].sum() for part in parts])
    names = ("true_positives", "false_positives", "true_negatives", "false_negatives")
    curve = dict(zip(names, np.array(rows).T, strict=True)) | {"thresholds": np.linspace(0, 1, count)}
    true, false, _, missed = (curve[name] for name in names)
    with np.errstate(invalid="ignore"):
        return curve | {"precision": np.nan_to_num(true / (true + false)), "recall": true / (true + missed)}
