"""The bounded queue between the threads that log and the one that writes.

A caller appends an entry to a deque and goes on. The `WriterThread` drains several queues in turn: it encodes,
frames and writes in batches. Callers wait for it only where they ask to (flush, close) or where the queue is full,
and never for longer than `PATIENCE` without progress.
"""

from __future__ import annotations

import collections
import contextlib
import logging
import sys
import threading
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from ..errors import WriteError
from ..notices import log_safely
from . import progress
from .encoder import BatchEncoder
from .memory import Slots
from .options import QueueOptions, Stats
from .pending import Entry, Ticket, nbytes
from .signal import AutoResetEvent
from .sink import EventSink

if TYPE_CHECKING:
    from ..records.events import EventsWriter
    from .thread import WriterThread

__all__ = ["EventQueue", "QueueOptions", "Stats"]

logger = logging.getLogger(__name__)

_WAKING = 8  # the share of the memory from which on the writer is woken: that takes as long as copying 256 KiB
_GLANCE = 0.2  # seconds between two looks at whether waiting is worth it


class EventQueue:
    """The pending events of one event file after another, and the writing of them.

    The lane of scalars is open to callers: they may append a `ScalarEntry` to `entries` themselves, and call
    `settle` if the queue is then longer than `limit`. Nothing else need be looked at, because the limit is -1
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
        self._thread = thread
        self._options = options
        self._sink = EventSink(open_file, options.flush_secs, events_writer, self._warn, self._leave_out)
        self._reset(closed=False)
        thread.attach(self)
        self._update_limit()

    def _reset(self, closed: bool) -> None:
        self.closed = closed
        self._closing: Ticket | None = None  # the ticket of the last close
        self._lock = threading.RLock()  # guards what callers change; the writer needs it for a store that fails only
        self._room = AutoResetEvent()  # set where a caller that waits for room should look again
        self._draining = threading.Lock()
        self._encoder = BatchEncoder(self.entries, self._thread.may_pause, self._free, self.stats, self._warn)
        self._flushed = False  # nothing was taken from the queue since the last flush of the file
        self._failing_since: float | None = None
        self._error: OSError | None = None  # the one to raise, where errors are to be raised
        self._slots = Slots(self._thread.memory, self._options.max_queue_bytes)
        self._update_limit()

    @property
    def events_writer(self) -> EventsWriter | None:
        """The open event file, if there is one."""
        return self._sink.events_writer

    # ---- what callers do

    def put(self, entry: Entry) -> None:
        """Append an entry; wait for room, or drop it, as `on_full` says.

        Raises WriteError where `on_error` is "raise" and an earlier write failed.
        """
        size = nbytes(entry)
        memory, most = self._thread.memory, self._options.max_queue_bytes
        if size:
            memory.take(size)
        self.entries.append(entry)
        if len(self.entries) > self.limit or (size and memory.taken > most):
            self.settle(entry)
        if size and (self._thread.idle or memory.taken > most // _WAKING):
            self._thread.wake()

    def settle(self, entry: Entry) -> None:
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
        elif self._thread.exiting:
            self.flush()  # nobody comes after this caller to do it

    def flush(self) -> bool:
        """Wait until every earlier entry is with the operating system; return whether it is.

        Gives up after `PATIENCE` seconds without progress, and at once where that was waited for before.
        Raises WriteError where `on_error` is "raise" and a write failed.
        """
        if self._flushed and not self.entries and self._error is None:
            return True
        if sys.is_finalizing():
            return False
        with self._lock:
            ticket = self._closing if self.closed else Ticket()
            if ticket is None:
                return True
            if not self.closed:
                self.entries.append(ticket)
        self._thread.hurry()
        written = self.wait_for(ticket, monotonic())
        self._raise_error()
        if not written and self._failing_since is not None:
            self._warn("unflushed", "flush gave up, while writing fails; %d events wait", self._pending())
        return written

    def close(self) -> bool:
        """Write every entry, bring it onto the disk and close the file; return whether that was done.

        Idempotent. An entry that is put in later opens the queue again, with a new file.
        Raises WriteError where `on_error` is "raise" and a write failed.
        """
        ticket = self.request_close()
        written = ticket is None or self.wait_for(ticket, monotonic())
        self._raise_error()
        return written

    def request_close(self) -> Ticket | None:
        """Begin to close, without waiting; the ticket is done when it is closed. None if there is nothing to do."""
        if sys.is_finalizing():
            return None
        with self._lock:
            if not self.closed:
                self.closed = True
                self._update_limit()
                self._closing = Ticket(close=True)
                self.entries.append(self._closing)
            ticket = self._closing
        self._thread.hurry()
        return ticket

    def wait_for(self, ticket: Ticket, since: float) -> bool:
        """Wait for a ticket as long as the store makes progress; return whether the entries before it are written.

        Patience is counted from the monotonic time `since`, or from the last progress after it.
        """
        if self._thread.is_current():
            return False  # a log handler or a finalizer that flushes from within the writer
        while not ticket.wait(self._glance(since)):
            if not self._thread.is_running():
                self._find_help()
            if self._patience_left(since) <= 0 and not ticket.wait(0.0):
                self._give_up()
                if not ticket.close:
                    self._retract(ticket)
                return False
        return ticket.written

    def _glance(self, since: float) -> float:
        """Return for how many seconds to wait before looking whether that is still worth it."""
        if self._failing_since is not None and not self._thread.progress.stalled:
            return _GLANCE  # time for one more attempt, even where patience is at its end
        return min(self._patience_left(since), _GLANCE)

    def _patience_left(self, since: float) -> float:
        failing_since = self._failing_since
        if failing_since is not None:
            return failing_since + progress.PATIENCE - monotonic()
        return self._thread.progress.patience_left(since)

    def _wait_for_room(self, size: int) -> bool:
        """Return whether the entries are within the memory they may take, now or after waiting."""
        since = monotonic()
        while not self._has_room(size):
            if self._options.on_full == "drop" or self._thread.is_current():
                return False
            if self._patience_left(since) <= 0:
                self._give_up()
                return False
            if not self._thread.is_running():
                self._find_help()
            if self._failing_since is None:  # else each attempt would wake this caller, who would ask for the next
                self._thread.hurry()
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
            if (size and pending > 1 and memory.taken > most) or not self._slots.hold(pending):
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
        self._warn("stalled", message, progress.PATIENCE, self._pending())

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
            if isinstance(newest, Ticket):
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
            pending = bool(self.entries or self._sink.batch)
            if pending:
                self._flushed = False
                self._drain()
            else:
                self._return_slots(0)
            return self._sink.sync_if_due() or pending
        except Exception as error:
            self._failed(error if isinstance(error, OSError) else OSError(f"{type(error).__name__}: {error}"))
            return False
        finally:
            self._draining.release()

    def _drain(self) -> None:
        self._write_out()  # what an error left behind
        turn = pending = len(self.entries)  # not what comes meanwhile: other queues are waiting too
        while turn > 0:
            taken, ticket = self._encoder.fill(self._sink.batch, turn)
            turn -= taken or turn
            try:
                self._write_out()
                if ticket is not None:
                    self._redeem(ticket)
            except Exception:
                if ticket is not None:
                    self.entries.appendleft(ticket)
                raise
        self._return_slots(pending)

    def _free(self, entry: Entry) -> None:
        """Give back the memory of an entry, to a caller who may wait for it."""
        size = nbytes(entry)
        if size:
            self._thread.memory.give(size)
            self._room.set()

    def _write_out(self) -> None:
        if self._sink.batch:
            self._progressed(self._sink.write_out())

    def _leave_out(self) -> None:
        self.stats.failed += 1
        self._warn("size", "an event is larger than a file may be and is left out")

    def _redeem(self, ticket: Ticket) -> None:
        """Do what the ticket was taken for, and let its caller go on."""
        if ticket.close:
            self._sink.close()
        else:
            self._sink.flush()
        self._progressed(0)
        self._flushed = not self.entries
        ticket.done(True)

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
                self._failing_since = monotonic()
            if self._options.on_error == "raise":
                self._error = error
            self._update_limit()
            if self._error is not None or self._patience_left(0.0) <= 0:
                lost = self._refuse_tickets()
        self._room.set()
        if first:  # not under the lock: a log handler may log here
            self._warn("failed", "%s; logging goes on and writing is tried again", error)
        if lost:
            self._warn("lost", "closed while writing fails; %d events are lost: %s", lost, error)

    def _refuse_tickets(self) -> int:
        """Keep nobody waiting for a store that fails; a queue that was to be closed is closed as it is.

        Return how many events are lost by that.
        """
        tickets = [entry for entry in tuple(self.entries) if isinstance(entry, Ticket) and self._retract(entry)]
        lost = self._drop_all() if self.closed else 0
        for ticket in tickets:
            ticket.done(False)
        return lost

    def _drop_all(self) -> int:
        dropped_before = self.stats.dropped
        while self.entries:
            entry = self.entries.popleft()
            if not isinstance(entry, Ticket):
                self._thread.memory.give(nbytes(entry))
                self.stats.dropped += 1
        written, lost = self._sink.abandon()
        self.stats.written += written
        self.stats.dropped += lost
        return self.stats.dropped - dropped_before

    def _warn(self, about: str, message: str, *values: object, exc_info: bool = False) -> None:
        """Warn once a minute, for all the queues of a run together."""
        if self._thread.progress.may_warn(about):
            log_safely(logger.warning, f"%s: {message}", self._sink.path, *values, exc_info=exc_info)

    def _pending(self) -> int:
        return len(self.entries) + len(self._sink.batch)

    # ---- after a fork

    def leave_to_parent(self) -> None:
        """In a fork's child: the pending events and the file are the parent's. A new file is opened when needed."""
        self.entries.clear()
        self.stats = Stats()
        self._sink.leave_to_parent()
        self._reset(closed=True)
