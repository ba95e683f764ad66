"""A signal between threads that a signal handler and Ctrl-C cannot leave half done."""

from __future__ import annotations

import _thread
import contextlib


class AutoResetEvent:
    """Lets one waiting thread go on for each `set`; further ones before that thread goes on change nothing.

    One lock of the interpreter. `threading.Condition` and `threading.Event` are written in Python: an exception that a
    signal raises within them may leave their lock taken for good.
    """

    def __init__(self) -> None:
        self._lock = _thread.allocate_lock()
        self._lock.acquire()

    def set(self) -> None:
        """Let a waiting thread go on, or the next one that would wait."""
        if self._lock.locked():  # not set, and mostly it is: an exception takes a microsecond
            with contextlib.suppress(RuntimeError):  # raised where another thread has just set it
                self._lock.release()

    def wait(self, seconds: float) -> bool:
        """Wait until set, `seconds` at most; return whether it was, and reset it."""
        return self._lock.acquire(timeout=seconds)
