"""The events in the buffer of a file, which its store does not have yet."""

from __future__ import annotations

import collections

from ..records.framing import FRAME_BYTES
from .memory import MemoryBudget


class BufferedEvents:
    """Counts buffered events by batch, and their bytes as memory of the run. Used by one thread at a time.

    Attributes:
        events: how many there are.
    """

    def __init__(self, memory: MemoryBudget) -> None:
        self.events = 0
        self._memory = memory
        self._batches: collections.deque[tuple[int, int]] = collections.deque()  # bytes and events, the oldest first
        self._nbytes = 0

    def add(self, batch: list[bytes], events: int) -> None:
        """Count the `events` of a batch that the file has taken."""
        nbytes = sum(map(len, batch)) + len(batch) * FRAME_BYTES
        self._batches.append((nbytes, events))
        self._change(nbytes, events)

    def remove_stored(self, buffered_bytes: int) -> int:
        """Return how many events are in the store now that the file buffers only `buffered_bytes`."""
        before = self.events
        while self._batches and self._nbytes - self._batches[0][0] >= buffered_bytes:
            nbytes, events = self._batches.popleft()
            self._change(-nbytes, -events)
        return before - self.events

    def discard(self) -> int:
        """Count nothing any more; return how many events are lost with the file."""
        lost = self.events
        self._batches.clear()
        self._change(-self._nbytes, -lost)
        return lost

    def _change(self, nbytes: int, events: int) -> None:
        self._nbytes += nbytes
        self.events += events
        self._memory.take_buffered(nbytes)
