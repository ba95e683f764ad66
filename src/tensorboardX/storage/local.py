"""Files of the local file system, without a buffer of their own: what is written has been written."""

from __future__ import annotations

import contextlib
import errno
import os

from .descriptors import open_descriptor, open_files

_APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_CREATE = _APPEND | os.O_CREAT | os.O_EXCL


class LocalFile:
    """A new file. Raises FileExistsError rather than touch one that exists.

    Where a process has many of them, those not used for a while are parked: closed, and opened again by the next
    write, provided that they are as they were left. See `descriptors`.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor = open_descriptor(path, _CREATE)
        self._parked = False
        self._size = 0  # what was written
        self._error: OSError | None = None  # of the last write
        self._identity = _identity(os.fstat(self._descriptor))
        open_files.use(self)

    def fileno(self) -> int:
        """Return the file descriptor, -1 once closed or while parked."""
        return self._descriptor

    def write(self, data: bytes) -> int:
        """Append `data`; return how many bytes were taken, which may be fewer. Raises OSError."""
        self._use()
        try:
            taken = os.write(self._descriptor, data)
        except OSError as error:
            self._error = error
            taken = self._stored_in_spite_of_error(len(data))
            if not taken:
                raise
            self._size += taken
            return taken
        self._error = None
        self._size += taken
        return taken

    def _stored_in_spite_of_error(self, most: int) -> int:
        """Return how many bytes of a write that failed are in the file: writing them again would tear a record."""
        with contextlib.suppress(OSError):
            grown = os.fstat(self._descriptor).st_size - self._size
            return grown if 0 < grown <= most else 0
        return 0

    def flush(self) -> None:
        """Nothing to do: every write went to the operating system at once."""

    def sync(self) -> None:
        """Wait until the disk has everything (fsync). Raises OSError."""
        self._use()
        os.fsync(self._descriptor)

    def is_lost(self) -> bool:
        """Return whether nobody could read what is written from now on.

        That is where the file was deleted, was changed by another program while parked, has reached the largest
        size that it may have, where after an error its path leads elsewhere: a mount that was mounted again, or
        where the program closed the descriptor and uses its number for another file.
        """
        try:
            if self._parked:
                return not self._is_as_left(os.stat(self.path))
            if self._error is not None:
                return self._error.errno == errno.EFBIG or _identity(os.stat(self.path)) != self._identity
            if self._descriptor < 0 or os.name == "nt":
                return False
            found = os.fstat(self._descriptor)
            return _identity(found) != self._identity or found.st_nlink == 0
        except OSError:
            return True

    def close(self) -> None:
        """Close the descriptor; closing twice is fine. Raises OSError."""
        open_files.forget(self)
        self._parked = False
        descriptor = self._release()
        if descriptor >= 0:
            os.close(descriptor)

    def abandon(self) -> None:
        """Close the descriptor and keep silent about errors."""
        with contextlib.suppress(OSError):  # nothing was buffered here, so nothing is lost
            self.close()

    def detach(self) -> int:
        """Park the file: give the descriptor away, for the caller to close."""
        self._parked = True
        return self._release()

    def _release(self) -> int:
        """Give the descriptor up, and return it to be closed: -1 if its number is that of another file by now."""
        descriptor, self._descriptor = self._descriptor, -1
        with contextlib.suppress(OSError):  # whoever closes it finds out
            if _identity(os.fstat(descriptor)) != self._identity:
                return -1
        return descriptor

    def _use(self) -> None:
        open_files.use(self)  # from here on no other thread parks it
        if self._parked:
            self._reopen()

    def _reopen(self) -> None:
        descriptor = open_descriptor(self.path, _APPEND)
        if not self._is_as_left(os.fstat(descriptor)):
            os.close(descriptor)
            raise OSError(errno.ESTALE, "changed by another program", self.path)
        self._descriptor = descriptor
        self._parked = False

    def _is_as_left(self, found: os.stat_result) -> bool:
        return _identity(found) == self._identity and found.st_size == self._size


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
