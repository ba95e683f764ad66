"""The memory that pending events take."""

from __future__ import annotations

import threading

_SCALARS_SHARE = 8  # an eighth of the memory
_ENTRY_BYTES = 256  # what a pending scalar takes at most: a tuple, three numbers, its place in the deque
_FREE_SLOTS = 64  # entries that a queue may always hold, so that a quiet one never asks for memory
_KEPT_SLOTS = 1024  # entries for which a queue in use keeps room between drains: asking for more takes 20 us
_MOST_SLOTS = 98_304  # entries of a queue at most: 24 MiB, which a loop that does nothing but log fills within 100,000


class MemoryBudget:
    """Counts the bytes that the pending events of a run take, over all of its queues.

    An eighth is kept for scalars: one large value must not keep them waiting until it is encoded.

    Attributes:
        values: bytes of values and serialized Events.
        unstored: those of them that files keep, because their stores take large pieces only.
        slots: bytes of the places that queues hold for their entries.
    """

    def __init__(self) -> None:
        self.values = self.unstored = self.slots = 0
        # Nothing is called under it: Python runs signal handlers after calls, and one may wait for the writer.
        self._lock = threading.RLock()

    def take(self, nbytes: int) -> None:
        """Count `nbytes` more of a value."""
        with self._lock:
            self.values += nbytes

    def give(self, nbytes: int) -> None:
        """Count `nbytes` fewer of a value."""
        self.take(-nbytes)

    def take_unstored(self, nbytes: int) -> None:
        """Count `nbytes` more that a file keeps, or fewer."""
        with self._lock:
            self.values += nbytes
            self.unstored += nbytes

    def is_exceeded_by_values(self, most: int) -> bool:
        """Return whether values take more than they may of `most` bytes."""
        reserved = most // _SCALARS_SHARE
        return self.values > most - (self.slots if self.slots > reserved else reserved)

    def take_slots(self, nbytes: int, most: int, unit: int) -> int:
        """Take up to `nbytes` as far as `most` bytes in all allow, in whole units; return how many bytes."""
        with self._lock:
            values = most - most // _SCALARS_SHARE
            if self.values < values:
                values = self.values
            free = most - values - self.slots
            granted = (nbytes if nbytes < free else free) // unit * unit
            if granted > 0:
                self.slots += granted
        return granted if granted > 0 else 0

    def give_slots(self, nbytes: int) -> None:
        """Give back `nbytes` of slots."""
        with self._lock:
            self.slots -= nbytes


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
            granted = self._budget.take_slots(wanted, self._most, _ENTRY_BYTES) // _ENTRY_BYTES
            if not granted:
                return False
            self.count += granted
        return True

    def give_back(self, pending: int, used: int) -> None:
        """Give back the slots beyond those that are or were just used."""
        surplus = self.count - max(self._fewest, pending, min(used, _KEPT_SLOTS))
        if surplus > 0:
            self.count -= surplus
            self._budget.give_slots(surplus * _ENTRY_BYTES)
