"""The interface of a store: files for appending, each with one writer."""

from __future__ import annotations

from typing import Protocol


class File(Protocol):
    """A new file, open for appending.

    These three are what the original asks of a registered factory's files. A file may also have `sync()` (write
    everything to the disk), `is_lost()` (was it deleted from outside?), `abandon()` (release it, write nothing) and
    `check_writable()` (raise OSError at once if the store will refuse what is written).

    A file may buffer: `buffered` is how many bytes it has taken that its store does not have yet, and `store_next()`
    uploads the oldest of them, whole writes, within some seconds at most. Events are counted as
    written once they are in the store. A file without `buffered` has stored what its `write` took.
    """

    def write(self, data: bytes, /) -> int | None:
        """Append `data` and return how many bytes were taken; None means all. Raises OSError."""

    def flush(self) -> object:
        """Make what is buffered visible to readers of the file. Raises OSError."""

    def close(self) -> object:
        """Flush and close. Raises OSError."""
