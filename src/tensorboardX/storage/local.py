"""Files of the local file system, without a buffer of their own: what is written has been written."""

from __future__ import annotations

import contextlib
import os

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class LocalFile:
    """A new file. Raises FileExistsError rather than touch one that exists."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor = os.open(path, _FLAGS, 0o666)

    def fileno(self) -> int:
        """Return the file descriptor, -1 once closed."""
        return self._descriptor

    def write(self, data: bytes) -> int:
        """Append `data`; return how many bytes were taken, which may be fewer. Raises OSError."""
        return os.write(self._descriptor, data)

    def flush(self) -> None:
        """Nothing to do: every write went to the operating system at once."""

    def sync(self) -> None:
        """Wait until the disk has everything (fsync). Raises OSError."""
        os.fsync(self._descriptor)

    def is_lost(self) -> bool:
        """Return whether the file was deleted, so that nobody will read what is written from now on."""
        return self._descriptor >= 0 and os.name != "nt" and os.fstat(self._descriptor).st_nlink == 0

    def close(self) -> None:
        """Close the descriptor; closing twice is fine. Raises OSError."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def abandon(self) -> None:
        """Close the descriptor and keep silent about errors."""
        with contextlib.suppress(OSError):  # nothing was buffered here, so nothing is lost
            self.close()
