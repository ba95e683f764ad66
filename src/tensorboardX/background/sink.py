"""The destination of an event queue: one event file after another."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from itertools import islice
from time import monotonic

from ..records.events import EventsWriter
from ..storage.local import LocalFile
from ..summary.wire import walltime_of
from .buffered import BufferedEvents
from .memory import MemoryBudget
from .progress import Progress

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REOPEN_SECONDS = 1.0  # that writing to a file may fail before a new file is tried
_MOST_UNSYNCED = 64 << 20
_RETRY_SECONDS = 5.0  # after which a failed upload is retried, if no flush does it before

_inherited: list[EventsWriter] = []
"""Writers that a fork's child inherits. They are kept alive, because a finalizer might flush or close them."""


class EventSink:
    """Writes batches of serialized Events to a file, and to a new one where the last is closed or lost.

    Used by one thread at a time. `batch` holds the events that the file has not acknowledged. It is kept after an error
    and the next attempt resumes it, so an error neither loses nor repeats an event. It is also kept where its directory
    was removed after all of it was logged, and written once a later event joins it. `buffered` counts the events that
    the file has acknowledged and its store does not have yet.

    Args:
        open_file: opens the next event file.
        flush_secs: seconds between two fsyncs.
        events_writer: the first event file, where it is open already.
        progress: notified of each operation of the store.
        memory: of the run; counts the buffers of files.
        stored: called with the number of events that the store has taken, each time.
        warn: logs a rate-limited warning; takes its category, the message and its values.
        leave_out: called for an event that is larger than a file may be.
    """

    def __init__(
        self,
        open_file: Callable[[], EventsWriter],
        flush_secs: float,
        events_writer: EventsWriter | None,
        progress: Progress,
        memory: MemoryBudget,
        stored: Callable[[int], None],
        warn: Callable[..., None],
        leave_out: Callable[[], None],
    ) -> None:
        self.batch: list[bytes] = []
        self.buffered = BufferedEvents(memory)
        self.events_writer = events_writer
        self.path = "an event file" if events_writer is None else events_writer.path  # of the last one, for the log
        self._open_file = open_file
        self._progress = progress
        self._stored = stored
        self._warn = warn
        self._leave_out = leave_out
        self._is_new = False  # the file has no event yet
        self._is_full = False  # the file cannot grow, and is new
        self._flush_secs = flush_secs
        self._begun = False  # the file has taken the batch, and may have written a part of it
        self._whole_before = 0  # events of the batch that were written whole to a file which is lost
        self._orphans = 0  # events of the batch that were logged before their directory was removed
        self._sync_at: float | None = None  # None while there is nothing to sync
        self._unsynced = 0  # bytes of Events since the last fsync
        self._reopen_at: float | None = None  # when to replace a file that fails; None after a success

    def write_out(self) -> None:
        """Write the batch, unless its directory was removed after all of it was logged. Raises OSError."""
        if not self.batch:
            return
        writer = self._writer()
        if writer is None:
            return
        if not self._begun:
            writer.take_batch(self.batch)  # raises, say for want of memory, before it has taken anything
            self._begun = True
        try:
            self._write_all(writer)
        except OSError as error:
            self._note_failure(error)
            raise
        self._is_new = False
        self._reopen_at = None
        batch, written = self.batch, len(self.batch) + self._whole_before
        self._unsynced += sum(map(len, batch))
        self._forget_batch()
        if self._sync_at is None:
            self._sync_at = monotonic() + self._flush_secs
        if writer.buffered_bytes:
            self.buffered.add(batch, written)
            self._count_stored(writer)
        else:
            self._stored(written)

    def _count_stored(self, writer: EventsWriter) -> None:
        stored = self.buffered.remove_stored(writer.buffered_bytes)
        if stored:
            self._stored(stored)

    def local_file(self) -> LocalFile | None:
        """Return the open file if a caller may write to it: on a local disk, without errors or unwritten events."""
        writer = self.events_writer
        if writer is None or self.batch or self._reopen_at is not None or type(writer) is not EventsWriter:
            return None
        return writer.local_file()

    def resume(self, events: list[bytes], records: bytes) -> None:
        """Take the events of records that a caller began to write."""
        if self.events_writer is not None:
            self.events_writer.resume(records)
        self.batch, self._begun = events, self.events_writer is not None

    def note_written(self, nbytes: int) -> None:
        """Note that a caller has written to `local_file`."""
        self._is_new = False
        self._unsynced += nbytes
        if self._sync_at is None:
            self._sync_at = monotonic() + self._flush_secs

    def _write_all(self, writer: EventsWriter) -> None:
        """Write chunk by chunk, each as an operation of its own."""
        done = False
        while not done:
            with self._progress.operation():
                done = writer.write_some()

    def _note_failure(self, error: OSError) -> None:
        self._is_full = self._is_new and error.errno == errno.EFBIG
        if error.errno in _FULL:  # a new file would have no room either
            self._reopen_at = None
        elif self._reopen_at is None:
            self._reopen_at = monotonic() + _REOPEN_SECONDS

    def flush(self) -> None:
        """Write everything to the operating system. Raises OSError."""
        writer = self.events_writer
        if writer is None:
            return
        while writer.buffered_bytes:
            with self._progress.operation():
                writer.store_next()
            self._count_stored(writer)
        with self._progress.operation():
            writer.flush()

    def sync_if_due(self) -> bool:
        """Sync the file every `flush_secs` seconds; return whether that was done. Raises OSError.

        Sooner where much was written: an fsync of much data may take longer than callers wait for the store.
        """
        if self.events_writer is None or self._sync_at is None:
            return False
        if monotonic() < self._sync_at and self._unsynced < _MOST_UNSYNCED:
            return False
        self._sync_at = monotonic() + self._flush_secs  # after an error too, so that it is not retried at every drain
        self._unsynced = 0
        if self.buffered.events:
            self._sync_at = monotonic() + min(self._flush_secs, _RETRY_SECONDS)
            self.flush()
        with self._progress.operation():
            self.events_writer.sync()
        self._sync_at = None
        return True

    def close(self) -> None:
        """Sync and close the file. Raises OSError; the file is closed all the same."""
        writer = self.events_writer
        if writer is not None:
            self.flush()  # after an error here the file is still open, and closing it is retried
            self._forget_file()
            with self._progress.operation():
                writer.close()

    def abandon(self) -> tuple[int, list[bytes], int]:
        """Abandon the file and the batch.

        Return how many events of the batch are in the file, the events that are not, and how many others are lost
        with the buffer of the file.
        """
        if self.events_writer is not None:
            self._reclaim_batch(self.events_writer)
        left = self._whole_before, self.batch, self.buffered.discard()
        self._forget_batch()
        self._abandon_file()
        return left

    def reset_after_fork(self) -> None:
        """In a fork's child: the file and the batch belong to the parent."""
        if self.events_writer is not None:
            _inherited.append(self.events_writer)
            self.events_writer = None
        self._forget_batch()
        self._abandon_file()

    def _forget_batch(self) -> None:
        self.batch = []
        self._begun = False
        self._whole_before = self._orphans = 0

    def _forget_file(self) -> None:
        self.events_writer = self._sync_at = self._reopen_at = None
        self._unsynced = 0

    def _abandon_file(self) -> None:
        writer = self.events_writer
        self._forget_file()
        if writer is not None:
            with self._progress.operation():
                writer.abandon()

    def _writer(self) -> EventsWriter | None:
        """Return the file to write to: a new one if there is none, or if the old one is lost.

        None where the batch goes with its directory.
        """
        writer = self.events_writer
        with self._progress.operation():
            lost = writer is not None and writer.is_lost()
        if writer is None:
            return self._new_file()
        if lost:
            if self._was_removed_after_batch(writer):
                self._reclaim_batch(writer)  # now, because later events may join it
                self._orphans = len(self.batch)  # they are not looked at again
                return None
            self._warn("replaced", "it was deleted or changed, or cannot grow; a new file follows")
            if self._retire_file(writer) == 0 and self._is_full:
                self._skip_oversized_event(writer)
            return self._new_file()
        if self._reopen_at is not None and monotonic() >= self._reopen_at and not self.buffered.events:
            return self._replace_failing_file(writer)
        return writer

    def _was_removed_after_batch(self, writer: EventsWriter) -> bool:
        """Whether the directory of a lost file was removed after every event of the batch."""
        removed_at = writer.directory_removed_at()
        later = islice(self.batch, self._orphans, None)
        return removed_at is not None and all(walltime_of(event) <= removed_at for event in later)

    def _new_file(self) -> EventsWriter:
        with self._progress.operation():
            writer = self.events_writer = self._open_file()
        self.path = writer.path
        self._is_new, self._is_full = True, False
        return writer

    def _replace_failing_file(self, writer: EventsWriter) -> EventsWriter:
        """Return a new file in place of one that has kept failing, for example since its mount came back.

        The old file stays in use where none can be opened. Raises OSError.
        """
        self._reopen_at = monotonic() + _REOPEN_SECONDS
        with self._progress.operation():
            new = self._open_file()
        self._warn("replaced", "writing to it goes on failing; a new file follows")
        self._retire_file(writer)
        self.events_writer, self.path, self._is_new = new, new.path, True
        return new

    def _retire_file(self, writer: EventsWriter) -> int:
        """Abandon a file; return how many events of the batch are whole in it. The others go to the next file."""
        pending = len(self.batch)
        self._reclaim_batch(writer)
        self._abandon_file()
        return pending - len(self.batch)

    def _skip_oversized_event(self, writer: EventsWriter) -> None:
        """Skip an event that is too large even for a new file."""
        del self.batch[0]
        self._leave_out()
        with contextlib.suppress(OSError):
            os.unlink(writer.path)

    def _reclaim_batch(self, writer: EventsWriter) -> None:
        if self._begun:
            unwritten = writer.unwritten_of(self.batch)
            self._whole_before += len(self.batch) - len(unwritten)
            self.batch = unwritten
            self._begun = False
