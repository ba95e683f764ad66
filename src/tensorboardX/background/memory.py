"""The memory of pending events."""

from __future__ import annotations

import threading

_SCALARS_SHARE = 8  # an eighth of the memory
_ENTRY_BYTES = 256  # the most that a pending scalar takes: a tuple, three numbers, its slot in the deque
_FREE_SLOTS = 64  # entries that a queue may always hold, so that an idle one takes nothing from the budget
_KEPT_SLOTS = 1024  # slots that a busy queue keeps between drains: taking more costs 20 us
_MOST_SLOTS = 98_304  # the most slots of a queue: 24 MiB, filled by a loop that only logs within 100,000 calls


class MemoryBudget:
    """Counts the bytes that the pending events of a run take, over all of its queues.

    An eighth is reserved for scalars, which must not wait until one large value is encoded.

    Attributes:
        values: bytes of values and serialized Events.
        buffered: those of them in the buffers of files, whose stores take large objects only.
        slots: bytes of the slots that queues hold for their entries.
    """

    def __init__(self) -> None:
        self.values = self.buffered = self.slots = 0
        # No function is called under it. Python runs signal handlers after calls, and one may wait for the writer.
        self._lock = threading.RLock()

    def take(self, nbytes: int) -> None:
        """Count `nbytes` more of a value."""
        with self._lock:
            self.values += nbytes

    def give(self, nbytes: int) -> None:
        """Count `nbytes` fewer of a value."""
        self.take(-nbytes)

    def take_buffered(self, nbytes: int) -> None:
        """Count `nbytes` more, or fewer if negative, in the buffers of files."""
        with self._lock:
            self.values += nbytes
            self.buffered += nbytes

    def is_exceeded_by_values(self, most: int) -> bool:
        """Return whether values exceed their share of `most` bytes."""
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
    """The entries that one queue may hold. Their memory is taken from the budget of the run in blocks.

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
