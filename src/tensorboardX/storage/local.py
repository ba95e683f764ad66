"""Unbuffered files of the local file system."""

from __future__ import annotations

import contextlib
import errno
import os

from .descriptors import open_descriptor, open_files
from .mounts import is_local

_WRITE = os.O_WRONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_CREATE = _WRITE | os.O_CREAT | os.O_EXCL
_AT_POSITIONS = hasattr(os, "pwrite")


class LocalFile:
    """A new file. Raises FileExistsError rather than touch one that exists.

    Where a process has many of them, those not used for a while are parked: closed, and opened again by the next
    write, provided that they are as they were left. See `descriptors`.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor = open_descriptor(path, _CREATE)
        self._parked = False
        self._is_on_local_disk: bool | None = None  # not looked up yet
        self._size = 0  # what was written, and where the next bytes go
        self._error: OSError | None = None  # of the last write
        self._identity = _identity(os.fstat(self._descriptor))
        open_files.use(self)

    def fileno(self) -> int:
        """Return the file descriptor, -1 once closed or while parked."""
        return self._descriptor

    @property
    def size(self) -> int:
        """How many bytes were written."""
        return self._size

    @property
    def is_on_local_disk(self) -> bool:
        """Whether writing waits for no other machine, and bytes can be written at a position.

        Looked up once. Not by `cached_property`, whose lock (before Python 3.12) a fork's child would inherit.
        """
        if self._is_on_local_disk is None:
            self._is_on_local_disk = _AT_POSITIONS and is_local(self.path)
        return self._is_on_local_disk

    def write(self, data: bytes) -> int:
        """Append `data`; return how many bytes were taken, which may be fewer. Raises OSError.

        A write that failed and yet stored something is written over by the next one: the bytes go to a position.
        """
        self._use()
        try:
            taken = os.pwrite(self._descriptor, data, self._size) if _AT_POSITIONS else os.write(self._descriptor, data)
        except OSError as error:
            self._error = error
            raise
        self._error = None
        self._size += taken
        return taken

    def write_at(self, position: int, data: bytes) -> None:
        """Write all of `data` at a position; `set_size` says later that it is part of the file. Raises OSError.

        Doing it again changes nothing, which is what a write that was interrupted needs.
        """
        taken = os.pwrite(self._descriptor, data, position)
        while taken < len(data):
            taken += os.pwrite(self._descriptor, data[taken:], position + taken)

    def set_size(self, size: int) -> None:
        """Say how many bytes were written, where that was done by `write_at`."""
        self._size = size

    def hold(self) -> bool:
        """Keep other threads from parking the file; return whether it is open."""
        return open_files.claim(self) and not self._parked and self._descriptor >= 0

    def flush(self) -> None:
        """Nothing to do: every write went to the operating system at once."""

    def sync(self) -> None:
        """Wait until the disk has everything (fsync). Raises OSError."""
        self._use()
        os.fsync(self._descriptor)

    def is_lost(self) -> bool:
        """Return whether later writes would be lost.

        The file was deleted, was changed by another program while parked, or has reached the largest size that it may
        have. Or its path leads to another file after an error, say because a file system was mounted again. Or the
        program has closed the descriptor and uses its number for another file.
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

    def directory_removed_at(self) -> float | None:
        """Return when the file was deleted together with its directory, at the latest; None where that is not so.

        In seconds since the epoch, as the file system tells them: when the directory around it last changed.
        """
        if self._descriptor < 0 or os.fstat(self._descriptor).st_nlink:
            return None
        directory = os.path.dirname(os.path.abspath(self.path))
        if os.path.lexists(directory):
            return None
        while not os.path.lexists(directory):
            directory = os.path.dirname(directory)
        return os.stat(directory).st_mtime

    def close(self) -> None:
        """Close the descriptor; closing twice is fine. Raises OSError."""
        open_files.forget(self)
        self._parked = False
        descriptor = self._release()
        if descriptor >= 0:
            os.close(descriptor)

    def abandon(self) -> None:
        """Close the descriptor, ignoring errors."""
        with contextlib.suppress(OSError):  # nothing was buffered here, so nothing is lost
            self.close()

    def detach(self) -> int:
        """Park the file; return its descriptor, for the caller to close."""
        self._parked = True
        return self._release()

    def _release(self) -> int:
        """Forget the descriptor and return it, to be closed: -1 if its number belongs to another file by now."""
        descriptor, self._descriptor = self._descriptor, -1
        with contextlib.suppress(OSError):  # closing it raises the error
            if _identity(os.fstat(descriptor)) != self._identity:
                return -1
        return descriptor

    def _use(self) -> None:
        open_files.use(self)  # from here on no other thread parks it
        if self._parked:
            self._reopen()

    def _reopen(self) -> None:
        descriptor = open_descriptor(self.path, _WRITE)
        if not self._is_as_left(os.fstat(descriptor)):
            os.close(descriptor)
            raise OSError(errno.ESTALE, "changed by another program", self.path)
        self._descriptor = descriptor
        self._parked = False

    def _is_as_left(self, found: os.stat_result) -> bool:
        return _identity(found) == self._identity and found.st_size == self._size


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
