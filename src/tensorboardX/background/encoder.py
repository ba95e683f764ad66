"""Turns what waits in an event queue into serialized Events, without holding the interpreter lock for long."""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from time import sleep

from ..summary.scalar import ScalarEventEncoder, merged_events
from .entries import Barrier, Entry, Pending, PendingBytes, PendingScalars, ScalarEntry
from .in_flight import InFlight
from .options import Stats

BATCH_BYTES = 256 << 10
"""Size of a batch: small enough for a slow store to show progress, large enough to make few writes."""

_RUN = 1024  # scalars that are serialized at once
_PAUSED_RUN = 64  # the same, in some 50 us, where others get the interpreter lock after it
_PAUSE = 20e-6  # seconds; long enough for a thread that waits for the lock to take it, which `sleep(0)` is not


class BatchEncoder:
    """Moves entries from the front of a queue into a batch. Used by one thread at a time; touches no store.

    Scalars and serialized Events go into the batch at once, in their order, unless something of their tag is in
    flight. So do values that are quickly encoded while nothing is in flight: values never overtake one another, and
    nothing overtakes a barrier.

    Args:
        entries: the queue.
        in_flight: takes the values that are slow to encode, and the barriers.
        may_pause: whether there is time to let other threads run, with so many entries pending.
        free: called with each entry but scalars once it is in the batch: its memory is free again.
        stats: counts what cannot be encoded.
        warn: says what happened, not too often: takes a kind of warning, the message and its values.
        merge_scalars: whether successive scalars of one step share an Event.
    """

    def __init__(
        self,
        entries: collections.deque[Entry],
        in_flight: InFlight,
        may_pause: Callable[[int], bool],
        free: Callable[[Entry], None],
        stats: Stats,
        warn: Callable[..., None],
        merge_scalars: bool = False,
    ) -> None:
        self._entries = entries
        self._in_flight = in_flight
        self._may_pause = may_pause
        self._free = free
        self._stats = stats
        self._warn = warn
        self._events_of_scalars = merged_events if merge_scalars else ScalarEventEncoder().encode

    def fill(self, batch: list[bytes], most: int) -> int:
        """Take entries up to the end of a file, the size of a batch or `most`; return how many."""
        size = taken = 0
        while size < BATCH_BYTES and taken < most and not self._in_flight.is_closing:
            pauses = self._may_pause(len(self._entries))
            scalars = self._take_scalars(min(most - taken, _PAUSED_RUN if pauses else _RUN))
            if scalars:
                taken += len(scalars)
                size += _extend(batch, self._encode_scalars(self._not_held_back(scalars)))
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
        _extend(batch, self._events_of(value.events))
        self._free(value)

    def _take(self, batch: list[bytes], entry: Entry) -> int:
        """Put an entry into the batch, or let it wait for its turn; return by how many bytes the batch grew."""
        if isinstance(entry, tuple):  # a scalar that came just now
            return _extend(batch, self._encode_scalars(self._not_held_back([entry])))
        if isinstance(entry, Barrier):
            self._in_flight.add_barrier(entry)
            return 0
        if self._waits(entry):
            self._in_flight.add_value(entry if isinstance(entry, Pending) else PendingBytes(entry))
            return 0
        size = _extend(batch, [entry] if isinstance(entry, bytes) else self._events_of(entry.serialize))
        self._free(entry)
        return size

    def _waits(self, entry: bytes | Pending) -> bool:
        if isinstance(entry, Pending) and not entry.is_scalars:
            return bool(self._in_flight) or not entry.is_quick
        return self._in_flight.has_tag_of(entry)

    def _not_held_back(self, scalars: list[ScalarEntry]) -> list[ScalarEntry]:
        """Let the scalars wait that have to follow something in flight; return the others."""
        in_flight = self._in_flight
        if not in_flight:
            return scalars
        free: list[ScalarEntry] = []
        for scalar in scalars:
            if in_flight.has_tag_of(scalar):
                in_flight.add_value(PendingScalars(scalar[:1], partial(self._encode_scalars, [scalar]), 0))
            else:
                free.append(scalar)
        return free

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
        """Return the Events of scalars. One that cannot be encoded costs none of the others."""
        try:
            return self._events_of_scalars(scalars)
        except Exception:
            if len(scalars) > 1:
                return [event for scalar in scalars for event in self._encode_scalars([scalar])]
            self._could_not_encode()
            return []

    def _events_of(self, encode: Callable[[], Sequence[bytes]]) -> Sequence[bytes]:
        try:
            return encode()
        except Exception:
            self._could_not_encode()
            return []

    def _could_not_encode(self) -> None:
        # The value was checked when it was logged, so this is a mistake of ours; the other events go on.
        self._stats.failed += 1
        self._warn("encoding", "an event could not be encoded and is left out", exc_info=True)


def _extend(batch: list[bytes], events: Sequence[bytes]) -> int:
    batch += events
    return sum(map(len, events))
