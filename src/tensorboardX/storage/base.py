"""What a store has to offer: files that are appended to, one writer each."""

from __future__ import annotations

from typing import Protocol


class File(Protocol):
    """A file open for appending, made new by whoever returns it.

    These three are what the original asks of a registered factory's files. A file may also have `sync()` (bring
    everything onto the disk), `is_lost()` (was it deleted from outside?), `abandon()` (let go, write nothing) and
    `check_writable()` (raise OSError at once if the store will refuse what is written).

    A file that buffers says so: `buffered` is how many bytes it has taken that its store does not have yet, and
    `store_next()` brings the oldest of them there, whole writes and some seconds' worth at most. Events are counted as
    written once they are in the store. A file without `buffered` has stored what its `write` took.
    """

    def write(self, data: bytes, /) -> int | None:
        """Append `data` and return how many bytes were taken; None means all. Raises OSError."""

    def flush(self) -> object:
        """Hand what is buffered to whoever reads the file. Raises OSError."""

    def close(self) -> object:
        """Flush and close. Raises OSError."""
