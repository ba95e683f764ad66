"""Scalars."""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from ..notices import warn_once
from ..proto.summary_pb2 import Summary
from ..values.arrays import to_float
from ..values.pending import PendingNumber
from .metadata import scalar_metadata
from .tags import MOST_TAGS, clean_tag
from .wire import event, is_stored, varint


def scalar(
    name: str,
    scalar: Any,
    display_name: str = "",
    summary_description: str = "",
    new_style: bool = False,
    double_precision: bool = False,
) -> Summary:
    """Return the Summary of one scalar, a float32 `simple_value` under the cleaned tag.

    Args:
        name: the tag.
        scalar: a number, or an array or tensor of one element. NaN and infinity are kept.
        display_name: what TensorBoard shows instead of the tag.
        summary_description: Markdown shown beside the chart.
        new_style: store a tensor instead; see `tensor.scalar_tensor`.
        double_precision: store float64, which implies `new_style`.

    Raises TypeError for what is not numeric, ValueError for more or fewer than one element.
    """
    if new_style or double_precision:
        from .tensor import scalar_tensor

        return scalar_tensor(name, scalar, double_precision, display_name, summary_description)
    tag = clean_tag(name)
    number = to_float(scalar, tag)
    if not math.isfinite(number):
        note_non_finite(tag)
    value = Summary.Value(tag=tag, simple_value=number)
    if display_name or summary_description:
        value.metadata.CopyFrom(scalar_metadata(display_name, summary_description))
    return Summary(value=[value])


def scalar_group(tags: Iterable[str], values: Iterable[float], step: int | None, walltime: float) -> list[bytes]:
    """Return one serialized Event of several scalars, a value for each tag."""
    return [event(scalar_values(zip(tags, values, strict=True)), step, walltime)]


def scalar_values(values: Iterable[tuple[str, float]]) -> bytes:
    """Return a serialized Summary of several scalars, given as pairs of tag and value."""
    parts: list[bytes] = []
    for tag, value in values:
        parts += (value_prefix(tag), _float32(value))
        if value - value != 0.0:
            note_non_finite(tag)
    return b"".join(parts)


def pending_scalar(tag: str, number: PendingNumber, step: int | None, walltime: float) -> list[bytes]:
    """Wait for a number; return the serialized Event of it, as `scalar_event` does. Raises DeviceError."""
    return [scalar_event(tag, number.resolve(), step, walltime)]


def pending_group(
    tags: Sequence[str], values: Sequence[float | PendingNumber], step: int | None, walltime: float
) -> list[bytes]:
    """As `scalar_group`, after waiting for the numbers that are pending. Raises DeviceError."""
    numbers = [value.resolve() if isinstance(value, PendingNumber) else value for value in values]
    return scalar_group(tags, numbers, step, walltime)


def pending_summary(encode: Callable[[str, float], Summary], tag: str, number: PendingNumber) -> Summary:
    """Wait for a number; return what `encode(tag, number)` makes of it. Raises DeviceError."""
    return encode(tag, number.resolve())


def merged_events(scalars: Iterable[tuple[str, float, int | None, float]]) -> list[bytes]:
    """Return the serialized Events of scalars, those of one step in a row in one Event.

    It has the wall time of the first of them. A tag that comes again at its step begins another Event.

    Args:
        scalars: tag, value, step and wall time of each.
    """
    events: list[bytes] = []
    for step, successive in groupby(scalars, itemgetter(2)):
        values: dict[str, float] = {}
        begun_at = 0.0
        for tag, value, _, walltime in successive:
            if tag in values:
                events += scalar_group(values, values.values(), step, begun_at)
                values = {}
            if not values:
                begun_at = walltime
            values[tag] = value
        events += scalar_group(values, values.values(), step, begun_at)
    return events


def _float32(value: float) -> bytes:
    try:
        return _pack_float32(value)
    except OverflowError:  # beyond float32, where protobuf stores infinity
        return _pack_float32(math.copysign(math.inf, value))


class ScalarEventEncoder:
    """Serializes Events that hold one plain scalar, as protobuf does and several times faster.

    All that differs between two events of a tag is the wall time, the step and the value; the rest is kept from
    the first one. Format: https://protobuf.dev/programming-guides/encoding/ and event.proto.
    """

    def __init__(self) -> None:
        self._step: int | None = None
        self._step_field = b""
        self._high_bits = 0  # of the step, all but the lowest seven, which `_high_bytes` encodes
        self._high_bytes = b""
        # For each tag, its prefix and what packs an Event whose step takes as many bytes as that of `_step`.
        self._packers: dict[str, tuple[bytes, Callable[..., bytes]]] = {}

    def encode(self, entries: Iterable[tuple[str, float, int | None, float]]) -> list[bytes]:
        """Return the bytes of `Event(wall_time, step, summary=scalar(tag, value))` for each entry.

        Args:
            entries: tag, value, step and wall time of each.
        """
        events: list[bytes] = []
        append, packers = events.append, self._packers
        for tag, value, step, walltime in entries:
            if step != self._step:  # a loop logs many scalars at each step
                self._set_step(step)
            prefix, pack = packers.get(tag) or self._packer(tag)
            try:
                data = pack(b"\x09", walltime, self._step_field, prefix, value)
            except OverflowError:  # beyond float32, where protobuf stores infinity
                data = pack(b"\x09", walltime, self._step_field, prefix, math.copysign(math.inf, value))
            if not walltime and not is_stored(walltime):
                data = data[9:]
            if value - value != 0.0:
                note_non_finite(tag)
            append(data)
        return events

    def _set_step(self, step: int | None) -> None:
        if step is not None and step >= 0x80:
            high_bits = step >> 7
            if high_bits != self._high_bits:  # of 128 steps in a row only the first byte differs
                self._high_bits, self._high_bytes = high_bits, varint(high_bits)
            field = _FIRST_BYTES[step & 0x7F] + self._high_bytes
        else:
            field = b"\x10" + varint(step) if step else b""
        if len(field) != len(self._step_field):
            self._packers.clear()
        self._step, self._step_field = step, field

    def _packer(self, tag: str) -> tuple[bytes, Callable[..., bytes]]:
        if len(self._packers) >= MOST_TAGS:
            del self._packers[next(iter(self._packers))]  # the oldest
        prefix = event_prefix(tag)
        packer = _event_packer(len(self._step_field), len(prefix))
        self._packers[tag] = prefix, packer
        return prefix, packer


@functools.lru_cache(maxsize=4096)
def _event_packer(step_length: int, prefix_length: int) -> Callable[..., bytes]:
    """Return what packs an Event of a scalar whose step and prefix are of these lengths."""
    return struct.Struct(f"<cd{step_length}s{prefix_length}sf").pack


def scalar_event(tag: str, value: float, step: int | None, walltime: float) -> bytes:
    """Return the bytes of one Event as `ScalarEventEncoder` does; keeps no state, so that it may be interrupted."""
    if value - value != 0.0 or not walltime or not -_LARGEST_FLOAT32 <= value <= _LARGEST_FLOAT32:
        (event,) = ScalarEventEncoder().encode([(tag, value, step, walltime)])
        return event
    step_field = b"\x10" + varint(step) if step else b""
    return b"\x09" + _pack_float64(walltime) + step_field + event_prefix(tag) + _pack_float32(value)


@functools.lru_cache(maxsize=MOST_TAGS)
def event_prefix(tag: str) -> bytes:
    """Return all of `Event.summary` of a scalar up to the four bytes of the value, which come last."""
    summary = value_prefix(tag)
    return b"\x2a" + varint(len(summary) + 4) + summary


@functools.lru_cache(maxsize=MOST_TAGS)
def value_prefix(tag: str) -> bytes:
    """Return all of `Summary.value` of a scalar up to the four bytes of the value."""
    name = clean_tag(tag).encode()
    value = (b"\x0a" + varint(len(name)) + name if name else b"") + b"\x15"
    return b"\x0a" + varint(len(value) + 4) + value


def note_non_finite(tag: str) -> None:
    """Warn that NaN or infinity was logged, once for each tag."""
    warn_once(tag, "NaN or infinity was logged")


_pack_float32 = struct.Struct("<f").pack
_pack_float64 = struct.Struct("<d").pack
_LARGEST_FLOAT32 = 3.4028234663852886e38
_FIRST_BYTES = [bytes((0x10, number | 0x80)) for number in range(0x80)]  # of `Event.step`: its key and seven bits
