"""Scalars."""

from __future__ import annotations

import math
from struct import Struct
from typing import Any

from ..arrays import to_float
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
    value = Summary.Value(tag=tag, simple_value=to_float(scalar, tag))
    if display_name or summary_description:
        value.metadata.CopyFrom(scalar_metadata(display_name, summary_description))
    return Summary(value=[value])


class ScalarEventEncoder:
    """Serializes Events that hold one plain scalar, as protobuf does and several times faster.

    All that differs between two events of a tag is the wall time, the step and the value; the rest is kept from
    the first one. Format: https://protobuf.dev/programming-guides/encoding/ and event.proto.
    """

    _MOST_TAGS = 10_000

    def __init__(self) -> None:
        self._prefixes: dict[str, bytes] = {}

    def encode(self, tag: str, value: float, step: int | None, walltime: float) -> bytes:
        """Return the bytes of `Event(wall_time, step, summary=scalar(tag, value))`."""
        prefix = self._prefixes.get(tag) or self._prefix(tag)
        try:
            packed = _pack_float32(value)
        except OverflowError:  # beyond float32, where protobuf stores infinity
            packed = _pack_float32(math.copysign(math.inf, value))
        time = _pack_wall_time(b"\x09", walltime) if walltime or math.copysign(1, walltime) < 0 else b""
        return b"".join((time, b"\x10" + varint(step) if step else b"", prefix, packed))

    def _prefix(self, tag: str) -> bytes:
        """All of `Event.summary` up to the four bytes of the value, which come last."""
        if len(self._prefixes) >= self._MOST_TAGS:
            self._prefixes.clear()
        name = clean_tag(tag).encode()
        value = (b"\x0a" + varint(len(name)) + name if name else b"") + b"\x15"
        summary = b"\x0a" + varint(len(value) + 4) + value
        prefix = self._prefixes[tag] = b"\x2a" + varint(len(summary) + 4) + summary
        return prefix


def varint(number: int) -> bytes:
    """Return an int64 as protobuf stores it: seven bits a byte, lowest first, negatives as 64-bit complements."""
    if 0 <= number < 0x80:
        return _ONE_BYTE[number]
    number &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_ONE_BYTE = [bytes((number,)) for number in range(0x80)]
