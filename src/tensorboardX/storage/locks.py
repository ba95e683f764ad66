"""Locks on files, between processes and between the threads of one.

The kernel releases a lock when its process ends, however it ends (flock on POSIX, a locked byte on Windows). A process
keeps its locks to itself: a fork's child closes their descriptors at once, and leaves the locks to its parent.
See https://man7.org/linux/man-pages/man2/flock.2.html.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator

from .regular import open_trusted

if sys.platform == "win32":
    import msvcrt

    HAS_SHARED_LOCKS = False

    def _lock(descriptor: int, shared: bool) -> None:
        if shared:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    HAS_SHARED_LOCKS = True

    def _lock(descriptor: int, shared: bool) -> None:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)
"""Errors of file systems without locks."""

_HELD_BY_ANOTHER = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)

_MOST_ATTEMPTS = 100  # to open a file while no other thread forks
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.0001, 0.005  # seconds between two attempts
_QUIET_PAUSE = 0.02  # the same while nothing happens
_WATCH_PAUSE = 0.05  # seconds between two checks for progress of the holder
_MOST_ELAPSED = 0.25  # seconds that count at most between two attempts, in case this process was suspended
_LONGEST_WAIT = 60.0  # seconds in all
_jitter = random.SystemRandom()  # the random numbers of the `random` module itself belong to the program


class LockingError(OSError):
    """The file is there, and cannot be locked: most often because its file system has no locks."""


class FileLock:
    """A lock on the regular file `path`, which is held or not. Not thread-safe.

    It excludes every other FileLock on that file, those of this process as well. A program may close a descriptor that
    it does not know, and open a file of its own under that number; so the descriptor is compared with the file that
    was opened before it is used or closed.

    Args:
        path: the file.
        append: whether to write at the end of the file, or at any place.
    """

    def __init__(self, path: str, append: bool = False) -> None:
        self.path = path
        self.descriptor = -1
        self._flags = os.O_RDWR | (os.O_APPEND if append else 0)
        self._identity = (0, 0)

    def open(self, flags: int = 0) -> None:
        """Open the file that the path leads to now. Raises OSError; LogdirError as `open_trusted` does.

        Args:
            flags: `os.O_CREAT` makes the file where it is missing, `os.O_EXCL` as well demands that it is.
        """
        for _ in range(_MOST_ATTEMPTS):
            self.release()
            before = _forks.count
            descriptor = open_trusted(self.path, self._flags | flags)
            self._identity = _identity(os.fstat(descriptor))
            self.descriptor = descriptor
            _open_locks.add(self)
            if not _forks.running and _forks.count == before:
                return
            # A child that was forked before the descriptor was noted does not close it, and would share the lock on
            # it for as long as it lives.
            if flags & os.O_EXCL:
                self.unlink()
            time.sleep(0.001)

    def try_lock(self, shared: bool = False) -> bool:
        """Return whether no other lock excludes this one, which is held then. Raises LockingError."""
        try:
            _lock(self.descriptor, shared)
        except OSError as error:
            if error.errno in _HELD_BY_ANOTHER:
                return False
            raise LockingError(error.errno, f"{os.path.basename(self.path)}: {error.strerror}", self.path) from error
        return True

    def stat(self) -> os.stat_result | None:
        """Return the status of the open file, None if it is not open or the path leads elsewhere by now."""
        try:
            found = os.fstat(self.descriptor)
            # Windows neither deletes nor renames an open file.
            now = found if sys.platform == "win32" else os.lstat(self.path)
            return found if _identity(now) == _identity(found) == self._identity else None
        except OSError:  # also where the descriptor is -1
            return None

    def unlink(self) -> None:
        """Delete the file, while the lock is held. Processes that wait for the lock detect that."""
        if self.stat() is None:
            return
        if sys.platform == "win32":  # which refuses to delete a file that anybody has open
            self.release()
        with contextlib.suppress(OSError):
            os.unlink(self.path)

    def replace_file(self, new: FileLock) -> None:
        """Rename the file of another lock, which is held, to `path`, and take that lock over in place of this one."""
        os.replace(new.path, self.path)
        self.release()
        self.descriptor, self._identity = new.descriptor, new._identity
        _open_locks.add(self)
        _open_locks.discard(new)
        new.descriptor = -1

    def release(self) -> None:
        """Release the lock and close the file, if it is open."""
        if self._is_open():
            with contextlib.suppress(OSError):  # closing is not enough while a child that was just forked has it too
                _unlock(self.descriptor)
        self.close()

    def close(self) -> None:
        """Close the file. In a fork's child, the lock stays with the parent."""
        is_open, descriptor = self._is_open(), self.descriptor
        self.descriptor = -1
        _open_locks.discard(self)
        if is_open:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _is_open(self) -> bool:
        try:
            return self.descriptor >= 0 and _identity(os.fstat(self.descriptor)) == self._identity
        except OSError:
            return False


class ExclusiveLock:
    """The exclusive lock on a file, with a timeout.

    Callers wait while other holders make progress, which shows by their changes, for a minute at most. A holder that
    changes nothing for `patience` seconds is stuck, for example stopped by a signal. Then the attempt times out, and
    later attempts do not wait until something has changed.

    Args:
        path: the file; made where it is missing, and deleted at the end where it is empty.
        patience: the timeout in seconds for a holder without progress.
        state: returns something that changes when another holder makes progress, besides the file itself.
        on_progress: called, while waiting, when that has changed.
    """

    def __init__(
        self,
        path: str,
        patience: float,
        state: Callable[[], object] = lambda: None,
        on_progress: Callable[[], object] = lambda: None,
    ) -> None:
        self.path = path
        self.patience = patience
        self._read_state = state
        self._on_progress = on_progress
        self._state: object = None
        self._unchanged = 0.0  # seconds that this process has watched the state

    @contextlib.contextmanager
    def hold(self, create: bool = True, patience: float | None = None) -> Iterator[FileLock]:
        """Hold the lock within the block; `patience` is for this attempt.

        Raises TimeoutError where a holder is stuck, LockingError where the file cannot be locked, other
        OSErrors where it cannot be opened.
        """
        lock = FileLock(self.path)
        try:
            try:
                self._acquire(lock, os.O_CREAT if create else 0, self.patience if patience is None else patience)
            except LockingError:
                _delete_if_empty(lock)
                raise
            try:
                yield lock
            finally:
                _delete_if_empty(lock)
        finally:
            lock.release()

    def _acquire(self, lock: FileLock, flags: int, patience: float) -> None:
        lock.open(flags)
        if self._unchanged < self.patience:  # else this holder has timed out already
            self._unchanged = 0.0
        waited, watched, looked, pause = 0.0, 0.0, time.monotonic(), _SHORTEST_PAUSE
        while True:
            if lock.try_lock():
                if lock.stat() is not None:
                    self._unchanged = 0.0
                    return
                lock.open(flags)  # the last holder has deleted the file
            now = time.monotonic()
            waited += min(now - looked, _MOST_ELAPSED)
            looked = now
            if waited - watched > _WATCH_PAUSE:
                self._watch(lock, waited - watched)
                watched = waited
                if lock.stat() is None:
                    lock.open(flags)
                if self._unchanged > patience:
                    raise TimeoutError(errno.ETIMEDOUT, "the process that has locked it does nothing", self.path)
            if waited > _LONGEST_WAIT:
                raise TimeoutError(errno.ETIMEDOUT, f"others have kept it locked for {_LONGEST_WAIT:g} s", self.path)
            pause = max(min(1.5 * pause, _LONGEST_PAUSE), min(self._unchanged / 16, _QUIET_PAUSE))
            time.sleep(_jitter.uniform(0.5, 1.0) * pause)

    def _watch(self, lock: FileLock, elapsed: float) -> None:
        """Note whether anything has changed since the last look."""
        found = lock.stat()
        state = self._read_state(), found and (_identity(found), found.st_mtime_ns, found.st_size)
        if state != self._state:
            self._state, self._unchanged = state, 0.0
            self._on_progress()
        else:
            self._unchanged += elapsed


def _delete_if_empty(lock: FileLock) -> None:
    found = lock.stat()
    if found is not None and found.st_size == 0:
        lock.unlink()


def is_locked(path: str) -> bool:
    """Return whether the file `path` is locked; False if there is no such file. Raises OSError."""
    lock = FileLock(path)
    try:
        lock.open()
        return not lock.try_lock()
    except FileNotFoundError:
        return False
    finally:
        lock.release()


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


# ---- forks


class _Forks:
    """The forks of all threads: how many have ended, and which threads are forking.

    Increments are not atomic, and need not be: the count changes in any case.
    """

    def __init__(self) -> None:
        self.count = 0
        self.running: set[int] = set()

    def begin(self) -> None:
        self.running.add(threading.get_ident())

    def end(self) -> None:
        self.count += 1
        self.running.discard(threading.get_ident())


_forks = _Forks()
_open_locks: set[FileLock] = set()


def _after_fork_in_child() -> None:
    _forks.running.clear()
    for lock in list(_open_locks):
        lock.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_forks.begin, after_in_parent=_forks.end, after_in_child=_after_fork_in_child)
