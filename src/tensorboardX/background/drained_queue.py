"""The consumer side of an event queue: entries become batches, and batches are written, with retries.

One thread drains a queue at a time: the writer thread, or a caller where no thread can be started.
"""

from __future__ import annotations

import collections
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import DeviceError, shown
from ..notices import log_safely
from . import clock, progress
from .direct import DirectWriter
from .encoder import BATCH_BYTES, BatchEncoder
from .entries import Barrier, Entry, Pending, PendingFiles, count_events, nbytes
from .in_flight import InFlight
from .kinds import kinds_of
from .memory import Slots
from .options import QueueOptions, Stats
from .signal import AutoResetEvent
from .sink import EventSink
from .thread import WriterThread

if TYPE_CHECKING:
    from ..records.events import EventsWriter

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2
"""Seconds between two checks of the deadline while a caller waits."""

WAKE_SHARE = 8
"""The writer is woken from one eighth of the memory on. Waking it takes as long as copying 256 KiB."""

_DIRECT_SECONDS = 1.0  # that the writer thread waits for a caller that writes directly


class DrainedQueue:
    """The pending events of one event file after another, and their consumer.

    Args:
        open_file: opens the next event file; called by the writer thread, once after each close.
        thread: the writer thread.
        options: the policies for a store that is slow or fails.
        events_writer: the first event file, where it is open already.

    Attributes:
        entries: the queue itself.
        limit: the length of `entries` above which a caller calls `enforce_limit`; see `EventQueue`.
        stats: counts of written, dropped and failed events.
        lost: events that were dropped at the end, because the store did not take them.
    """

    def __init__(
        self,
        open_file: Callable[[], EventsWriter],
        thread: WriterThread,
        options: QueueOptions,
        events_writer: EventsWriter | None = None,
    ) -> None:
        self.entries: collections.deque[Entry] = collections.deque()
        self.stats = Stats()
        self.lost = 0  # events that were dropped at the end, because the store did not take them
        self._thread = thread
        self._options = options
        self._open_file = open_file
        self._reset(closed=False, events_writer=events_writer)

    def _reset(self, closed: bool, events_writer: EventsWriter | None = None) -> None:
        self.closed = closed
        self._closing: Barrier | None = None  # the barrier of the last close
        self._lock = threading.RLock()  # guards what callers change; the writer takes it after errors only
        self._room = AutoResetEvent()  # wakes a caller that waits for room
        self._draining = threading.Lock()
        self._in_flight = InFlight(self._thread.encoding)
        self._encoder = BatchEncoder(
            self.entries,
            self._in_flight,
            self._thread.may_pause,
            self._free,
            self.stats,
            self._warn,
            self._lose,
            self._options.merge_scalars,
            self._options.observe,
        )
        progress, memory, flush_secs = self._thread.progress, self._thread.memory, self._options.flush_secs
        callbacks = (self._progressed, self._warn, self._leave_out)
        self._sink = EventSink(self._open_file, flush_secs, events_writer, progress, memory, *callbacks)
        policies = self._options.merge_scalars, self._options.observe
        self._direct = DirectWriter(self.entries, self._sink, self.stats, self._draining, *policies)
        self._direct_call: object | None = None  # the direct call that was seen last, and since when:
        self._direct_call_since = 0.0
        self._flushed = False  # nothing was taken from the queue since the last flush of the file
        self._failing_since: float | None = None
        self._error: OSError | DeviceError | None = None  # the one to raise, where errors are to be raised
        self._slots = Slots(self._thread.memory, self._options.max_queue_bytes)
        self._update_limit()

    @property
    def events_writer(self) -> EventsWriter | None:
        """The open event file, if there is one."""
        return self._sink.events_writer

    @property
    def path(self) -> str:
        """Of the last event file, for the log."""
        return self._sink.path

    @property
    def is_finished(self) -> bool:
        """Whether there is nothing to drain until another entry is put in."""
        closing = self._closing  # set before `closed`: else the thread could end before the barrier is in the queue
        closed = self.closed and (closing is None or closing.is_complete)
        return closed and not self.entries and not self._in_flight

    def _update_limit(self) -> None:
        needs_attention = (
            self.closed or self._error is not None or self._thread.exiting or not self._thread.is_running()
        )
        self.limit = -1 if needs_attention else self._slots.count

    def _retract(self, entry: Entry) -> bool:
        """Remove an entry from the queue; return False if it was taken already."""
        try:
            self.entries.remove(entry)
        except (ValueError, IndexError):
            return False
        self._thread.memory.give(nbytes(entry))
        return True

    def drain(self) -> bool:
        """Write what is pending now; return whether there was anything. Never raises."""
        if not self._draining.acquire(timeout=POLL_SECONDS):
            return False  # another thread drains it
        try:
            if self._is_caller_writing():
                return True
            self._upload_if_due()
            pending = bool(self.entries or self._sink.batch or self._in_flight)
            if pending:
                self._flushed = False
                self._direct.suspend()
                self._drain()
                self._direct.resume()
            else:
                self._return_slots(0)
            return self._sink.sync_if_due() or (pending and not self._sink.batch)
        except BaseException as error:  # SystemExit of a store must not end the thread
            if not isinstance(error, Exception) and not self._thread.is_current():
                raise
            self._failed(error if isinstance(error, OSError) else OSError(f"{type(error).__name__}: {error}"))
            return False
        finally:
            self._draining.release()

    def _is_caller_writing(self) -> bool:
        """Whether a caller writes directly, which is quick.

        After a second this returns False: a traceback that is kept alive keeps the frame of the call alive too.
        """
        call = self._direct.active_call()
        if call is not self._direct_call:
            self._direct_call, self._direct_call_since = call, clock.now()
        return call is not None and clock.now() < self._direct_call_since + _DIRECT_SECONDS

    def _drain(self) -> None:
        self._sink.write_out()  # the batch of an earlier attempt
        self._complete()
        turn = pending = len(self.entries)  # later entries wait for the next turn: other queues are drained too
        while turn > 0 and not self._in_flight.is_closing:
            turn -= self._encoder.fill(self._sink.batch, turn) or turn
            self._sink.write_out()
            self._complete()
        self._return_slots(pending)

    def _complete(self) -> None:
        """Complete what is in flight, as far as it is encoded: write values, and perform barriers."""
        size = 0
        while (entry := self._in_flight.first_done()) is not None:
            if isinstance(entry, Barrier):
                self._sink.write_out()
                self._perform(entry)
            elif isinstance(entry, PendingFiles):
                self._write_files(entry)
            self._in_flight.remove_first()
            if isinstance(entry, Pending):
                size += entry.nbytes
                self._encoder.take_encoded(self._sink.batch, entry)
                if size > BATCH_BYTES:
                    self._sink.write_out()
                    size = 0
        self._sink.write_out()

    def _perform(self, barrier: Barrier) -> None:
        """Flush or close the file, and complete the barrier."""
        removed = bool(self._sink.batch)  # and its directory
        if removed:
            self._drop_file("removed directory")
        elif barrier.close:
            self._sink.close()
        else:
            self._sink.flush()
        self._progressed(0)
        self._flushed = not self.entries and len(self._in_flight) == 1
        barrier.complete(not removed)

    def _write_files(self, files: PendingFiles) -> None:
        """Write files beside the event file. Raises OSError while it is to be retried."""
        try:
            with self._thread.progress.operation():
                files.write()
        except OSError as error:
            if files.may_retry():
                raise
            self.stats.drop("files", kinds_of([files]))
            self._warn("files", "files beside it could not be written and are left out: %s", error)

    def _free(self, entry: Entry) -> None:
        """Release the memory of an entry, and wake a caller that waits for it."""
        size = nbytes(entry)
        if size:
            self._thread.memory.give(size)
            self._room.set()

    def _upload_if_due(self) -> None:
        """Upload the buffer of the file, where the buffers of the run take much of the memory. Raises OSError."""
        if self._sink.buffered.events and self._thread.memory.buffered > self._options.max_queue_bytes // WAKE_SHARE:
            self._sink.flush()

    def _leave_out(self) -> None:
        self.stats.failed += 1
        self._warn("size", "an event is larger than a file may be and is left out")

    def _lose(self, value: Pending, error: DeviceError) -> None:
        """Count a value that a device did not give, and warn of it, or let the next call raise the error."""
        lost = DeviceError(f"tag {', '.join(map(shown, value.tags[:3]))}: {error}; the value is left out")
        self.stats.drop("device error", kinds_of([value]))
        if self._options.on_error == "raise":
            with self._lock:
                self._error = self._error or lost
                self._update_limit()
        self._warn("device", "%s", lost)

    def _return_slots(self, used: int) -> None:
        if not self._lock.acquire(blocking=False):
            return  # next time: the thread that has the lock may be in a signal handler that waits for the writer
        try:
            self._slots.give_back(len(self.entries), used)
            self._update_limit()
        finally:
            self._lock.release()

    def _progressed(self, written: int) -> None:
        self.stats.written += written
        recovered = self._thread.progress.note_written() or self._failing_since is not None
        self._failing_since = None
        self._room.set()
        if recovered:
            self._warn("recovered", "writing goes on; %d events were dropped", self.stats.dropped)

    def _failed(self, error: OSError) -> None:
        lost = 0
        with self._lock:
            self.stats.errors += 1
            first = self._failing_since is None
            if first:
                self._failing_since = clock.now()
            if self._options.on_error == "raise":
                self._error = error
            self._update_limit()
            if self._has_failed_for_long():
                lost = self._refuse_barriers()
                self.lost += lost
            elif self._error is not None and not self.closed:
                self._refuse_flushes()
        self._room.set()
        if first:  # not under the lock: a log handler may log to this queue
            self._warn("failed", "%s; logging goes on and writing is tried again", error)
        if lost and not self._thread.exiting:  # at exit, `close_all` reports it
            self._warn("lost", "closed while writing fails; %d events are lost: %s", lost, error)

    def _has_failed_for_long(self) -> bool:
        """Whether the store has failed for longer than callers wait. Then each of them waits for one attempt only."""
        return self._failing_since is not None and clock.now() >= self._failing_since + progress.PATIENCE

    def _refuse_flushes(self) -> None:
        """Complete the barriers of flushes as not written, because their callers raise the error of the store."""
        for barrier in self._take_barriers():
            barrier.complete(False)

    def _take_barriers(self) -> list[Barrier]:
        pending = [entry for entry in tuple(self.entries) if isinstance(entry, Barrier) and self._retract(entry)]
        return self._in_flight.take_barriers() + pending

    def _refuse_barriers(self) -> int:
        """Complete all barriers as not written, because the store fails. If the queue is closed, drop its entries.

        Return how many events are dropped.
        """
        barriers = self._take_barriers()
        lost = self._drop_all() if self.closed else 0
        for barrier in barriers:
            barrier.complete(False)
        return lost

    def _drop_all(self) -> int:
        """Drop what is pending and abandon the file; return how many events are lost."""
        return self._drop_file("closed while failing") + self._drop_entries("closed while failing")

    def _drop_file(self, reason: str) -> int:
        """Abandon the file with its batch and its buffer; return how many events are dropped."""
        written, unwritten, buffered = self._sink.abandon()
        self.stats.written += written
        return self.stats.drop(reason, [*kinds_of(unwritten), *["event"] * buffered])

    def _drop_entries(self, reason: str) -> int:
        """Drop what is in the queue and in flight; return how many events."""
        dropped: list[Entry] = [*self._in_flight.drop_values()]
        with contextlib.suppress(IndexError):  # raised where the queue is empty
            while True:
                entry = self.entries.popleft()
                self._thread.memory.give(nbytes(entry))
                dropped.append(entry)
        return self.stats.drop(reason, kinds_of(dropped))

    def _warn(self, about: str, message: str, *values: object, exc_info: bool = False) -> None:
        """Warn once a minute, for all the queues of a run together."""
        if self._thread.progress.may_warn(about):
            log_safely(logger.warning, f"%s: {message}", self._sink.path, *values, exc_info=exc_info)

    def pending_events(self) -> int:
        """Return how many events are pending."""
        taken = self._in_flight.events() + len(self._sink.batch) + self._sink.buffered.events
        return count_events(tuple(self.entries)) + taken

    # ---- exit and fork

    def abandon(self) -> None:
        """At exit: drop what the store did not take.

        The batch that is being written counts as dropped, because the store may not have it.
        """
        unwritten = [*kinds_of(self._sink.batch), *["event"] * self._sink.buffered.events]
        self.lost += self.stats.drop("ended", unwritten) + self._drop_entries("ended")

    def reset_after_fork(self) -> None:
        """In a fork's child: the pending events and the file belong to the parent. A new file is opened when needed."""
        self.entries.clear()
        self.stats = Stats()
        self._sink.reset_after_fork()
        self._reset(closed=True)
