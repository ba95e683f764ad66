"""Limits how many local files are open at once: a run with hundreds of sub-runs has a file for each of them."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from typing import Protocol

MOST_OPEN = 48
"""How many files a process keeps open for writing, or one for each thread that writes where that is more."""


_FEW_OPEN = 8  # files that need not be parked, however few descriptors the process may have


class Detachable(Protocol):
    """A file whose descriptor can be closed, to be opened again later."""

    def detach(self) -> int:
        """Park the file; return its descriptor, for the caller to close."""


class OpenFiles:
    """The open files of a process, the least recently used first, and the thread that used each last.

    A thread parks only files that it was the last to use. So no file is parked during a write, and no thread waits in
    `close` for the store of another thread.
    """

    def __init__(self) -> None:
        self.forget_all()

    def forget_all(self) -> None:
        """In a fork's child: the files belong to the parent."""
        self._lock = threading.RLock()  # reentrant: a signal handler may log while its thread holds the lock
        self._users: dict[Detachable, int] = {}

    def use(self, file: Detachable) -> None:
        """Note that this thread uses an open file from now on; park others if there are too many."""
        with self._lock:
            self._users.pop(file, None)
            self._users[file] = threading.get_ident()
        self.park(keep=MOST_OPEN, using=file)

    def claim(self, file: Detachable) -> bool:
        """Keep other threads from parking an open file; return False where so many are open that they may have to."""
        if len(self._users) > _FEW_OPEN:
            return False
        if self._users.get(file) != threading.get_ident():
            with self._lock:
                if file not in self._users:
                    return False
                self._users[file] = threading.get_ident()
        return True

    def forget(self, file: Detachable) -> None:
        """Note that a file is closed."""
        with self._lock:
            self._users.pop(file, None)

    def park(self, keep: int, using: Detachable | None = None) -> int:
        """Close files of this thread, down to `keep` open ones in all if it has that many; return how many."""
        me = threading.get_ident()
        with self._lock:
            surplus = max(len(self._users) - keep, 0)
            mine = (file for file, user in self._users.items() if user == me and file is not using)
            parked = [file for file, _ in zip(mine, range(surplus), strict=False)] if surplus else []
            descriptors = []
            for file in parked:
                del self._users[file]
                descriptors.append(file.detach())
        for descriptor in descriptors:
            with contextlib.suppress(OSError):  # lost writes are detected when the file is opened again
                os.close(descriptor)
        return len(parked)


open_files = OpenFiles()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=open_files.forget_all)


def open_descriptor(path: str, flags: int) -> int:
    """Open a file, parking others where the process has no descriptor left. Raises OSError."""
    try:
        return os.open(path, flags, 0o666)
    except OSError as error:
        if error.errno not in (errno.EMFILE, errno.ENFILE) or not open_files.park(keep=0):
            raise
        return os.open(path, flags, 0o666)
