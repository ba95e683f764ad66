"""A caller that flushes writes what is pending itself, where that is sure to be quick.

Waking the writer thread and being woken by it takes 60 µs or more; writing a scalar to a local file takes 5.

A caller can be interrupted anywhere: by an exception that a signal handler raises, and by a signal handler that
flushes too. So entries stay in the queue until their bytes are in the file. What is to be written is noted as an
`Intent` before, and everything that is done then may be done again by whoever finds the intent: bytes are written
at a position, entries are taken by permits that are shared, and the next intent is linked in only if there is none.
"""

from __future__ import annotations

import collections
import itertools
import threading
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..records.framing import frame_batch
from ..summary.scalar import merged_events, scalar_event
from .entries import Entry
from .options import Stats

if TYPE_CHECKING:
    from ..storage.local import LocalFile
    from .sink import EventSink

_MOST_ENTRIES = 256
_MOST_BYTES = 64 << 10


class Intent:
    """Events that are to be at a position of a file.

    Attributes:
        file: the file.
        position: where the first of them begins.
        events: serialized.
        permits: to take the entries that became the events, one each, from the front of the queue.
        records: the bytes.
        total: how many events of the queue are written after these.
        is_done: the bytes are in the file, and the entries are taken.
        next: the intent that follows this one, under the key 0.
    """

    __slots__ = ("events", "file", "is_done", "next", "permits", "position", "records", "total")

    def __init__(
        self,
        file: LocalFile | None,
        position: int,
        total: int,
        entries: int = 0,
        events: Sequence[bytes] = (),
        records: bytes = b"",
    ) -> None:
        self.file = file
        self.position = position
        self.events = events
        self.records = records
        self.total = total
        self.is_done = False
        self.next: dict[int, Intent] = {}
        self.permits: itertools.repeat[tuple[()]] = itertools.repeat((), entries)

    @property
    def end(self) -> int:
        """Where the next records go."""
        return self.position + len(self.records)


class _Presence:
    """Tells, as long as a call of `DirectWriter.write` holds it, that there is one. No exception leaves it behind."""

    __slots__ = ("__weakref__",)


class DirectWriter:
    """Writes the entries at the front of a queue to the file behind it.

    `write` gives way to every other thread that is at work, and the writer thread to a call of `write` (`user`). It may
    go on all the same after a while, beginning with `hand_over`, which keeps that call from beginning anything more.
    One thread may be anywhere in `write` when a signal handler calls it again.

    Args:
        entries: the queue.
        sink: knows the file.
        stats: counts what is written.
        draining: locked by who drains the queue in the ordinary way.
        merge_scalars: whether successive scalars of one step share an Event.
    """

    def __init__(
        self,
        entries: collections.deque[Entry],
        sink: EventSink,
        stats: Stats,
        draining: threading.Lock,
        merge_scalars: bool = False,
    ) -> None:
        self._entries = entries
        self._sink = sink
        self._stats = stats
        self._draining = draining
        self._merge_scalars = merge_scalars
        self._present: dict[int, weakref.ref[_Presence]] = {}
        self._last = self._root(sink.local_file())

    def _root(self, file: LocalFile | None) -> Intent:
        root = Intent(file, 0 if file is None else file.size, self._stats.written)
        root.is_done = True
        return root

    def user(self) -> object | None:
        """Return what stands for a call of `write` that another thread is in, None if there is none."""
        return next((presence for presence in list(self._present.values()) if presence() is not None), None)

    def hand_over(self) -> None:
        """Keep calls from writing, and tell the sink what of their last intent is left to write."""
        last, barrier = self._newest(), self._root(None)
        while (following := last.next.setdefault(0, barrier)) is not barrier:
            last = following
        self._last = barrier
        if last.file is None:
            return
        last.file.set_size(last.end if last.is_done else last.position)
        self._stats.written = last.total if last.is_done else last.total - len(last.events)
        if not last.is_done:
            self._sink.resume(list(last.events), last.records)
            _take(self._entries, last)
            last.is_done = True

    def restart(self) -> None:
        """Let calls write again, behind what the writer thread has written."""
        self._last = self._newest().next.setdefault(0, self._root(self._sink.local_file()))

    def write(self) -> bool:
        """Write everything that is pending; return whether that is done, and not for the writer thread to do.

        That is so where the file lies on a local disk and is well, and only few scalars and serialized Events wait.
        Raises OSError; the intent stays then, for the writer thread.
        """
        presence = _Presence()
        if not self._enter(presence):
            return False
        last = self._newest()
        file = last.file
        if file is None or file is not self._sink.local_file() or not file.hold() or file.is_lost():
            return False
        while last.file is file:
            if not last.is_done:
                self._complete(last, file)
            if len(self._entries) > _MOST_ENTRIES:
                return False
            entries = list(self._entries)  # in one call: other threads append
            if not entries:
                return True
            events = self._serialized(entries)
            if events is None:
                return False
            total = last.total + len(events)
            intent = Intent(file, last.end, total, len(entries), events, frame_batch(events))
            last = self._last = last.next.setdefault(0, intent)  # another, where somebody was here meanwhile
        return False

    def _enter(self, presence: _Presence) -> bool:
        """Make a presence known, unless a call that was interrupted did; return whether no other thread is at work."""
        thread, present = threading.get_ident(), self._present
        mine = present.get(thread)
        if mine is None or mine() is None:
            present[thread] = weakref.ref(presence)
        if self._draining.locked():
            return False
        return len(present) == 1 or self._is_alone(thread)

    def _is_alone(self, thread: int) -> bool:
        return not any(other != thread and presence() is not None for other, presence in list(self._present.items()))

    def _serialized(self, entries: list[Entry]) -> list[bytes] | None:
        """Return the Events of entries, None where they are too large or have to be encoded at length."""
        if self._merge_scalars and all(type(entry) is tuple for entry in entries):
            return merged_events(entries)  # type: ignore[arg-type]
        events: list[bytes] = []
        size = 0
        for entry in entries:
            if type(entry) is tuple:
                events.append(scalar_event(*entry))
            elif type(entry) is bytes and size + len(entry) <= _MOST_BYTES:
                events.append(entry)
                size += len(entry)
            else:
                return None
        return events

    def _complete(self, intent: Intent, file: LocalFile) -> None:
        file.write_at(intent.position, intent.records)
        _take(self._entries, intent)
        intent.is_done = True
        if intent is self._last:
            self._stats.written = intent.total
        self._sink.note_written(len(intent.records))

    def _newest(self) -> Intent:
        last = self._last
        while last.next:
            last = last.next[0]
        return last


def _take(entries: collections.deque[Entry], intent: Intent) -> None:
    """Take the entries of an intent from the queue, unless that was done: in one call that nothing interrupts."""
    collections.deque(itertools.starmap(entries.popleft, intent.permits), maxlen=0)
