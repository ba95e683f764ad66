"""A clock that stands still while the process is suspended."""

from __future__ import annotations

import os
from threading import RLock
from time import monotonic

_LONGEST_STEP = 0.5
"""The clock advances by this many seconds at most between two readings. Waiting callers read it every 0.2 seconds."""


class RunningClock:
    """Measures how long a caller that reads it regularly has waited.

    The monotonic clock goes on while a process is stopped by SIGSTOP, or while a laptop sleeps. A deadline on that
    clock would expire before the writer thread has run again.
    """

    def __init__(self) -> None:
        self._read_at = monotonic()
        self._seconds = 0.0
        self.reset_lock()

    def reset_lock(self) -> None:
        """In a fork's child: another thread of the parent may have had the lock."""
        self._lock = RLock()  # reentrant: signal handlers read the clock too

    def now(self) -> float:
        """Return seconds since an arbitrary point in time."""
        at = monotonic()
        # No function is called under the lock. Python runs signal handlers after calls, and a handler may wait for
        # another thread that reads the clock.
        with self._lock:
            step = at - self._read_at
            if step > 0:
                self._seconds += step if step < _LONGEST_STEP else _LONGEST_STEP
                self._read_at = at
            return self._seconds


_clock = RunningClock()
now = _clock.now

if hasattr(os, "register_at_fork"):  # before the other modules of this package, which read the clock in the child
    os.register_at_fork(after_in_child=_clock.reset_lock)
