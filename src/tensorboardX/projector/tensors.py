"""The points: raw float32 where TensorBoard recognises it as such, else tab-separated text.

TensorBoard has no field for the format. It reads a file as UTF-8 text, and only bytes that are no UTF-8 make it
read float32 of the shape that the config tells (`projector_plugin.py`, with TensorFlow's file reader or its own).
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import RefusedValueError, shown, type_error, value_error
from ..notices import warn_once
from ..values.arrays import Array, to_numpy

SHOWN_POINTS = 100_000
_CHUNK = 1 << 16


def checked_points(mat: Any, tag: str) -> Array:
    """Return a copy of the points as little-endian float32, shape (N, D).

    Raises TypeError for what is no matrix of real numbers, ValueError for another number of axes and for no points.
    """
    array = to_numpy(mat, tag)
    if array.dtype.kind == "c":
        raise type_error(tag, mat, "a matrix of real numbers")
    if array.ndim != 2 or array.size == 0:
        raise value_error(tag, array, "a matrix of shape (N, D): N points of D dimensions, N and D at least 1")
    if len(array) > SHOWN_POINTS:
        warn_once(tag, f"TensorBoard shows the first {SHOWN_POINTS:,} of the {len(array):,} points; all are written")
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite, and is reported as such
        return np.array(array, dtype="<f4", order="C")


def check_count(tag: str, count: int, what: str, points: int) -> None:
    """Raise ValueError unless there is one of something for each point."""
    if count != points:
        raise RefusedValueError(
            f"tag {shown(tag)}: got {count} {what} for {points} points; accepted is one for each point"
        )


def encode_points(points: Array, tag: str) -> tuple[str, bytes | memoryview]:
    """Return the name and the content of the file for points that were checked."""
    if not np.isfinite(points).all():
        warn_once(tag, "points with NaN or infinite coordinates are written, but cannot be projected")
    raw = points.reshape(-1).view(np.uint8).data
    return ("tensors.tsv", encode_tsv(points)) if begins_as_text(raw) else ("tensors.bytes", raw)


def begins_as_text(raw: memoryview) -> bool:
    """Return whether the first line that is not empty decodes as UTF-8.

    TensorFlow's reader decodes line by line and TensorBoard's own in blocks; either fails on such a first line.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk, last in _first_line(raw):
            decoder.decode(chunk, last)
    except UnicodeDecodeError:
        return False
    return True


def _first_line(raw: memoryview) -> Iterator[tuple[bytes, bool]]:
    """Yield the chunks of the first line that is not empty, each with whether it is the last one."""
    begun = False
    for start in range(0, len(raw), _CHUNK):
        chunk = bytes(raw[start : start + _CHUNK])
        if not begun:
            chunk = chunk.lstrip(b"\n")
            begun = bool(chunk)
        line, newline, _ = chunk.partition(b"\n")
        if newline:
            yield line, True
            return
        yield line, False
    yield b"", True


def encode_tsv(points: Array) -> bytes:
    """Return a matrix as lines of tab-separated numbers; nine digits distinguish all float32 numbers."""
    line = "\t".join(["%.9g"] * points.shape[1]) + "\n"
    rows = max(_CHUNK // points.shape[1], 1)
    blocks = (points[start : start + rows] for start in range(0, len(points), rows))
    return "".join(line * len(block) % tuple(block.ravel().tolist()) for block in blocks).encode()
