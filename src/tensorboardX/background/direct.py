"""The fast path of flush: the caller writes the pending events itself, where that is sure to be quick.

A round trip to the writer thread takes 60 µs or more. Writing a scalar to a local file takes 5 µs.

A caller can be interrupted anywhere: by an exception that a signal handler raises, and by a signal handler that
flushes too. So entries stay in the queue until their bytes are in the file. An `Intent` records what is to be written
before it is written. Every later step is idempotent, so that another call can complete an intent that was interrupted:
bytes are written at a position, entries are taken by permits that are shared, and the next intent is linked in only if
there is none.
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
from .options import Observer, Stats

if TYPE_CHECKING:
    from ..storage.local import LocalFile
    from .sink import EventSink

_MOST_ENTRIES = 256
_MOST_BYTES = 64 << 10


class Intent:
    """Events that are to be written at a position of a file.

    Attributes:
        file: the file.
        position: where the first of them begins.
        events: serialized.
        permits: one for each entry to be taken from the front of the queue; an iterator that all calls share.
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


class _ActiveCall:
    """Stands for a call of `DirectWriter.write`. It is weakly referenced, so it ends with the frame of the call."""

    __slots__ = ("__weakref__",)


class DirectWriter:
    """Writes the entries at the front of a queue to its file.

    `write` does nothing while another thread writes. The writer thread waits for an `active_call`, for a limited time.
    Then it calls `suspend`, after which the call begins no further write. `write` is reentrant: a signal handler may
    call it anywhere within another call on the same thread.

    Args:
        entries: the queue.
        sink: knows the file.
        stats: counts what is written.
        draining: the lock that is held while a thread drains the queue.
        merge_scalars: whether successive scalars of one step share an Event.
        observe: takes each scalar once; see `QueueOptions`.
    """

    def __init__(
        self,
        entries: collections.deque[Entry],
        sink: EventSink,
        stats: Stats,
        draining: threading.Lock,
        merge_scalars: bool = False,
        observe: Observer | None = None,
    ) -> None:
        self._entries = entries
        self._sink = sink
        self._stats = stats
        self._draining = draining
        self._merge_scalars = merge_scalars
        self._observe = observe
        self._active_calls: dict[int, weakref.ref[_ActiveCall]] = {}
        self._last = self._root(sink.local_file())

    def _root(self, file: LocalFile | None) -> Intent:
        root = Intent(file, 0 if file is None else file.size, self._stats.written)
        root.is_done = True
        return root

    def active_call(self) -> object | None:
        """Return a handle of a call of `write` that is in progress, None if there is none."""
        return next((call for call in list(self._active_calls.values()) if call() is not None), None)

    def suspend(self) -> None:
        """Keep calls from writing, and pass the incomplete part of their last intent to the sink."""
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

    def resume(self) -> None:
        """Let calls write again, after what the writer thread has written."""
        self._last = self._newest().next.setdefault(0, self._root(self._sink.local_file()))

    def write(self) -> bool:
        """Write all pending entries; return whether that was done, else the writer thread has to do it.

        It is done where the file is on a local disk without an error, and only few scalars and serialized Events are
        pending. Raises OSError; the writer thread then completes the intent.
        """
        call = _ActiveCall()
        if not self._enter(call):
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
            last = self._last = last.next.setdefault(0, intent)  # that of a signal handler, if one wrote meanwhile
            if self._observe is not None and last is intent:
                self._observe(entries)  # type: ignore[arg-type]  # scalars and bytes: others are not written here
        return False

    def _enter(self, call: _ActiveCall) -> bool:
        """Register a call, unless the thread has one already; return whether no other thread writes."""
        thread, active = threading.get_ident(), self._active_calls
        outer = active.get(thread)  # that a signal handler interrupted
        if outer is None or outer() is None:
            active[thread] = weakref.ref(call)
        if self._draining.locked():
            return False
        return len(active) == 1 or self._is_only_call(thread)

    def _is_only_call(self, thread: int) -> bool:
        return not any(other != thread and call() is not None for other, call in list(self._active_calls.items()))

    def _serialized(self, entries: list[Entry]) -> list[bytes] | None:
        """Return the Events of entries, None where they are large or slow to encode."""
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
    """Take the entries of an intent from the queue, unless that was done. One call of C code, not interruptible."""
    collections.deque(itertools.starmap(entries.popleft, intent.permits), maxlen=0)
