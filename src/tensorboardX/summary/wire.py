"""The bytes of messages, written without building them. Format: https://protobuf.dev/programming-guides/encoding/."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..proto.summary_pb2 import Summary

Buffer = bytes | memoryview
"""Bytes in one axis."""

_pack_double = struct.Struct("<d").pack
_unpack_double = struct.Struct("<d").unpack_from
_ONE_BYTE = [bytes((number,)) for number in range(0x80)]
_NOT_LAST = [bytes((number | 0x80,)) for number in range(0x80)]  # of a varint: more bytes follow


def event(summary: bytes, step: int | None, walltime: float) -> bytes:
    """Return a serialized Event with a serialized Summary, as protobuf writes it. Format: event.proto."""
    time_field = b"\x09" + _pack_double(walltime) if walltime or is_stored(walltime) else b""
    step_field = b"\x10" + varint(step) if step else b""
    return b"".join((time_field, step_field, b"\x2a", varint(len(summary)), summary))


def walltime_of(event: bytes) -> float:
    """Return the wall time of a serialized Event whose first field that is, 0 for any other."""
    return float(_unpack_double(event, 1)[0]) if event[:1] == b"\x09" and len(event) >= 9 else 0.0


def serialized(summary: Summary | bytes) -> bytes:
    """Return the bytes of a Summary, which an encoder returns as a message or as its bytes."""
    return summary if isinstance(summary, bytes) else summary.SerializeToString()


def summary(tag: str, *parts: Buffer) -> bytes:
    """Return a serialized Summary of one value: its tag and further fields, in the order of their numbers."""
    return b"".join(field(1, packed(1, tag.encode()) if tag else b"", *parts))


def field(number: int, *parts: Buffer) -> list[Buffer]:
    """Return a field that has a length, by its number below 32, as parts: so joining all copies large parts once."""
    return [_KEYS[number] + varint(sum(map(len, parts))), *parts]


def integer(number: int, value: int) -> bytes:
    """Return a field that is an integer, by its number in the message below 16; protobuf leaves out what is 0."""
    return _ONE_BYTE[number << 3] + varint(value) if value else b""


def double(number: int, value: float) -> bytes:
    """Return a field that is a double, by its number in the message; protobuf leaves out what is 0."""
    return varint(number << 3 | 1) + _pack_double(value) if is_stored(value) else b""


def packed(number: int, data: bytes) -> bytes:
    """Return a field of bytes, or of packed numbers, by its number in the message, below 32."""
    return _KEYS[number] + varint(len(data)) + data


def is_stored(double: float) -> bool:
    """Whether protobuf stores a double: it leaves out what is 0, and keeps -0.0."""
    return bool(double) or math.copysign(1, double) < 0


def varint(number: int) -> bytes:
    """Return an int64 as protobuf stores it: seven bits a byte, lowest first, negatives as 64-bit complements."""
    if 0 <= number < 0x80:
        return _ONE_BYTE[number]
    if 0 <= number < 0x4000:
        return _NOT_LAST[number & 0x7F] + _ONE_BYTE[number >> 7]
    if 0 <= number < 0x200000:
        return _NOT_LAST[number & 0x7F] + _NOT_LAST[number >> 7 & 0x7F] + _ONE_BYTE[number >> 14]
    number &= 0xFFFFFFFFFFFFFFFF
    out = []
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_KEYS = [varint(number << 3 | 2) for number in range(32)]  # of fields that have a length
