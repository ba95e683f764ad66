"""The memory that pending events take."""

from __future__ import annotations

import threading


class MemoryBudget:
    """Counts the bytes that the pending events of a run take, over all of its queues."""

    def __init__(self) -> None:
        self.taken = 0
        self._lock = threading.RLock()  # a signal handler may log while its thread is in here

    def take(self, nbytes: int) -> None:
        """Count `nbytes` more."""
        with self._lock:
            self.taken += nbytes

    def take_within(self, nbytes: int, most: int, unit: int) -> int:
        """Take up to `nbytes` as far as `most` bytes in all allow, in whole units; return how many bytes."""
        with self._lock:
            granted = max(min(nbytes, most - self.taken), 0) // unit * unit
            self.taken += granted
            return granted

    def give(self, nbytes: int) -> None:
        """Count `nbytes` fewer."""
        self.take(-nbytes)
