"""The bounded queue between the threads that log and the one that writes.

A caller appends an entry to a deque and goes on. The `WriterThread` drains several queues in turn: it encodes,
frames and writes in batches; what takes long to encode goes to the `EncodingThread` first. Callers wait only where
they ask to (flush, close) or where the queue is full, and never longer than `PATIENCE` for a store that does not
answer.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import logging
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import WriteError
from ..notices import log_safely
from . import clock, progress
from .direct import DirectWriter
from .encoder import BatchEncoder
from .entries import Barrier, Entry, Pending, PendingFiles, nbytes
from .in_flight import InFlight
from .memory import Slots
from .options import QueueOptions, Stats
from .signal import AutoResetEvent
from .sink import DirectoryRemoved, EventSink
from .thread import WriterThread

if TYPE_CHECKING:
    from ..records.events import EventsWriter

__all__ = ["EventQueue", "QueueOptions", "Stats"]

logger = logging.getLogger(__name__)

_WAKING = 8  # the share of the memory from which on the writer is woken: that takes as long as copying 256 KiB
_DIRECT_SECONDS = 1.0  # for which a caller that writes directly is not disturbed
_GLANCE = 0.2  # seconds between two looks at whether waiting is worth it


class EventQueue:
    """The pending events of one event file after another, and the writing of them.

    The fast path of scalars is open to callers: they may append a `ScalarEntry` to `entries` themselves, and call
    `enforce_limit` if the queue is then longer than `limit`. Nothing else need be looked at, because the limit is -1
    whenever the queue needs attention: it is closed, was inherited through a fork, has an error to raise, or the
    process is about to end. And because the limit is read after the entry is appended, an entry is either seen by
    the writer that closes the queue, or its caller sees that the queue was closed: none falls between.

    Args:
        open_file: opens the next event file; called by the writer thread, once after each close.
        thread: the thread that drains this queue.
        options: how to behave when the store is slow or fails.
        events_writer: the first event file, where it is open already.
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
        thread.attach(self)
        self._update_limit()

    def _reset(self, closed: bool, events_writer: EventsWriter | None = None) -> None:
        self.closed = closed
        self._closing: Barrier | None = None  # the barrier of the last close
        self._lock = threading.RLock()  # guards what callers change; the writer needs it for a store that fails only
        self._room = AutoResetEvent()  # set where a caller that waits for room should look again
        self._draining = threading.Lock()
        self._in_flight = InFlight(self._thread.encoding)
        self._encoder = BatchEncoder(
            self.entries,
            self._in_flight,
            self._thread.may_pause,
            self._free,
            self.stats,
            self._warn,
            self._options.merge_scalars,
        )
        progress, memory, flush_secs = self._thread.progress, self._thread.memory, self._options.flush_secs
        told = (self._progressed, self._warn, self._leave_out)
        self._sink = EventSink(self._open_file, flush_secs, events_writer, progress, memory, *told)
        self._direct = DirectWriter(self.entries, self._sink, self.stats, self._draining, self._options.merge_scalars)
        self._user: object | None = None  # stands for a caller who was found to write directly, first at:
        self._in_use_since = 0.0
        self._flushed = False  # nothing was taken from the queue since the last flush of the file
        self._failing_since: float | None = None
        self._directory_removed = False  # what is pending was logged before that
        self._error: OSError | None = None  # the one to raise, where errors are to be raised
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
        """Whether there is nothing to drain until somebody puts an entry in."""
        closing = self._closing  # set before `closed`: else the thread could leave before the barrier is in the queue
        closed = self.closed and (closing is None or closing.is_complete)
        return closed and not self.entries and not self._in_flight

    # ---- what callers do

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
        if size and (self._thread.idle or memory.values > most // _WAKING):
            self._thread.wake()

    def enforce_limit(self, entry: Entry) -> None:
        """See to an appended entry that exceeds the limit: open the queue again, wait for room, or drop the entry."""
        if sys.is_finalizing():
            return  # other threads never run again, whatever they hold
        self._raise_error(entry)
        with self._lock:
            reopened, self.closed = self.closed, False
        if reopened or not self._thread.is_running():
            self._find_help()
        if not self._wait_for_room(nbytes(entry)):
            self._drop(entry)
            if self._options.on_full != "drop":
                self._raise_given_up("nothing can be written, and an event was dropped")
        elif self._thread.exiting:
            self.flush()  # nobody comes after this caller to do it

    def flush(self) -> bool:
        """Wait until every earlier entry is with the operating system; return whether it is.

        Gives up on a store that does not answer for `PATIENCE` seconds, and sooner on an operation that was given up
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
        written = self.wait_for(barrier, self._thread.progress.since(), progress.BRIEF_PATIENCE)
        self._raise_error()
        if not written:
            if self._failing_since is not None:
                self._warn("unflushed", "flush gave up, while writing fails; %d events wait", self.pending_events())
            self._raise_given_up("flush gave up: nothing could be written")
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
        """Write what is pending in the caller, where that is quick and nothing is amiss; return whether it is done."""
        amiss = self.closed or self._failing_since is not None or self._options.on_error == "raise"
        if amiss or self._in_flight or self._thread.exiting:
            return False
        try:
            return self._direct.write()
        except OSError:
            return False  # the writer thread tries again, and says what is wrong

    def close(self) -> bool:
        """Write every entry, bring it onto the disk and close the file; return whether that was done.

        Idempotent. An entry that is put in later opens the queue again, with a new file.
        Raises WriteError where `on_error` is "raise" and the entries are not written.
        """
        barrier = self.request_close()
        written = barrier is None or self.wait_for(barrier, self._thread.progress.since())
        self._raise_error()
        if not written:
            self._raise_given_up("close gave up: nothing could be written")
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
        """Wait for a barrier while there is hope; return whether the entries before it are written.

        Args:
            since: when the caller began to wait, by `clock.now`.
            if_stalled: see `Progress.patience_left`.
        """
        if self._thread.is_current():
            return False  # a log handler or a finalizer that flushes from within the writer
        patience_left = self._thread.progress.patience_left
        while not barrier.wait(min(patience_left(since, if_stalled), _GLANCE)):
            if not self._thread.is_running():
                self._find_help()
            if patience_left(since, if_stalled) <= 0 and not barrier.wait(0.0):
                self._give_up()
                if not barrier.close:
                    self._retract(barrier)
                return False
            self._say_what_is_awaited(since)
        return barrier.written

    def _say_what_is_awaited(self, since: float) -> None:
        if self._thread.progress.encoding and clock.now() > since + progress.PATIENCE:
            self._warn("encoding", "waiting for %d values to be encoded", self._in_flight.values())

    def _wait_for_room(self, size: int) -> bool:
        """Return whether the entries are within the memory they may take, now or after waiting."""
        since = clock.now()
        while not self._has_room(size):
            if self._options.on_full == "drop" or self._thread.is_current():
                return False
            if self._has_failed_for_long() or self._thread.progress.patience_left(since, 0.0) <= 0:
                self._give_up()
                return False
            if not self._thread.is_running():
                self._find_help()
            if self._failing_since is None:  # else each attempt would wake this caller, who would ask for the next
                self._thread.request_drain()
            self._room.wait(0.05)
        self._room.set()  # for the next one that waits
        return True

    def _find_help(self) -> None:
        """Have the writer thread drain this queue, again; drain here where no thread can be started."""
        self._thread.attach(self)
        if not self._thread.is_running():
            self.drain()

    def _has_room(self, size: int) -> bool:
        memory, most = self._thread.memory, self._options.max_queue_bytes
        with self._lock:
            pending = len(self.entries)
            alone = pending + len(self._in_flight) <= 1  # a value that is too large for the memory
            if (size and not alone and memory.is_exceeded_by_values(most)) or not self._slots.hold(pending):
                return False
            self._update_limit()
            return True

    def _update_limit(self) -> None:
        needs_attention = (
            self.closed or self._error is not None or self._thread.exiting or not self._thread.is_running()
        )
        self.limit = -1 if needs_attention else self._slots.count

    def _give_up(self) -> None:
        if self._failing_since is not None or self._thread.progress.stalled:
            return
        self._thread.progress.stalled = True
        message = "nothing could be written for %g seconds; %d events wait, what finds no room is dropped"
        self._warn("stalled", message, progress.PATIENCE, self.pending_events())

    def _raise_error(self, entry: Entry | None = None) -> None:
        """Raise the error of an earlier write, where errors are to be raised; the entry is taken back then."""
        if self._error is None:
            return
        with self._lock:
            error, self._error = self._error, None
            self._update_limit()
        if error is not None:
            if entry is not None and self._retract(entry):
                self.stats.dropped += 1
            raise WriteError(error.errno, f"{self._sink.path}: writing failed: {error}") from error

    def _raise_given_up(self, what: str) -> None:
        """Raise that the store does not answer, where errors are to be raised."""
        if self._options.on_error == "raise" and not self._thread.is_current():
            raise WriteError(errno.ETIMEDOUT, f"{self._sink.path}: {what}")

    def _retract(self, entry: Entry) -> bool:
        """Take an entry back; return False if it is on its way already."""
        try:
            self.entries.remove(entry)
        except (ValueError, IndexError):
            return False
        self._thread.memory.give(nbytes(entry))
        return True

    def _drop(self, entry: Entry) -> None:
        """Drop the newest entry: this one, or one of another thread that came just now."""
        with contextlib.suppress(IndexError):
            newest = self.entries.pop()
            if isinstance(newest, Barrier):
                self.entries.append(newest)
                dropped = self._retract(entry)
            else:
                self._thread.memory.give(nbytes(newest))
                dropped = True
            with self._lock:
                self.stats.dropped += dropped

    # ---- what the writer does

    def drain(self) -> bool:
        """Write what is pending now; return whether there was anything. Never raises."""
        if not self._draining.acquire(timeout=_GLANCE):
            return False  # a thread that came to help finds the writer at work
        try:
            if self._is_left_to_caller():
                return True
            self._upload_if_due()
            pending = bool(self.entries or self._sink.batch or self._in_flight)
            if pending:
                self._flushed = False
                self._direct.hand_over()
                self._drain()
                self._direct.restart()
            else:
                self._return_slots(0)
            return self._sink.sync_if_due() or pending
        except DirectoryRemoved:
            self._directory_removed = True
            with self._lock:
                self._refuse_barriers()
            return False
        except Exception as error:
            self._failed(error if isinstance(error, OSError) else OSError(f"{type(error).__name__}: {error}"))
            return False
        finally:
            self._draining.release()

    def _is_left_to_caller(self) -> bool:
        """Whether a caller writes directly, which takes a moment.

        After a second the thread goes on all the same: a traceback that somebody keeps may stand for the caller.
        """
        user = self._direct.user()
        if user is not self._user:
            self._user, self._in_use_since = user, clock.now()
        return user is not None and clock.now() < self._in_use_since + _DIRECT_SECONDS

    def _drain(self) -> None:
        if self._directory_removed:
            if not any(not isinstance(entry, Barrier) for entry in tuple(self.entries)):
                raise DirectoryRemoved
            self._directory_removed = False  # it is made again for what was logged since
            self._sink.write_out()
        self._write_out()  # what an error left behind
        self._complete()
        turn = pending = len(self.entries)  # not what comes meanwhile: other queues are waiting too
        while turn > 0 and not self._in_flight.is_closing:
            turn -= self._encoder.fill(self._sink.batch, turn) or turn
            self._write_out()
            self._complete()
        self._return_slots(pending)

    def _complete(self) -> None:
        """See to what is in flight, as far as it is encoded: write values, and do what barriers stand for."""
        while (entry := self._in_flight.first_done()) is not None:
            if isinstance(entry, Barrier):
                self._perform(entry)
            elif isinstance(entry, PendingFiles):
                self._write_files(entry)
            self._in_flight.remove_first()
            if isinstance(entry, Pending):
                self._encoder.take_encoded(self._sink.batch, entry)
            self._write_out()

    def _perform(self, barrier: Barrier) -> None:
        """Flush or close the file, and let the barrier's caller go on."""
        if barrier.close:
            self._sink.close()
        else:
            self._sink.flush()
        self._progressed(0)
        self._flushed = not self.entries and len(self._in_flight) == 1
        barrier.complete(True)

    def _write_files(self, files: PendingFiles) -> None:
        """Write files beside the event file. Raises OSError while it is worth trying again."""
        try:
            with self._thread.progress.operation():
                files.write()
        except OSError as error:
            if files.may_fail_again():
                raise
            self.stats.dropped += 1
            self._warn("files", "files beside it could not be written and are left out: %s", error)

    def _free(self, entry: Entry) -> None:
        """Give back the memory of an entry, to a caller who may wait for it."""
        size = nbytes(entry)
        if size:
            self._thread.memory.give(size)
            self._room.set()

    def _write_out(self) -> None:
        if self._sink.batch:
            self._sink.write_out(may_make_directory=False)

    def _upload_if_due(self) -> None:
        """Have the file store what it keeps, where the files of the run take much of the memory. Raises OSError."""
        if self._sink.unstored.events and self._thread.memory.unstored > self._options.max_queue_bytes // _WAKING:
            self._sink.flush()

    def _leave_out(self) -> None:
        self.stats.failed += 1
        self._warn("size", "an event is larger than a file may be and is left out")

    def _return_slots(self, used: int) -> None:
        if not self._lock.acquire(blocking=False):
            return  # next time: a signal handler that waits for the writer may have interrupted who has the lock
        try:
            self._slots.give_back(len(self.entries), used)
            self._update_limit()
        finally:
            self._lock.release()

    def _progressed(self, written: int) -> None:
        self.stats.written += written
        recovered = self._thread.progress.made() or self._failing_since is not None
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
            if self._error is not None or self._has_failed_for_long():
                lost = self._refuse_barriers()
                self.lost += lost
        self._room.set()
        if first:  # not under the lock: a log handler may log here
            self._warn("failed", "%s; logging goes on and writing is tried again", error)
        if lost and not self._thread.exiting:  # else it is part of the last word
            self._warn("lost", "closed while writing fails; %d events are lost: %s", lost, error)

    def _has_failed_for_long(self) -> bool:
        """Whether the store was tried for as long as callers wait for it. Then each of them has one more attempt."""
        return self._failing_since is not None and clock.now() >= self._failing_since + progress.PATIENCE

    def _refuse_barriers(self) -> int:
        """Keep nobody waiting for a store that fails; a queue that was to be closed is closed as it is.

        Return how many events are lost by that.
        """
        barriers = self._in_flight.take_barriers()
        barriers += [entry for entry in tuple(self.entries) if isinstance(entry, Barrier) and self._retract(entry)]
        lost = self._drop_all() if self.closed else 0
        for barrier in barriers:
            barrier.complete(False)
        return lost

    def _drop_all(self) -> int:
        """Drop what is pending and let go of the file; return how many events are lost."""
        lost = self._drop_entries()
        written, unwritten = self._sink.abandon()
        self.stats.written += written
        self.stats.dropped += unwritten
        return lost + unwritten

    def _drop_entries(self) -> int:
        dropped = self._in_flight.drop_values()
        while self.entries:
            entry = self.entries.popleft()
            if not isinstance(entry, Barrier):
                self._thread.memory.give(nbytes(entry))
                dropped += 1
        self.stats.dropped += dropped
        return dropped

    def _warn(self, about: str, message: str, *values: object, exc_info: bool = False) -> None:
        """Warn once a minute, for all the queues of a run together."""
        if self._thread.progress.may_warn(about):
            log_safely(logger.warning, f"%s: {message}", self._sink.path, *values, exc_info=exc_info)

    def pending_events(self) -> int:
        """Return how many events wait to be written."""
        entries = sum(not isinstance(entry, Barrier) for entry in tuple(self.entries))
        return entries + self._in_flight.values() + len(self._sink.batch) + self._sink.unstored.events

    # ---- the end

    def abandon(self) -> None:
        """At the end of the process: drop what the store did not take.

        The batch that is being written counts as dropped: whether the store has it, nobody will know.
        """
        lost = len(self._sink.batch) + self._sink.unstored.events
        self.stats.dropped += lost
        self.lost += lost + self._drop_entries()

    def leave_to_parent(self) -> None:
        """In a fork's child: the pending events and the file are the parent's. A new file is opened when needed."""
        self.entries.clear()
        self.stats = Stats()
        self._sink.leave_to_parent()
        self._reset(closed=True)
