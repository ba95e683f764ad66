"""A file of records."""

from __future__ import annotations

import errno
import sys

from ..storage.base import File
from ..storage.factories import open_file
from .framing import frame, frame_batch

_CHUNK_BYTES = 4 << 20  # of one write, so that a slow store shows progress


class RecordWriter:
    """Appends records to a file of its own. Not thread-safe: one thread writes a file.

    After a write that failed part of the way, the next one resumes at the byte where it stopped, so that a torn record
    is never followed by another.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = open_file(path)
        # A file that buffers whole writes needs whole records, and does not block.
        self._chunk_bytes = sys.maxsize if hasattr(self._file, "store_next") else _CHUNK_BYTES
        self._taken = b""  # records, of which the first `_written` bytes are written
        self._written = 0

    @property
    def unwritten_bytes(self) -> int:
        """How many bytes of records are unwritten after an error."""
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
        """Take records of which some bytes may be in the file already, after its `size`."""
        self._taken, self._written = records, 0

    def _take(self, records: bytes) -> None:
        # After an error the remainder is kept here, and the caller must not pass it again.
        self._taken, self._written = self._taken[self._written :] + records, 0

    def write_out(self) -> None:
        """Write what was taken, resuming after an error. Raises OSError."""
        while not self.write_some():
            pass

    def write_some(self) -> bool:
        """Write a chunk of what was taken, resuming after an error; return whether that was the last one.

        Raises OSError.
        """
        if self._written < len(self._taken):
            chunk = self._taken[self._written : self._written + self._chunk_bytes]
            written = self._file.write(chunk)
            if written == 0:
                raise OSError(errno.EIO, "the file takes no more bytes", self.path)
            # A file of a registered factory may return None, which means all bytes.
            self._written += len(chunk) if written is None else written
        if self._written < len(self._taken):
            return False
        self._taken, self._written = b"", 0
        return True

    @property
    def buffered_bytes(self) -> int:
        """How many bytes of what was written are in the buffer of the file."""
        return getattr(self._file, "buffered", 0)

    def store_next(self) -> None:
        """Upload the oldest part of the buffer. Raises OSError."""
        store_next = getattr(self._file, "store_next", None)
        if store_next is not None:
            store_next()

    def check_writable(self) -> None:
        """Raise OSError if the store will refuse what is written, where that can be known at once."""
        check_writable = getattr(self._file, "check_writable", None)
        if check_writable is not None:
            check_writable()

    def flush(self) -> None:
        """Write everything to the operating system. Raises OSError."""
        self.write_out()
        self._file.flush()

    def sync(self) -> None:
        """Sync the file (fsync), where it can. Raises OSError."""
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
        """Release the file without writing anything more: in a fork's child, or when the store does not answer."""
        self._taken, self._written = b"", 0
        abandon = getattr(self._file, "abandon", None)
        if abandon is not None:
            abandon()
