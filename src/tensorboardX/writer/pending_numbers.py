"""Scalars that a device still computes, on their way to a file writer: the caller does not wait for them.

A layer that a tool has replaced takes complete Events only. Then the caller waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..proto.summary_pb2 import Summary
from ..summary.scalar import pending_group, pending_scalar, pending_summary, scalar_group
from ..values.device_values import Number, are_floats
from ..values.pending import PendingNumber
from .file_writer import DummyFileWriter

_BYTES_OF_PAIR = 128  # of memory that a tag and its value take while they are pending


def add_number(file_writer: Any, tag: str, number: PendingNumber, step: int | None, walltime: float) -> None:
    """Write a plain scalar once the device has computed it, in order with the others of its tag."""
    if getattr(file_writer, "queue", None) is not None:
        encode = partial(pending_scalar, tag, number, step, walltime)
        file_writer.add_scalar_events((tag,), encode, number.nbytes, waits=True)
    elif not isinstance(file_writer, DummyFileWriter):
        file_writer.add_scalar(tag, number.resolve(), step, walltime)


def add_summary_of(
    file_writer: Any,
    tag: str,
    encode: Callable[[str, float], Summary],
    number: PendingNumber,
    step: int | None,
    walltime: float,
) -> None:
    """Write what `encode` makes of a tag and a number, once the device has computed it."""
    if not isinstance(file_writer, DummyFileWriter):
        file_writer.add_deferred(tag, partial(pending_summary, encode, tag, number), step, walltime)


def add_group(
    file_writer: Any, tags: Sequence[str], numbers: Sequence[Number], step: int | None, walltime: float
) -> None:
    """Write scalars as one Event, once the devices have computed those that are pending."""
    pending = [] if are_floats(numbers) else [number for number in numbers if isinstance(number, PendingNumber)]
    if pending and isinstance(file_writer, DummyFileWriter):
        return
    group: Callable[..., list[bytes]] = pending_group if pending else scalar_group
    encode = partial(group, tags, numbers, step, walltime)
    nbytes = _BYTES_OF_PAIR * len(tags) + sum(number.nbytes for number in pending)
    file_writer.add_scalar_events(tags, encode, nbytes, waits=bool(pending))
