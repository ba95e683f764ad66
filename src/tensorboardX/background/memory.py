"""The memory that pending events take."""

from __future__ import annotations

import threading

_ENTRY_BYTES = 256  # what a pending scalar takes at most: a tuple, three numbers, its place in the deque
_FREE_SLOTS = 64  # entries that a queue may always hold, so that a quiet one never asks for memory
_KEPT_SLOTS = 1024  # entries for which a queue in use keeps room between drains: asking for more takes 20 us
_MOST_SLOTS = 98_304  # entries of a queue at most: 24 MiB, which a loop that does nothing but log fills within 100,000


class MemoryBudget:
    """Counts the bytes that the pending events of a run take, over all of its queues."""

    def __init__(self) -> None:
        self.taken = 0
        # Nothing is called under it: Python runs signal handlers after calls, and one may wait for the writer.
        self._lock = threading.RLock()

    def take(self, nbytes: int) -> None:
        """Count `nbytes` more."""
        with self._lock:
            self.taken += nbytes

    def take_within(self, nbytes: int, most: int, unit: int) -> int:
        """Take up to `nbytes` as far as `most` bytes in all allow, in whole units; return how many bytes."""
        with self._lock:
            free = most - self.taken
            granted = (nbytes if nbytes < free else free) // unit * unit
            if granted > 0:
                self.taken += granted
        return max(granted, 0)

    def give(self, nbytes: int) -> None:
        """Count `nbytes` fewer."""
        self.take(-nbytes)


class Slots:
    """The entries that one queue may hold, whose memory it takes from a run's budget in larger pieces.

    Args:
        budget: of the run.
        most: bytes that the budget may take in all.
    """

    def __init__(self, budget: MemoryBudget, most: int) -> None:
        self._budget = budget
        self._most = most
        self._fewest = max(min(_FREE_SLOTS, most // _ENTRY_BYTES), 1)
        self.count = self._fewest

    def hold(self, pending: int) -> bool:
        """Return whether there are slots for `pending` entries, now or after taking more."""
        while pending > self.count:
            wanted = min(self.count, _MOST_SLOTS - self.count) * _ENTRY_BYTES
            granted = self._budget.take_within(wanted, self._most, _ENTRY_BYTES) // _ENTRY_BYTES
            if not granted:
                return False
            self.count += granted
        return True

    def give_back(self, pending: int, used: int) -> None:
        """Give back the slots beyond those that are or were just used."""
        surplus = self.count - max(self._fewest, pending, min(used, _KEPT_SLOTS))
        if surplus > 0:
            self.count -= surplus
            self._budget.give(surplus * _ENTRY_BYTES)
