"""The bounded queue between the threads that log and the writer thread: the producer side.

A caller appends an entry to a deque and returns. The `WriterThread` drains several queues in turn: it encodes, frames
and writes in batches. Values that are slow to encode go to the `EncodingThread` first. Callers wait in flush and close,
and for room in a full queue. They wait for a store that does not answer until the timeout `PATIENCE`.
"""

from __future__ import annotations

import contextlib
import errno
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import DeviceError, WriteError
from . import clock, progress
from .drained_queue import POLL_SECONDS, WAKE_SHARE, DrainedQueue
from .entries import Barrier, Entry, nbytes
from .kinds import kinds_of
from .options import QueueOptions, Stats

if TYPE_CHECKING:
    from ..records.events import EventsWriter
    from .thread import WriterThread

__all__ = ["EventQueue", "QueueOptions", "Stats"]


class EventQueue(DrainedQueue):
    """A queue of pending events, for callers: they put entries in, flush and close.

    The fast path of scalars is open to callers: they may append a `ScalarEntry` to `entries` themselves, and call
    `enforce_limit` if the queue is then longer than `limit`. This is the only check, because the limit is -1 whenever
    the queue needs attention: it is closed, was inherited through a fork, has an error to raise, or the process is
    about to end. The limit is read after the entry is appended. So either the writer that closes the queue sees the
    entry, or the caller sees that the queue is closed.

    Args:
        open_file, thread, options, events_writer: see `DrainedQueue`.
    """

    def __init__(
        self,
        open_file: Callable[[], EventsWriter],
        thread: WriterThread,
        options: QueueOptions,
        events_writer: EventsWriter | None = None,
    ) -> None:
        super().__init__(open_file, thread, options, events_writer)
        thread.attach(self)
        self._update_limit()

    def put(self, entry: Entry) -> None:
        """Append an entry; wait for room, or drop it, as `on_full` says.

        Raises WriteError where `on_error` is "raise" and an earlier write failed, or nothing can be written.
        """
        size = nbytes(entry)
        memory, most = self._thread.memory, self._options.max_queue_bytes
        if size:
            memory.take(size)
        self.entries.append(entry)
        if len(self.entries) > self.limit or (size and memory.is_exceeded_by_values(most)):
            self.enforce_limit(entry)
        if size and (self._thread.idle or memory.values > most // WAKE_SHARE):
            self._thread.wake()

    def enforce_limit(self, entry: Entry) -> None:
        """Handle an appended entry that exceeds the limit: open the queue again, wait for room, or drop the entry."""
        if sys.is_finalizing():
            return  # other threads do not run any more, and may hold locks
        self._raise_error(entry)
        with self._lock:
            reopened, self.closed = self.closed, False
        if reopened or not self._thread.is_running():
            self._ensure_drained()
        if not self._wait_for_room(nbytes(entry)):
            self._drop(entry)
            if self._options.on_full != "drop":
                self._raise_given_up("nothing can be written, and an event was dropped")
        elif self._thread.exiting:
            self.flush()  # no later call will do it

    def flush(self) -> bool:
        """Wait until the operating system has every earlier entry; return whether it has.

        Times out where the store does not answer for `PATIENCE` seconds, and sooner for an operation that has timed out
        before. Raises WriteError where `on_error` is "raise" and the entries are not written.
        """
        if self._flushed and not self.entries and not self._in_flight and self._error is None:
            return True
        if sys.is_finalizing():
            return False
        if self._write_directly():
            return True
        barrier = self.request_flush()
        if barrier is None:
            return True
        written = self.wait_for(barrier, self._thread.progress.wait_start(), progress.BRIEF_PATIENCE)
        self._raise_error()
        if not written:
            self._give_up("flush")
        return written

    def request_flush(self) -> Barrier | None:
        """Begin to flush, without waiting; return the barrier to wait for, None if there is nothing to do."""
        with self._lock:
            barrier = self._closing if self.closed else Barrier()
            if barrier is not None and not self.closed:
                self.entries.append(barrier)
        self._thread.request_drain()
        return barrier

    def _write_directly(self) -> bool:
        """Write what is pending in the caller, where that is quick and nothing failed; return whether it is done."""
        is_impaired = self.closed or self._failing_since is not None or self._options.on_error == "raise"
        if is_impaired or self._in_flight or self._thread.exiting:
            return False
        try:
            return self._direct.write()
        except OSError:
            return False  # the writer thread tries again, and logs the error

    def close(self) -> bool:
        """Write every entry, sync and close the file; return whether that was done.

        Idempotent. An entry that is put in later opens the queue again, with a new file.
        Raises WriteError where `on_error` is "raise" and the entries are not written.
        """
        barrier = self.request_close()
        written = barrier is None or self.wait_for(barrier, self._thread.progress.wait_start())
        self._raise_error()
        if not written:
            self._give_up("close")
        return written

    def request_close(self) -> Barrier | None:
        """Begin to close, without waiting; return the barrier to wait for, None if there is nothing to do."""
        if sys.is_finalizing():
            return None
        with self._lock:
            if not self.closed:
                self._closing = Barrier(close=True)
                self.closed = True
                self._update_limit()
                self.entries.append(self._closing)
            barrier = self._closing
        self._thread.request_drain()
        return barrier

    def wait_for(self, barrier: Barrier, since: float, if_stalled: float | None = None) -> bool:
        """Wait for a barrier until the deadline; return whether the entries before it are written.

        Args:
            since: when the caller began to wait, by `clock.now`.
            if_stalled: see `Progress.seconds_left`.
        """
        if self._thread.is_current():
            return False  # a log handler or a finalizer on the writer thread flushes
        seconds_left = self._thread.progress.seconds_left
        while not barrier.wait(min(seconds_left(since, if_stalled), POLL_SECONDS)):
            if not self._thread.drains(self):
                self._ensure_drained()
            if seconds_left(since, if_stalled) <= 0 and not barrier.wait(0.0):
                self._note_stall()
                if not barrier.close:
                    self._retract(barrier)
                return False
            self._warn_of_slow_encoding(since)
        return barrier.written

    def _warn_of_slow_encoding(self, since: float) -> None:
        if self._thread.progress.encoding and clock.now() > since + progress.PATIENCE:
            self._warn("encoding", "waiting for %d values to be encoded", self._in_flight.values())

    def _wait_for_room(self, size: int) -> bool:
        """Wait for room; return whether the entries are within their memory."""
        since = clock.now()
        while not self._has_room(size):
            if self._options.on_full == "drop" or self._thread.is_current():
                return False
            if self._has_failed_for_long() or self._thread.progress.seconds_left(since, 0.0) <= 0:
                self._note_stall()
                return False
            if not self._thread.drains(self):
                self._ensure_drained()
            if self._failing_since is None:  # else each attempt would wake this caller, which would request the next
                self._thread.request_drain()
            self._room.wait(0.05)
        self._room.set()  # for the next waiting caller
        return True

    def _ensure_drained(self) -> None:
        """Attach the queue to the writer thread again; drain it here where no thread can be started."""
        self._thread.attach(self)
        if not self._thread.is_running():
            self.drain()

    def _has_room(self, size: int) -> bool:
        memory, most = self._thread.memory, self._options.max_queue_bytes
        with self._lock:
            pending = len(self.entries)
            is_only_entry = pending + len(self._in_flight) <= 1  # a value that is too large for the memory
            if (size and not is_only_entry and memory.is_exceeded_by_values(most)) or not self._slots.hold(pending):
                return False
            self._update_limit()
            return True

    def _note_stall(self) -> None:
        if self._failing_since is not None:
            return
        self._thread.progress.stalled = True
        if not self._thread.progress.is_warning_due("stalled"):
            return  # before the events are counted, which takes a while
        message = "nothing could be written for %g seconds; %d events wait, what finds no room is dropped"
        self._warn("stalled", message, progress.PATIENCE, self.pending_events())

    def _raise_error(self, entry: Entry | None = None) -> None:
        """Raise the error of an earlier write, where errors are to be raised; the entry is then removed."""
        if self._error is None:
            return
        with self._lock:
            error, self._error = self._error, None
            self._update_limit()
        if error is not None:
            if entry is not None and self._retract(entry):
                self.stats.drop("raised error", kinds_of([entry]))
            if isinstance(error, DeviceError):
                raise WriteError(errno.EIO, f"{self._sink.path}: {error}") from error
            raise WriteError(error.errno, f"{self._sink.path}: writing failed: {error}") from error

    def _give_up(self, what: str) -> None:
        """Warn of the events that still wait after a flush, or after a close while other threads log; or raise."""
        if self._failing_since is not None and not self.closed:
            self._warn("unflushed", f"{what} gave up, while writing fails; %d events wait", self.pending_events())
        self._raise_given_up(f"{what} gave up: nothing could be written")

    def _raise_given_up(self, what: str) -> None:
        """Raise WriteError for a store that does not answer, where errors are to be raised."""
        if self._options.on_error == "raise" and not self._thread.is_current():
            raise WriteError(errno.ETIMEDOUT, f"{self._sink.path}: {what}")

    def _drop(self, entry: Entry) -> None:
        """Drop the newest entry: this one, or one that another thread has appended since."""
        with contextlib.suppress(IndexError):
            newest = self.entries.pop()
            if isinstance(newest, Barrier):
                self.entries.append(newest)
                dropped = [entry] if self._retract(entry) else []
            else:
                self._thread.memory.give(nbytes(newest))
                dropped = [newest]
            with self._lock:
                self.stats.drop("no room", kinds_of(dropped))
