"""Many points of one scalar at once, for importing logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import value_error
from ..values.arrays import to_numpy
from .scalar import event_prefix, note_non_finite, value_prefix
from .wire import packed

Bytes = npt.NDArray[np.uint8]

_CHUNK = 1 << 14  # points that are encoded at once
_APART = 1e-6  # seconds; readers take points of one time for one and the same


def prepare_series(
    tag: str, values: Any, steps: Any, walltimes: Any, now: float = 0.0
) -> Iterator[tuple[partial[list[bytes]], int, int]]:
    """Check and copy points; return, chunk by chunk, the call that encodes it, its bytes of memory and its points.

    Args:
        tag: the cleaned tag.
        values: shape (N,).
        steps: integers, shape (N,), or None for 0 to N - 1.
        walltimes: shape (N,), one for all, or None for times that are a microsecond apart, the last of them `now`.
        now: seconds since the epoch.

    NaN and infinity are kept, with one warning for the tag. Raises TypeError or ValueError that names the tag.
    """
    numbers = to_numpy(values, tag)
    if numbers.ndim != 1 or numbers.dtype.kind == "c":
        raise value_error(tag, values, "values that are real numbers, in one axis")
    are_finite = bool(np.isfinite(numbers).all())
    with np.errstate(over="ignore"):  # beyond float32, where infinity is stored
        numbers = numbers.astype(np.float32)
    at = np.arange(len(numbers)) if steps is None else to_numpy(steps, tag)
    if at.shape != numbers.shape or (at.dtype.kind not in "iu" and at.size):
        raise value_error(tag, at, f"steps that are integers, of shape {numbers.shape}")
    if at.dtype == np.uint64 and at.size and at.max() > np.iinfo(np.int64).max:
        raise value_error(tag, at, "steps of 64 bits")
    times = now - _APART * np.arange(len(numbers) - 1, -1, -1) if walltimes is None else to_numpy(walltimes, tag)
    if times.dtype.kind == "c":
        raise value_error(tag, times, "walltimes that are real numbers")
    with np.errstate(over="ignore"):  # infinity, which is refused
        times = times.astype(np.float64) + 0.0
    if times.shape not in ((), numbers.shape) or not np.isfinite(times).all():
        raise value_error(tag, times, f"walltimes that are finite, one or of shape {numbers.shape}")
    if not are_finite:
        note_non_finite(tag)
    columns = numbers, at.astype(np.int64), np.broadcast_to(times, numbers.shape).copy()
    return _chunks(tag, *columns)


def _chunks(tag: str, *columns: npt.NDArray[Any]) -> Iterator[tuple[partial[list[bytes]], int, int]]:
    for start in range(0, len(columns[0]), _CHUNK):
        chunk = [column[start : start + _CHUNK] for column in columns]
        yield partial(encode_series, tag, *chunk), sum(column.nbytes for column in chunk), len(chunk[0])


def encode_series(
    tag: str, values: npt.NDArray[np.float32], steps: npt.NDArray[np.int64], walltimes: npt.NDArray[np.float64]
) -> list[bytes]:
    """Return a serialized Event for each point, as `ScalarEventEncoder` does one by one.

    Args:
        tag: the tag.
        values, steps, walltimes: of each point, shape (N,).
    """
    prefix = np.frombuffer(event_prefix(tag), np.uint8)
    prefixes = np.broadcast_to(prefix, (len(values), len(prefix)))
    return _events([prefixes, _bytes_of(values, "<f4")], steps, walltimes)


def _bytes_of(numbers: npt.NDArray[Any], dtype: str) -> Bytes:
    packed = np.ascontiguousarray(numbers, dtype)
    return packed.view(np.uint8).reshape(len(packed), packed.dtype.itemsize)


def _with_key(key: int, rows: Bytes) -> Bytes:
    return np.concatenate((np.full((len(rows), 1), key, np.uint8), rows), axis=1)


def _varint_lengths(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """How many bytes each takes: seven bits a byte, and all ten for negative ones. 0 is left out of an Event."""
    lengths = np.where(numbers < 0, 10, 0)
    for length in range(9):
        lengths += (numbers >= (1 << 7 * length if length else 1)).astype(np.intp)
    return lengths


def _varints(numbers: npt.NDArray[np.int64], length: int) -> Bytes:
    """Return positive numbers, or negative ones, as rows of the key of `Event.step` and `length` bytes."""
    shifts = np.arange(length, dtype=np.uint64) * np.uint64(7)
    digits = (numbers.astype(np.uint64)[:, np.newaxis] >> shifts & np.uint64(0x7F)).astype(np.uint8)
    digits[:, :-1] |= 0x80
    return _with_key(0x10, digits)


def encode_groups(
    tags: Sequence[str],
    values: npt.NDArray[np.float32],
    steps: npt.NDArray[np.int64],
    walltimes: npt.NDArray[np.float64],
) -> list[bytes]:
    """Return a serialized Event for each step, which has a value of every tag, as `scalar_group` does one by one.

    Args:
        values: shape (N, number of tags).
        steps, walltimes: shape (N,).
    """
    prefixes = [value_prefix(tag) for tag in tags]
    row = b"".join(prefix + bytes(4) for prefix in prefixes)
    header = packed(5, row)[: -len(row)]
    summaries = np.tile(np.frombuffer(header + row, np.uint8), (len(steps), 1))
    end = len(header)
    for column, prefix in enumerate(prefixes):
        end += len(prefix) + 4
        summaries[:, end - 4 : end] = _bytes_of(values[:, column], "<f4")
    return _events([summaries], steps, walltimes)


def _events(summaries: list[Bytes], steps: npt.NDArray[np.int64], walltimes: npt.NDArray[np.float64]) -> list[bytes]:
    """Return serialized Events. Those of the same length are laid out together, as the rows of one array.

    Args:
        summaries: the field `summary` of each Event, with its key and length, in parts of shape (N, bytes).
        steps, walltimes: of each, shape (N,).
    """
    lengths = _varint_lengths(steps)
    kinds = np.where(walltimes == 0, -1 - lengths, lengths)
    borders = [0, *(np.flatnonzero(np.diff(kinds)) + 1).tolist(), len(kinds)]
    events: list[bytes] = []
    for start, end in pairwise(borders):
        part = slice(start, end)
        parts = [summary[part] for summary in summaries]
        if lengths[start : start + 1].any():
            parts.insert(0, _varints(steps[part], int(lengths[start])))
        if walltimes[start : start + 1].any():
            parts.insert(0, _with_key(0x09, _bytes_of(walltimes[part], "<f8")))
        rows = np.concatenate(parts, axis=1)
        block, width = rows.tobytes(), rows.shape[1]
        events += [block[at : at + width] for at in range(0, len(block), width)]
    return events
