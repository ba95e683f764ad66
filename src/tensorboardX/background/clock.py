"""A clock that stands still while the process is suspended."""

from __future__ import annotations

from threading import RLock
from time import monotonic

_LONGEST_STEP = 0.5
"""Seconds by which the clock advances at most between two readings. Those who wait read it every 0.2 seconds."""


class RunningClock:
    """Measures how long somebody who reads it regularly has waited.

    A process that gets SIGSTOP, or whose laptop sleeps, finds on waking that the monotonic clock went on without it.
    A deadline measured that way would be over before the threads that it is for have run again.
    """

    def __init__(self) -> None:
        self._lock = RLock()  # of a thread, whose signal handlers may read the clock as well
        self._read_at = monotonic()
        self._seconds = 0.0

    def now(self) -> float:
        """Return seconds since an arbitrary point in time."""
        at = monotonic()
        # Nothing is called under the lock: Python runs signal handlers after calls, and one may wait for a thread that
        # reads the clock.
        with self._lock:
            step = at - self._read_at
            if step > 0:
                self._seconds += step if step < _LONGEST_STEP else _LONGEST_STEP
                self._read_at = at
            return self._seconds


now = RunningClock().now
