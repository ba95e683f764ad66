"""An event between threads that is safe under signal handlers and Ctrl-C."""

from __future__ import annotations

import _thread
import contextlib


class AutoResetEvent:
    """Each `set` wakes one waiting thread. A further `set` before that has no effect.

    It is a single lock of the interpreter. `threading.Condition` and `threading.Event` are written in Python: an
    exception that a signal handler raises within them may leave their lock held.
    """

    def __init__(self) -> None:
        self._lock = _thread.allocate_lock()
        self._lock.acquire()

    def set(self) -> None:
        """Wake a waiting thread, or the next thread that waits."""
        if self._lock.locked():  # not set yet; mostly it is, and an exception takes a microsecond
            with contextlib.suppress(RuntimeError):  # raised where another thread has just set it
                self._lock.release()

    def wait(self, seconds: float) -> bool:
        """Wait until set, `seconds` at most; return whether it was, and reset it."""
        return self._lock.acquire(timeout=seconds)
