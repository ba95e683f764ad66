"""Turns what waits in an event queue into serialized Events, without holding the interpreter lock for long."""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Callable
from time import sleep

from ..summary.scalar import ScalarEventEncoder
from .options import Stats
from .pending import Entry, Pending, PendingFiles, ScalarEntry, Ticket

_BATCH_BYTES = 256 << 10  # small enough for a slow store to show progress, large enough to make few writes
_RUN = 1024  # scalars that are serialized at once
_PAUSED_RUN = 64  # the same, in some 50 us, where others get the interpreter lock after it
_PAUSE = 20e-6  # seconds; long enough for a thread that waits for the lock to take it, which `sleep(0)` is not


class BatchEncoder:
    """Moves entries from the front of a queue into a batch. Used by one thread at a time; touches no store.

    Args:
        entries: the queue.
        may_pause: whether there is time to let other threads run, with so many entries pending.
        free: called with each entry but scalars once it is serialized: its memory is free again.
        stats: counts what cannot be encoded.
        warn: says what happened, not too often: takes a kind of warning, the message and its values.
    """

    def __init__(
        self,
        entries: collections.deque[Entry],
        may_pause: Callable[[int], bool],
        free: Callable[[Entry], None],
        stats: Stats,
        warn: Callable[..., None],
    ) -> None:
        self._entries = entries
        self._may_pause = may_pause
        self._free = free
        self._stats = stats
        self._warn = warn
        self._scalars = ScalarEventEncoder()

    def fill(self, batch: list[bytes], most: int) -> tuple[int, Ticket | None]:
        """Serialize entries into `batch`, up to a ticket, the size of a batch or `most`; return how many.

        Raises OSError where files could not be written and should be tried again: their entry is in the queue then.
        """
        size = taken = 0
        while size < _BATCH_BYTES and taken < most:
            pauses = self._may_pause(len(self._entries))
            scalars = self._take_scalars(min(most - taken, _PAUSED_RUN if pauses else _RUN))
            if scalars:
                taken += len(scalars)
                size += _extend(batch, self._encode_scalars(scalars))
                if pauses:
                    sleep(_PAUSE)
                continue
            try:
                entry = self._entries.popleft()
            except IndexError:
                break
            taken += 1
            if isinstance(entry, Ticket):
                return taken, entry
            if isinstance(entry, tuple):  # a scalar that came just now
                size += _extend(batch, self._encode_scalars([entry]))
                continue
            size += _extend(batch, self._encode(entry))
            self._free(entry)
        return taken, None

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
            return self._scalars.encode(scalars)
        except Exception:
            if len(scalars) > 1:
                return [event for scalar in scalars for event in self._encode_scalars([scalar])]
            self._could_not_encode()
            return []

    def _encode(self, entry: bytes | Pending) -> list[bytes]:
        if isinstance(entry, bytes):
            return [entry]
        try:
            return entry.serialize()
        except Exception as error:
            if isinstance(entry, PendingFiles) and isinstance(error, OSError):
                self._try_again(entry, error)
            else:
                self._could_not_encode()
            return []

    def _try_again(self, files: PendingFiles, error: OSError) -> None:
        """Put files back into the queue and raise their error; give them up after the last attempt."""
        if files.may_fail_again():
            self._entries.appendleft(files)
            raise error
        self._stats.dropped += 1
        self._warn("files", "files beside it could not be written and are left out: %s", error)

    def _could_not_encode(self) -> None:
        # The value was checked when it was logged, so this is a mistake of ours; the other events go on.
        self._stats.failed += 1
        self._warn("encoding", "an event could not be encoded and is left out", exc_info=True)


def _extend(batch: list[bytes], events: list[bytes]) -> int:
    batch += events
    return sum(map(len, events))
