"""Serializes the entries of an event queue, without holding the interpreter lock for long."""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from time import sleep

from ..errors import DeviceError
from ..summary.scalar import ScalarEventEncoder, merged_events
from .entries import Barrier, Entry, Pending, PendingBytes, PendingScalars, ScalarEntry
from .in_flight import InFlight
from .options import Observer, Stats

BATCH_BYTES = 256 << 10
"""Size of a batch: small enough that a slow store shows progress, large enough that there are few writes."""

_SCALARS_AT_ONCE = 1024  # scalars that are serialized at once
_SCALARS_BEFORE_PAUSE = 64  # the same before a pause, about 50 us, in which other threads get the interpreter lock
_PAUSE = 20e-6  # seconds; `sleep(0)` is too short for a waiting thread to take the lock


class BatchEncoder:
    """Moves entries from the front of a queue into a batch. Used by one thread at a time; touches no store.

    Scalars and serialized Events go into the batch at once, in order, unless an entry with their tag is in flight.
    Values that are quick to encode do so while nothing is in flight. So values are never reordered, and nothing
    passes a barrier.

    Args:
        entries: the queue.
        in_flight: takes the values that are slow to encode, and the barriers.
        may_pause: whether there is time to let other threads run, with so many entries pending.
        free: releases the memory of an entry; called with each entry but scalars once it is in the batch.
        stats: counts the events that cannot be encoded.
        warn: logs a rate-limited warning; takes its category, the message and its values.
        lose: counts a value that was lost, and warns of it; takes the entry and the error.
        merge_scalars: whether successive scalars of one step share an Event.
        observe: takes each scalar once; see `QueueOptions`.
    """

    def __init__(
        self,
        entries: collections.deque[Entry],
        in_flight: InFlight,
        may_pause: Callable[[int], bool],
        free: Callable[[Entry], None],
        stats: Stats,
        warn: Callable[..., None],
        lose: Callable[[Pending, DeviceError], None],
        merge_scalars: bool = False,
        observe: Observer | None = None,
    ) -> None:
        self._entries = entries
        self._in_flight = in_flight
        self._may_pause = may_pause
        self._free = free
        self._stats = stats
        self._warn = warn
        self._lose = lose
        self._observe = observe
        self._events_of_scalars = merged_events if merge_scalars else ScalarEventEncoder().encode

    def fill(self, batch: list[bytes], most: int) -> int:
        """Take entries up to the end of a file, the size of a batch or `most`; return how many."""
        size = taken = 0
        while size < BATCH_BYTES and taken < most and not self._in_flight.is_closing:
            pauses = self._may_pause(len(self._entries))
            run = min(most - taken, _SCALARS_BEFORE_PAUSE if pauses else _SCALARS_AT_ONCE)
            scalars = self._take_scalars(run) if self._begins_with_scalar() else []
            if scalars:
                if self._observe is not None:
                    self._observe(scalars)
                taken += len(scalars)
                size += _extend(batch, self._encode_scalars(self._hold_back(scalars)))
                if pauses:
                    sleep(_PAUSE)
                continue
            try:
                entry = self._entries.popleft()
            except IndexError:
                break
            taken += 1
            size += self._take(batch, entry)
        return taken

    def take_encoded(self, batch: list[bytes], value: Pending) -> None:
        """Put a value that was encoded elsewhere into the batch."""
        events = self._events_of(value, value.events)
        if value.may_have_scalars:
            self._show(events)
        _extend(batch, events)
        self._free(value)

    def _take(self, batch: list[bytes], entry: Entry) -> int:
        """Put an entry into the batch or among those in flight; return by how many bytes the batch grew."""
        if isinstance(entry, tuple):  # a scalar that was appended just now
            if self._observe is not None:
                self._observe([entry])
            return _extend(batch, self._encode_scalars(self._hold_back([entry])))
        if isinstance(entry, Barrier):
            self._in_flight.add_barrier(entry)
            return 0
        if self._waits(entry):
            self._in_flight.add_value(entry if isinstance(entry, Pending) else PendingBytes(entry))
            return 0
        events = [entry] if isinstance(entry, bytes) else self._events_of(entry, entry.serialize)
        if isinstance(entry, bytes) or entry.may_have_scalars:
            self._show(events)
        size = _extend(batch, events)
        self._free(entry)
        return size

    def _waits(self, entry: bytes | Pending) -> bool:
        if isinstance(entry, Pending) and not entry.is_scalars:
            return bool(self._in_flight) or not entry.is_quick
        return self._in_flight.has_tag_of(entry)

    def _hold_back(self, scalars: list[ScalarEntry]) -> list[ScalarEntry]:
        """Put the scalars that have to follow an entry in flight after it; return the others."""
        in_flight = self._in_flight
        if not in_flight:
            return scalars
        free: list[ScalarEntry] = []
        for scalar in scalars:
            if in_flight.has_tag_of(scalar):
                value = PendingScalars(scalar[:1], partial(self._encode_scalars, [scalar]), 0)
                value.may_have_scalars = False  # the observer has seen it
                in_flight.add_value(value)
            else:
                free.append(scalar)
        return free

    def _show(self, events: Sequence[bytes]) -> None:
        if self._observe is not None:
            self._observe(events)

    def _begins_with_scalar(self) -> bool:
        try:
            return type(self._entries[0]) is tuple
        except IndexError:  # one call: others take from the queue too
            return False

    def _take_scalars(self, most: int) -> list[ScalarEntry]:
        run: list[ScalarEntry] = []
        popleft = self._entries.popleft
        with contextlib.suppress(IndexError):  # raised where the queue is empty
            for _ in range(most):
                entry = popleft()
                if type(entry) is not tuple:
                    self._entries.appendleft(entry)
                    break
                run.append(entry)
        return run

    def _encode_scalars(self, scalars: list[ScalarEntry]) -> list[bytes]:
        """Return the Events of scalars. One that cannot be encoded does not affect the others."""
        try:
            return self._events_of_scalars(scalars)
        except Exception:
            if len(scalars) > 1:
                return [event for scalar in scalars for event in self._encode_scalars([scalar])]
            self._count_failure()
            return []

    def _events_of(self, value: Pending, encode: Callable[[], Sequence[bytes]]) -> Sequence[bytes]:
        try:
            return encode()
        except DeviceError as error:
            self._lose(value, error)
            return []
        except Exception:
            self._count_failure()
            return []

    def _count_failure(self) -> None:
        # The value was checked when it was logged, so this is a bug. The other events are still written.
        self._stats.failed += 1
        self._warn("encoding", "an event could not be encoded and is left out", exc_info=True)


def _extend(batch: list[bytes], events: Sequence[bytes]) -> int:
    batch += events
    return sum(map(len, events))
