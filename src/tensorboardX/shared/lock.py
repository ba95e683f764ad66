"""Locks between processes (flock), which the kernel lets go of when their holder dies, however it dies.

A fork's child would keep its parent's locks alive for as long as it lives: it closes their descriptors at once.
See https://man7.org/linux/man-pages/man2/flock.2.html.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator

from ..storage.descriptors import open_descriptor

if sys.platform == "win32":
    AVAILABLE = False
    _EXCLUSIVE = _SHARED = 0

    def _try(descriptor: int, kind: int) -> bool:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    def _unlock(descriptor: int) -> None:
        """Never locked."""
else:
    import fcntl

    AVAILABLE = True
    _EXCLUSIVE, _SHARED = fcntl.LOCK_EX, fcntl.LOCK_SH

    def _try(descriptor: int, kind: int) -> bool:
        """Return whether the lock was free. Raises OSError where the file system has no locks."""
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


LONGEST_WAIT = 1.0
"""Seconds to wait for another process. A holder needs a millisecond; one that was stopped must not stop the rest."""

_LONGEST_PAUSE = 0.005
_OPEN = os.O_RDWR | getattr(os, "O_CLOEXEC", 0)
_held: set[FileLock] = set()


class FileLock:
    """A lock on a file that this process holds, or not yet."""

    def __init__(self) -> None:
        self.descriptor = -1

    def try_exclusive(self, path: str, create: bool = True) -> bool:
        """Return whether nobody else had a lock on the file `path`, made if need be; this one does now."""
        return self._take(path, _EXCLUSIVE, os.O_CREAT if create else 0)

    def try_shared(self, path: str) -> bool:
        """Return whether nobody had an exclusive lock on the file `path`; this one has a shared one now."""
        return self._take(path, _SHARED)

    def _take(self, path: str, kind: int, flags: int = 0) -> bool:
        self.descriptor = open_descriptor(path, _OPEN | flags)
        _held.add(self)
        try:
            taken = _try(self.descriptor, kind) and self._is_at(path)
        except BaseException:
            self.release()
            raise
        if not taken:
            self.release()
        return taken

    def _is_at(self, path: str) -> bool:
        """Return whether `path` still leads to the locked file: it may have been deleted meanwhile."""
        try:
            return os.path.samestat(os.stat(path), os.fstat(self.descriptor))
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Let go of the lock, if it is held."""
        if self.descriptor < 0:
            return
        with contextlib.suppress(OSError):  # closing lets go of it too, unless a child was forked just now
            _unlock(self.descriptor)
        self._close()

    def _close(self) -> None:
        descriptor, self.descriptor = self.descriptor, -1
        _held.discard(self)
        with contextlib.suppress(OSError):
            os.close(descriptor)

    def leave_to_parent(self) -> None:
        """In a fork's child: close the descriptor, and leave the lock as it is, which is the parent's."""
        self._close()


@contextlib.contextmanager
def locked(path: str) -> Iterator[int]:
    """Keep other processes and threads out; yields a descriptor of the file `path`, made if need be.

    Raises TimeoutError after `LONGEST_WAIT` seconds, OSError where the file cannot be opened or locked.
    """
    lock = FileLock()
    deadline, pause = time.monotonic() + LONGEST_WAIT, _LONGEST_PAUSE / 32
    while not lock.try_exclusive(path):
        if time.monotonic() > deadline:
            raise TimeoutError(errno.ETIMEDOUT, "another process has kept it locked", path)
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    try:
        yield lock.descriptor
    finally:
        lock.release()


def is_in_use(path: str) -> bool:
    """Return whether somebody has a lock on the file `path`; nobody has if it is not there. Raises OSError."""
    lock = FileLock()
    try:
        return not lock.try_exclusive(path, create=False)
    except FileNotFoundError:
        return False
    finally:
        lock.release()


def _after_fork_in_child() -> None:
    for lock in list(_held):
        lock.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
