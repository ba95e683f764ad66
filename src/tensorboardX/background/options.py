"""The options of an event queue, and the counts of its events."""

from __future__ import annotations

import numbers
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Union

from ..errors import InvalidTypeError, InvalidValueError, describe

Observer = Callable[[Sequence[Union[tuple[str, float, Union[int, None], float], bytes]]], None]  # noqa: UP007
"""Takes the scalars that are about to be written, plain ones as `ScalarEntry`, others in serialized Events; see
`watchdog.py`. It is called by the thread that writes, so it has to be quick and must not raise."""


@dataclass
class Stats:
    """Counts of the events of a writer so far.

    Events that are neither written nor dropped nor failed are pending.

    Attributes:
        written: Events that the operating system, or an object store, has.
        dropped: events that were dropped because the store failed or was too slow.
        failed: events that could not be encoded.
        errors: of the store.
        dropped_by_reason: how many of `dropped` found "no room", were taken back by a "raised error", were pending when
            the writer was "closed while failing" or the process "ended", went with a "removed directory", were "files"
            of embeddings that could not be written, or were lost by a "device error" of an accelerator.
        dropped_by_kind: how many of them were a "scalar", an "image", a "histogram" and so on.
    """

    written: int = 0
    dropped: int = 0
    failed: int = 0
    errors: int = 0
    dropped_by_reason: Counter[str] = field(default_factory=Counter)
    dropped_by_kind: Counter[str] = field(default_factory=Counter)

    def drop(self, reason: str, kinds: Iterable[str]) -> int:
        """Count dropped events, by their kinds; return how many."""
        counted = Counter(kinds)
        number = sum(counted.values())
        if number:
            self.dropped += number
            self.dropped_by_reason[reason] += number
            self.dropped_by_kind.update(counted)
        return number

    def __add__(self, other: Stats) -> Stats:
        return Stats(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


@dataclass(frozen=True)
class QueueOptions:
    """The policies of a writer whose store is slow or fails.

    Attributes:
        flush_secs: seconds between two fsyncs of the file. (What is pending is written within a second anyway.)
        on_full: "block" waits for room, `PATIENCE` seconds without progress at most; "drop" never waits.
        on_error: "warn" logs one warning and goes on; "raise" raises WriteError at the next call.
        max_queue_bytes: bytes of memory that the pending events of a run may take, its sub-runs included.
        merge_scalars: successive scalars of one step share an Event, with the wall time of the first.
        observe: called with what is written, see `Observer`.
    """

    flush_secs: float = 120.0
    on_full: Literal["block", "drop"] = "block"
    on_error: Literal["warn", "raise"] = "warn"
    max_queue_bytes: int = 64 << 20
    merge_scalars: bool = False
    observe: Observer | None = None

    def __post_init__(self) -> None:
        _check_choice("on_full", self.on_full, "block", "drop")
        _check_choice("on_error", self.on_error, "warn", "raise")
        _check_number("flush_secs", self.flush_secs, numbers.Real)
        _check_number("max_queue_bytes", self.max_queue_bytes, numbers.Integral)
        if not isinstance(self.merge_scalars, bool):
            raise InvalidTypeError(f"merge_scalars: got {describe(self.merge_scalars)}; accepted are True and False")


def queue_options(flush_secs: float, options: dict[str, Any]) -> QueueOptions:
    """Return the options of a queue. Raises TypeError or ValueError that names the argument."""
    unknown = options.keys() - {field.name for field in fields(QueueOptions)}
    if unknown:
        raise InvalidTypeError(f"got an argument that there is not: {min(unknown)!r}")
    return QueueOptions(flush_secs, **options)


def _check_choice(name: str, value: Any, *accepted: str) -> None:
    if value not in accepted:
        raise InvalidValueError(f"{name}: got {describe(value)}; accepted are {' and '.join(map(repr, accepted))}")


def _check_number(name: str, value: Any, kind: Any) -> None:
    if not isinstance(value, kind):
        raise InvalidTypeError(f"{name}: got {describe(value)}; accepted is a number")
    if not value >= 0:  # nor NaN
        raise InvalidValueError(f"{name}: got {describe(value)}; accepted is a number that is not negative")
