"""The bounded queue between the threads that log and the one that writes.

A caller appends an entry to a deque and goes on. The `WriterThread` drains several queues in turn: it encodes,
frames and writes in batches. Callers wait for it only where they ask to (flush, close) or where the queue is full,
and never for longer than `PATIENCE` without progress.
"""

from __future__ import annotations

import collections
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from .errors import WriteError
from .pending import Entry, PendingSummary, Ticket, nbytes
from .summary.scalar import ScalarEventEncoder

if TYPE_CHECKING:
    from .event_file_writer import EventsWriter
    from .writer_thread import WriterThread

logger = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds that a caller waits for a store that makes no progress, before it goes on without it."""

_ENTRY_BYTES = 256  # what a pending scalar takes at most: a tuple, three numbers, its place in the deque
_BATCH_BYTES = 256 << 10  # small enough for a slow store to show progress, large enough to make few writes
_LOOK_SECONDS = 1.0  # how often a file is looked at, whether it is still there


@dataclass
class Stats:
    """What became of the events of a writer so far.

    `written` events are with the operating system; `dropped` ones were given up because the store failed or was
    too slow; `failed` ones could not be encoded. `errors` counts the errors of the store.
    """

    written: int = 0
    dropped: int = 0
    failed: int = 0
    errors: int = 0


@dataclass(frozen=True)
class QueueOptions:
    """How a writer behaves when its store does not keep up, or fails.

    Attributes:
        flush_secs: seconds between two fsyncs of the file. (What is pending is written within a second anyway.)
        on_full: "block" waits for room, `PATIENCE` seconds without progress at most; "drop" never waits.
        on_error: "warn" logs one warning and goes on; "raise" raises WriteError at the next call.
        max_queue_bytes: bytes of memory that pending events may take.
    """

    flush_secs: float = 120.0
    on_full: str = "block"
    on_error: str = "warn"
    max_queue_bytes: int = 64 << 20

    def __post_init__(self) -> None:
        if self.on_full not in ("block", "drop"):
            raise ValueError(f"on_full: got {self.on_full!r}; accepted are 'block' and 'drop'")
        if self.on_error not in ("warn", "raise"):
            raise ValueError(f"on_error: got {self.on_error!r}; accepted are 'warn' and 'raise'")


class EventQueue:
    """The pending events of one event file after another, and the writing of them.

    The lane of scalars is open to callers: they may append a `ScalarEntry` to `entries` themselves, and call
    `settle` if the queue is then longer than `limit`. Nothing else need be looked at, because the limit is -1
    whenever the queue needs attention: it is closed, was inherited through a fork, or has an error to raise. And
    because the limit is read after the entry is appended, an entry is either seen by the writer that closes the
    queue, or its caller sees that the queue was closed: none falls between.

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
        self.events_writer = events_writer
        self._open_file = open_file
        self._thread = thread
        self._options = options
        self._reset(closed=False)
        thread.attach(self)

    def _reset(self, closed: bool) -> None:
        self.closed = closed
        self._state = threading.Condition()  # guards what callers and the writer both change
        self._draining = threading.Lock()
        self._scalars = ScalarEventEncoder()
        self._queued_bytes = 0
        self._in_flight = 0  # events handed to the file and not acknowledged yet
        self._progress_at = monotonic()
        self._idle = True
        self._failing = False
        self._stalled = False
        self._error: OSError | None = None  # the one to raise, where errors are to be raised
        self._next_look = 0.0
        self._next_sync = monotonic() + self._options.flush_secs
        self._update_limit()

    # ---- what callers do

    def put(self, entry: Entry) -> None:
        """Append an entry; wait for room, or drop it, as `on_full` says.

        Raises WriteError where `on_error` is "raise" and an earlier write failed.
        """
        size = nbytes(entry)
        if size:
            self._account(size)
        self.entries.append(entry)
        if len(self.entries) > self.limit:
            self.settle(entry)

    def settle(self, entry: Entry) -> None:
        """See to an appended entry that exceeds the limit: open the queue again, wait for room, or drop the entry."""
        with self._state:
            if self._error is not None:
                self._raise(entry)
            if self._thread.exiting:
                self._drop(entry)
                return
            if self.closed:
                self.closed = False
                self._update_limit()
                self._thread.attach(self)
            if not isinstance(entry, Ticket) and not self._has_room(monotonic()):
                self._drop(entry)

    def flush(self) -> bool:
        """Wait until every earlier entry is with the operating system; return whether it is.

        Gives up after `PATIENCE` seconds without progress, and at once while the store is known to fail.
        Raises WriteError where `on_error` is "raise" and a write failed.
        """
        if self._idle and not self.entries:
            return True
        ticket = Ticket()
        self.entries.append(ticket)
        if self.limit < 0:
            self.settle(ticket)
        self._thread.wake()
        written = self.wait_for(ticket, monotonic())
        with self._state:
            if self._error is not None:
                self._raise(ticket)
        return written

    def close(self) -> bool:
        """Write every entry, bring the file onto the disk and close it; return whether that was done.

        Idempotent. An entry that is put in later opens the queue again, with a new file.
        """
        ticket = self.request_close()
        return ticket is None or self.wait_for(ticket, monotonic())

    def request_close(self) -> Ticket | None:
        """Begin to close, without waiting; the ticket is done when it is closed. None if it was already."""
        with self._state:
            if self.closed:
                return None
            self.closed = True
            self._update_limit()
            ticket = Ticket(close=True)
            self.entries.append(ticket)
        self._thread.wake()
        return ticket

    def wait_for(self, ticket: Ticket, since: float) -> bool:
        """Wait for a ticket as long as the store makes progress; return whether the entries before it are written.

        Patience is counted from the monotonic time `since`, or from the last progress after it.
        """
        if self._thread.is_current():
            return False  # a log handler or a finalizer that flushes from within the writer
        while not ticket.wait(min(self._patience_left(since), 0.2)):
            if not self._thread.is_running():
                self.drain()
            elif self._patience_left(since) <= 0:
                self._give_up()
                return False
        return ticket.written

    def _patience_left(self, since: float) -> float:
        return 0.0 if self._stalled else max(since, self._progress_at) + PATIENCE - monotonic()

    def _has_room(self, since: float) -> bool:
        """Return whether the queue is within its limit, now or after waiting; called with the state held."""
        while len(self.entries) > self.limit:
            if self._options.on_full == "drop" or self._failing or self._thread.is_current():
                return False
            if self._patience_left(since) <= 0:
                self._give_up()
                return False
            self._thread.wake()
            self._state.wait(timeout=0.05)
        return True

    def _give_up(self) -> None:
        if not self._stalled:
            self._stalled = True
            message = "%s: nothing could be written for %g seconds; logging goes on, and what finds no room is dropped"
            logger.warning(message, self._name(), PATIENCE)

    def _raise(self, entry: Entry) -> None:
        error, self._error = self._error, None
        self._retract(entry)
        self._update_limit()
        if error is not None:
            raise WriteError(error.errno, f"{self._name()}: events were not written: {error}") from error

    def _account(self, size: int) -> None:
        with self._state:
            self._queued_bytes += size
            self._update_limit()

    def _update_limit(self) -> None:
        free = self._options.max_queue_bytes - self._queued_bytes
        self.limit = -1 if self.closed or self._error is not None else max(free // _ENTRY_BYTES, 1)

    def _retract(self, entry: Entry) -> bool:
        """Take an entry back; return False if it is on its way already."""
        try:
            self.entries.remove(entry)
        except (ValueError, IndexError):
            return False
        self._account(-nbytes(entry))
        return True

    def _drop(self, entry: Entry) -> None:
        if not self._retract(entry):
            return
        if isinstance(entry, Ticket):
            entry.done(False)
        else:
            self.stats.dropped += 1

    # ---- what the writer does

    def drain(self) -> bool:
        """Write what is pending; return whether there was anything. Never raises."""
        with self._draining:
            if self._idle and not self.entries:
                return self._sync_if_due()
            self._idle = False
            try:
                self._drain()
            except Exception as error:
                self._failed(error if isinstance(error, OSError) else OSError(f"{type(error).__name__}: {error}"))
                return False
            self._idle = not self.entries
            return True

    def _drain(self) -> None:
        if self._in_flight and self.events_writer is not None:
            self.events_writer.write_out()
            self._progressed()
        while self.entries:
            if not isinstance(self.entries[0], Ticket):
                self._open_if_needed()
            batch, ticket = self._next_batch()
            try:
                if batch and self.events_writer is not None:
                    self._in_flight = len(batch)
                    self.events_writer.write_batch(batch)
                    self._progressed()
                if ticket is not None:
                    self._redeem(ticket)
            except Exception:
                if ticket is not None:
                    ticket.done(False)
                raise

    def _next_batch(self) -> tuple[list[bytes], Ticket | None]:
        """Take and serialize entries, up to a ticket or the size of a batch."""
        batch: list[bytes] = []
        size = freed = 0
        popleft, encode = self.entries.popleft, self._scalars.encode
        ticket = None
        while size < _BATCH_BYTES and ticket is None:
            try:
                entry = popleft()
            except IndexError:
                break
            if isinstance(entry, tuple):
                data = encode(*entry)
            elif isinstance(entry, Ticket):
                ticket = entry
                break
            else:
                freed += nbytes(entry)
                data = entry if isinstance(entry, bytes) else self._encode(entry)
            if data:
                size += len(data)
                batch.append(data)
        if freed:
            self._account(-freed)
        return batch, ticket

    def _encode(self, entry: PendingSummary) -> bytes:
        try:
            return entry.serialize()
        except Exception:
            # The value was checked when it was logged, so this is a mistake of ours; the other events go on.
            self.stats.failed += 1
            logger.exception("%s: an event could not be encoded and is left out", self._name())
            return b""

    def _redeem(self, ticket: Ticket) -> None:
        """Do what the ticket was taken for, and let its caller go on."""
        if self.events_writer is not None:
            self.events_writer.flush()
            if ticket.close:
                writer, self.events_writer = self.events_writer, None
                writer.close()
        self._progressed()
        ticket.done(True)

    def _open_if_needed(self) -> None:
        now = monotonic()
        if self.events_writer is not None and now >= self._next_look:
            self._next_look = now + _LOOK_SECONDS
            if self.events_writer.is_lost():
                logger.warning("%s was deleted while it was written; a new file follows", self._name())
                self._abandon_file()
        if self.events_writer is None:
            self.events_writer = self._open_file()
            self._next_sync = now + self._options.flush_secs

    def _sync_if_due(self) -> bool:
        if self.events_writer is None or monotonic() < self._next_sync:
            return False
        self._next_sync = monotonic() + self._options.flush_secs
        try:
            self.events_writer.sync()
        except OSError as error:
            self._failed(error)
        return True

    def _progressed(self) -> None:
        with self._state:
            self.stats.written += self._in_flight
            self._in_flight = 0
            self._progress_at = monotonic()
            if self._failing or self._stalled:
                self._failing = self._stalled = False
                logger.warning("%s: writing goes on; %d events were dropped", self._name(), self.stats.dropped)
            self._state.notify_all()

    def _failed(self, error: OSError) -> None:
        with self._state:
            self.stats.errors += 1
            if not self._failing:
                logger.warning("%s: %s; logging goes on and writing is tried again", self._name(), error)
            self._failing = True
            if self._options.on_error == "raise":
                self._error = error
            self._update_limit()
            self._refuse_tickets()
            self._state.notify_all()

    def _refuse_tickets(self) -> None:
        """Keep nobody waiting for a store that fails; a queue that was to be closed is closed as it is."""
        for ticket in [entry for entry in self.entries if isinstance(entry, Ticket)]:
            self._retract(ticket)
            ticket.done(False)
        if self.closed:
            self.stats.dropped += len(self.entries) + self._in_flight
            self.entries.clear()
            self._account(-self._queued_bytes)
            self._abandon_file()
            self._idle = True

    def _abandon_file(self) -> None:
        writer, self.events_writer = self.events_writer, None
        self._in_flight = 0
        if writer is not None:
            writer.abandon()

    def _name(self) -> str:
        return "an event file" if self.events_writer is None else self.events_writer.path

    # ---- after a fork

    def leave_to_parent(self) -> None:
        """In a fork's child: the pending events and the file are the parent's. A new file is opened when needed."""
        self.entries.clear()
        self.stats = Stats()
        self._abandon_file()
        self._reset(closed=True)
