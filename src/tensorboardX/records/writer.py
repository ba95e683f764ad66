"""A file of records."""

from __future__ import annotations

import errno
import sys

from ..storage.base import File
from ..storage.factories import open_file
from .framing import frame, frame_batch

_PIECE_BYTES = 4 << 20  # of one write: a slow store shows progress


class RecordWriter:
    """Appends records to a file of its own. Not thread-safe: one thread writes a file.

    A write that fails part of the way is remembered: the next one goes on at the very byte where it stopped,
    so that a torn record is never followed by another.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = open_file(path)
        # What buffers whole writes needs whole records, and answers at once.
        self._piece_bytes = sys.maxsize if hasattr(self._file, "store_next") else _PIECE_BYTES
        self._taken = b""  # records, of which so many bytes are written:
        self._written = 0

    @property
    def unwritten_bytes(self) -> int:
        """How many bytes of records an error left behind."""
        return len(self._taken) - self._written

    @property
    def file(self) -> File:
        """The file."""
        return self._file

    @property
    def is_idle(self) -> bool:
        """Whether everything that was taken is written."""
        return not self._taken

    def write(self, data: bytes) -> None:
        """Write `data` as one record, in one write. Raises OSError."""
        self._take(frame(data))
        self.write_out()

    def take_batch(self, batch: list[bytes]) -> None:
        """Take one record for each item, all for one `write_out`; none of them if there is no memory for that."""
        self._take(frame_batch(batch))

    def resume(self, records: bytes) -> None:
        """Take records of which some bytes may be in the file already, behind what `size` counts."""
        self._taken, self._written = records, 0

    def _take(self, records: bytes) -> None:
        # What an error leaves behind stays here, and must not be handed in again.
        self._taken, self._written = self._taken[self._written :] + records, 0

    def write_out(self) -> None:
        """Write what was taken, going on where an error left off. Raises OSError."""
        while not self.write_some():
            pass

    def write_some(self) -> bool:
        """Write a piece of what was taken, going on where an error left off; return whether that was the last one.

        Raises OSError.
        """
        if self._written < len(self._taken):
            piece = self._taken[self._written : self._written + self._piece_bytes]
            written = self._file.write(piece)
            if written == 0:
                raise OSError(errno.EIO, "the file takes no more bytes", self.path)
            # A file of a registered factory may answer nothing, which means everything.
            self._written += len(piece) if written is None else written
        if self._written < len(self._taken):
            return False
        self._taken, self._written = b"", 0
        return True

    @property
    def buffered_bytes(self) -> int:
        """How many bytes of what was written the file keeps, and its store does not have yet."""
        return getattr(self._file, "buffered", 0)

    def store_next(self) -> None:
        """Bring the oldest of what the file keeps to its store. Raises OSError."""
        store_next = getattr(self._file, "store_next", None)
        if store_next is not None:
            store_next()

    def check_writable(self) -> None:
        """Raise OSError if the store will refuse what is written, where that can be known at once."""
        check_writable = getattr(self._file, "check_writable", None)
        if check_writable is not None:
            check_writable()

    def flush(self) -> None:
        """Hand everything to the operating system. Raises OSError."""
        self.write_out()
        self._file.flush()

    def sync(self) -> None:
        """Bring everything onto the disk (fsync), where the file has one. Raises OSError."""
        self.flush()
        sync = getattr(self._file, "sync", None)
        if sync is not None:
            sync()

    def is_lost(self) -> bool:
        """Return whether what is written can no longer be reached: the file was deleted from outside."""
        is_lost = getattr(self._file, "is_lost", None)
        return is_lost is not None and bool(is_lost())

    def close(self) -> None:
        """Close the file. Raises OSError if something was left to write and still cannot be written."""
        try:
            self.write_out()
        finally:
            self._file.close()

    def abandon(self) -> None:
        """Let go of the file as it is, writing nothing more: in a fork's child, or when the store is dead."""
        self._taken, self._written = b"", 0
        abandon = getattr(self._file, "abandon", None)
        if abandon is not None:
            abandon()
