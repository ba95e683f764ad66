"""Events of scalars that differ in nothing but wall time, step, tags and numbers, decoded together.

Where everything lies in an Event is found once, from an example; all others of the same length whose remaining bytes
are equal are the rows of one array.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from ..proto.summary_pb2 import SummaryMetadata
from . import skeleton
from .skeleton import Span, Unusual, ValueSpan, event_span

Rows = npt.NDArray[np.uint8]
"""Events of one length, shape (N, W): W is that length, rounded up to whole words of 64 bits."""

_WORD = 8
_FEW_WORDS = 24

# A tensor of rank 0 up to the bytes of its number, and what these are: one element, or the tensor's content.
# Format: tensor.proto.
_SCALAR_TENSORS = {
    b"\x08\x01\x12\x00\x2a\x04": "<f4",
    b"\x08\x01\x12\x00\x22\x04": "<f4",
    b"\x08\x02\x12\x00\x32\x08": "<f8",
    b"\x08\x02\x12\x00\x22\x08": "<f8",
}
_PREFIX = 6


class Scalar(NamedTuple):
    """Where one scalar lies in an Event.

    Attributes:
        tag: where its tag is.
        number: where the number begins.
        dtype: what the number is.
        is_tensor: whether it is a tensor, which is a scalar only if the metadata of its tag says so.
        metadata: what it has with it.
    """

    tag: Span
    number: int
    dtype: str
    is_tensor: bool
    metadata: SummaryMetadata | None


class Layout:
    """Where wall time, step and scalars lie in Events of one length.

    Attributes:
        scalars: one for each value of the Summary.
    """

    def __init__(self, example: bytes, wall_time: int | None, step: Span | None, scalars: list[Scalar]) -> None:
        self.scalars = scalars
        self._wall_time = wall_time
        self._step = step
        mask = np.zeros(width(len(example)), np.uint8)
        mask[: len(example)] = 0xFF
        for scalar in scalars:
            mask[slice(*scalar.tag)] = 0
            mask[scalar.number : scalar.number + np.dtype(scalar.dtype).itemsize] = 0
        if wall_time is not None:
            mask[wall_time : wall_time + 8] = 0
        if step is not None:
            mask[slice(*step)] = 0x80  # which tells the last byte of a number from the others
        self._mask = mask.view(np.uint64)
        self._fixed = np.frombuffer(example.ljust(len(mask), b"\0"), np.uint64) & self._mask

    def matches(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Return which of the rows have this layout, shape (N,)."""
        words = rows.view(np.uint64)
        if words.shape[1] > _FEW_WORDS:
            same: npt.NDArray[np.bool_] = ((words & self._mask) == self._fixed).all(axis=1)
            return same
        different: npt.NDArray[np.uint64] = np.zeros(len(rows), np.uint64)
        for index in np.flatnonzero(self._mask).tolist():
            different |= (words[:, index] & self._mask[index]) ^ self._fixed[index]
        same = different == 0
        return same

    def wall_times(self, rows: Rows) -> npt.NDArray[np.float64]:
        """Return the wall time of each row."""
        if self._wall_time is None:
            return np.zeros(len(rows))
        return _column(rows, self._wall_time, "<f8").astype(np.float64)

    def steps(self, rows: Rows) -> npt.NDArray[np.int64]:
        """Return the step of each row."""
        steps = np.zeros(len(rows), np.uint64)
        if self._step is not None:
            for shift, index in enumerate(range(*self._step)):
                steps |= (rows[:, index] & np.uint8(0x7F)).astype(np.uint64) << np.uint64(7 * shift)
        return steps.view(np.int64)

    def numbers(self, rows: Rows, scalar: Scalar) -> npt.NDArray[np.float64]:
        """Return one scalar of each row."""
        return _column(rows, scalar.number, scalar.dtype).astype(np.float64)

    def tags(self, rows: Rows, scalar: Scalar) -> list[bytes]:
        """Return the tag of one scalar of each row; only one, if all rows have the same."""
        start, end = scalar.tag
        first = rows[0, start:end].tobytes()
        if rows[-1, start:end].tobytes() == first and (rows[:, start:end] == rows[0, start:end]).all():
            return [first]
        tags: list[bytes] = _column(rows, start, f"V{end - start}").tolist()
        return tags


def width(length: int) -> int:
    """Return the bytes of a row for an Event of `length` bytes."""
    return -(-length // _WORD) * _WORD


def _column(rows: Rows, start: int, dtype: str) -> npt.NDArray[Any]:
    column: npt.NDArray[Any] = np.ndarray((len(rows),), np.dtype(dtype), rows, start, (rows.shape[1],))
    return column


def layout_of(example: bytes) -> Layout | None:
    """Return the layout of a serialized Event, None if it holds anything but scalars or is not as usual."""
    try:
        event = event_span(example, 0, len(example))
        if event.field != skeleton.SUMMARY or not event.values:
            return None
        scalars = [_scalar(example, value) for value in event.values]
        wall_time = 1 if example[0] == 0x09 else None
        step = _step(example, 0 if wall_time is None else wall_time + 8)
    except (Unusual, DecodeError):
        return None
    return Layout(example, wall_time, step, scalars)


def _step(example: bytes, position: int) -> Span | None:
    if example[position] != 0x10:
        return None
    end = position + 1
    while example[end] & 0x80:
        end += 1
    return position + 1, end + 1


def _scalar(example: bytes, value: ValueSpan) -> Scalar:
    metadata = None if value.metadata is None else SummaryMetadata.FromString(example[slice(*value.metadata)])
    start, end = value.value
    if value.field == skeleton.SIMPLE_VALUE:
        return Scalar(value.tag, start, "<f4", False, metadata)
    dtype = _SCALAR_TENSORS.get(example[start : start + _PREFIX]) if value.field == skeleton.TENSOR else None
    if dtype is None or end - start != _PREFIX + np.dtype(dtype).itemsize:
        raise Unusual
    return Scalar(value.tag, start + _PREFIX, dtype, True, metadata)
