"""Where an event queue empties itself: one event file after another."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..records.events import EventsWriter

_of_parents: list[EventsWriter] = []
"""Writers that a fork's child got from its parent. They stay as they are: a finalizer might flush or close them."""


class EventSink:
    """Writes batches of serialized Events to a file, and to a new one where the last is closed or lost.

    Used by one thread at a time. `batch` is what the file has not acknowledged: it stays there through an error,
    and the next attempt goes on with it, so an error neither loses nor repeats an event.

    Args:
        open_file: opens the next event file.
        flush_secs: seconds between two fsyncs.
        events_writer: the first event file, where it is open already.
        warn: says what happened, not too often: takes a kind of warning, the message and its values.
        leave_out: called for an event that is larger than a file may be.
    """

    def __init__(
        self,
        open_file: Callable[[], EventsWriter],
        flush_secs: float,
        events_writer: EventsWriter | None,
        warn: Callable[..., None],
        leave_out: Callable[[], None],
    ) -> None:
        self.batch: list[bytes] = []
        self.events_writer = events_writer
        self.path = "an event file" if events_writer is None else events_writer.path  # of the last one, for the log
        self._open_file = open_file
        self._warn = warn
        self._leave_out = leave_out
        self._is_new = False  # the file has no event yet
        self._is_full = False  # the file cannot grow, and is new
        self._flush_secs = flush_secs
        self._begun = False  # the file has the batch, and may have written a part of it
        self._settled = 0  # events of the batch that were whole in a file which is lost
        self._sync_at: float | None = None  # None while there is nothing that an fsync would help

    def write_out(self) -> int:
        """Write the batch; return how many events the file took. Raises OSError."""
        if not self.batch:
            return 0
        writer = self._writer()
        if not self._begun:
            writer.take_batch(self.batch)  # raises, say for want of memory, before it has taken anything
            self._begun = True
        try:
            writer.write_out()
        except OSError as error:
            self._is_full = self._is_new and error.errno == errno.EFBIG
            raise
        self._is_new = False
        written = len(self.batch) + self._settled
        self._forget_batch()
        if self._sync_at is None:
            self._sync_at = monotonic() + self._flush_secs
        return written

    def flush(self) -> None:
        """Hand everything to the operating system. Raises OSError."""
        if self.events_writer is not None:
            self.events_writer.flush()

    def sync_if_due(self) -> bool:
        """Bring what was written onto the disk, every `flush_secs`; return whether it was. Raises OSError."""
        if self.events_writer is None or self._sync_at is None or monotonic() < self._sync_at:
            return False
        self._sync_at = monotonic() + self._flush_secs  # after an error too: not at every turn
        self.events_writer.sync()
        self._sync_at = None
        return True

    def close(self) -> None:
        """Bring everything onto the disk and close the file. Raises OSError; it is closed all the same."""
        writer = self.events_writer
        if writer is not None:
            writer.flush()  # what fails here is tried again, with the file still open
            self.events_writer = self._sync_at = None
            writer.close()

    def abandon(self) -> tuple[int, int]:
        """Let go of the file and the batch; return how many events of it are in the file, and how many are lost."""
        if self.events_writer is not None:
            self._take_back(self.events_writer)
        counts = self._settled, len(self.batch)
        self._forget_batch()
        self._abandon_file()
        return counts

    def leave_to_parent(self) -> None:
        """In a fork's child: the file and the batch are the parent's."""
        if self.events_writer is not None:
            _of_parents.append(self.events_writer)
            self.events_writer = None
        self._forget_batch()
        self._abandon_file()

    def _forget_batch(self) -> None:
        self.batch = []
        self._begun = False
        self._settled = 0

    def _abandon_file(self) -> None:
        writer, self.events_writer = self.events_writer, None
        self._sync_at = None
        if writer is not None:
            writer.abandon()

    def _writer(self) -> EventsWriter:
        """Return the file to write to: a new one if there is none, or nobody could read on in the old one."""
        writer = self.events_writer
        if writer is not None and writer.is_lost():
            self._warn("replaced", "it was deleted or changed, or cannot grow; a new file follows")
            self._replace(writer)
            writer = None
        if writer is None:
            writer = self.events_writer = self._open_file()
            self.path = writer.path
            self._is_new, self._is_full = True, False
        return writer

    def _replace(self, writer: EventsWriter) -> None:
        """Let go of a lost file; leave out an event for which even a new file is too small."""
        pending = len(self.batch)
        self._take_back(writer)
        self._abandon_file()
        if self._is_full and len(self.batch) == pending:
            del self.batch[0]
            self._leave_out()
            with contextlib.suppress(OSError):
                os.unlink(writer.path)

    def _take_back(self, writer: EventsWriter) -> None:
        if self._begun:
            rest = writer.unwritten_of(self.batch)
            self._settled += len(self.batch) - len(rest)
            self.batch = rest
            self._begun = False
