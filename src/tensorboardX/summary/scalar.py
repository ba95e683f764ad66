"""Scalars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from struct import Struct
from typing import Any

from ..arrays import to_float
from ..notices import warn_once
from ..proto.summary_pb2 import Summary
from .metadata import scalar_metadata
from .tags import clean_tag

_pack_float32 = Struct("<f").pack
_pack_wall_time = Struct("<cd").pack


def scalar(name: str, scalar: Any, display_name: str = "", summary_description: str = "") -> Summary:
    """Return the Summary of one scalar, a float32 `simple_value` under the cleaned tag.

    Args:
        name: the tag.
        scalar: a number, or an array or tensor of one element. NaN and infinity are kept.
        display_name: what TensorBoard shows instead of the tag.
        summary_description: Markdown shown beside the chart.

    Raises TypeError for what is not numeric, ValueError for more or fewer than one element.
    """
    tag = clean_tag(name)
    number = to_float(scalar, tag)
    if not math.isfinite(number):
        _note_non_finite(tag)
    value = Summary.Value(tag=tag, simple_value=number)
    if display_name or summary_description:
        value.metadata.CopyFrom(scalar_metadata(display_name, summary_description))
    return Summary(value=[value])


def scalar_group(values: Sequence[tuple[str, float]]) -> Summary:
    """Return one Summary of several scalars, given as pairs of cleaned tag and value."""
    for tag, number in values:
        if not math.isfinite(number):
            _note_non_finite(tag)
    return Summary(value=[Summary.Value(tag=tag, simple_value=number) for tag, number in values])


class ScalarEventEncoder:
    """Serializes Events that hold one plain scalar, as protobuf does and several times faster.

    All that differs between two events of a tag is the wall time, the step and the value; the rest is kept from
    the first one. Format: https://protobuf.dev/programming-guides/encoding/ and event.proto.
    """

    _MOST_TAGS = 10_000

    def __init__(self) -> None:
        self._prefixes: dict[str, bytes] = {}
        self._step: int | None = None
        self._step_field = b""

    def encode(self, tag: str, value: float, step: int | None, walltime: float) -> bytes:
        """Return the bytes of `Event(wall_time, step, summary=scalar(tag, value))`."""
        if value - value != 0.0:  # NaN or infinity
            _note_non_finite(tag)
        prefix = self._prefixes.get(tag) or self._prefix(tag)
        try:
            packed = _pack_float32(value)
        except OverflowError:  # beyond float32, where protobuf stores infinity
            packed = _pack_float32(math.copysign(math.inf, value))
        time = _pack_wall_time(b"\x09", walltime) if walltime or math.copysign(1, walltime) < 0 else b""
        if step != self._step:  # a loop logs many scalars at each step
            self._step, self._step_field = step, b"\x10" + varint(step) if step else b""
        return b"".join((time, self._step_field, prefix, packed))

    def _prefix(self, tag: str) -> bytes:
        if len(self._prefixes) >= self._MOST_TAGS:
            self._prefixes.clear()
        prefix = self._prefixes[tag] = event_prefix(tag)
        return prefix


def event_prefix(tag: str) -> bytes:
    """Return all of `Event.summary` of a scalar up to the four bytes of the value, which come last."""
    name = clean_tag(tag).encode()
    value = (b"\x0a" + varint(len(name)) + name if name else b"") + b"\x15"
    summary = b"\x0a" + varint(len(value) + 4) + value
    return b"\x2a" + varint(len(summary) + 4) + summary


def varint(number: int) -> bytes:
    """Return an int64 as protobuf stores it: seven bits a byte, lowest first, negatives as 64-bit complements."""
    if 0 <= number < 0x80:
        return _ONE_BYTE[number]
    if 0 <= number < 0x4000:
        return bytes((number & 0x7F | 0x80, number >> 7))
    number &= 0xFFFFFFFFFFFFFFFF
    out = []
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _note_non_finite(tag: str) -> None:
    warn_once(tag, "NaN or infinity was logged")


_ONE_BYTE = [bytes((number,)) for number in range(0x80)]
