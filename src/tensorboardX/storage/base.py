"""What a store has to offer: files that are appended to, one writer each."""

from __future__ import annotations

from typing import Protocol


class File(Protocol):
    """A file open for appending, made new by whoever returns it.

    These three are what the original asks of a registered factory's files. A file may also have `sync()` (bring
    everything onto the disk), `is_lost()` (was it deleted from outside?) and `abandon()` (let go, write nothing).
    """

    def write(self, data: bytes, /) -> int | None:
        """Append `data` and return how many bytes were taken; None means all. Raises OSError."""

    def flush(self) -> object:
        """Hand what is buffered to whoever reads the file. Raises OSError."""

    def close(self) -> object:
        """Flush and close. Raises OSError."""
