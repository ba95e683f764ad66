"""What was taken from a queue and is not in a batch yet: values being encoded, and the barriers behind them."""

from __future__ import annotations

import collections

from ..summary.tags import clean_tag
from .encoding_thread import EncodingThread
from .entries import Barrier, Pending, ScalarEntry, tags_of


class InFlight:
    """Completes values and barriers in the order in which they came. Used by one thread at a time.

    Tags are compared as they are cleaned, which most kinds of data are stored under.

    Args:
        thread: encodes the values.
    """

    def __init__(self, thread: EncodingThread) -> None:
        self._thread = thread
        self._entries: collections.deque[Pending | Barrier] = collections.deque()
        self._tags: collections.Counter[str] = collections.Counter()
        self.is_closing = False
        """Whether the file is to be closed behind these entries: later ones belong to the next file."""

    def __len__(self) -> int:
        return len(self._entries)

    def values(self) -> int:
        """Return how many values are in flight."""
        return sum(isinstance(entry, Pending) for entry in tuple(self._entries))

    def has_tag_of(self, entry: ScalarEntry | bytes | Pending) -> bool:
        """Return whether something of a tag of this entry is in flight, so that the entry has to follow it."""
        return bool(self._tags) and any(clean_tag(tag) in self._tags for tag in tags_of(entry))

    def add_value(self, value: Pending) -> None:
        """Have a value encoded behind those before it."""
        self._entries.append(value)
        self._tags.update(map(clean_tag, value.tags))
        self._thread.submit(value)

    def add_barrier(self, barrier: Barrier) -> None:
        """Let a barrier wait for the values before it."""
        self._entries.append(barrier)
        self.is_closing = self.is_closing or barrier.close

    def first_done(self) -> Pending | Barrier | None:
        """Return the first entry if its turn has come; it stays until `remove_first`."""
        first = self._entries[0] if self._entries else None
        return None if isinstance(first, Pending) and not first.is_done else first

    def remove_first(self) -> None:
        """Forget the first entry: it is complete."""
        first = self._entries.popleft()
        if isinstance(first, Pending):
            self._forget_tags(first)
        elif first.close:
            self.is_closing = any(isinstance(entry, Barrier) and entry.close for entry in self._entries)

    def _forget_tags(self, value: Pending) -> None:
        for tag in map(clean_tag, value.tags):
            self._tags[tag] -= 1
            if not self._tags[tag]:
                del self._tags[tag]

    def take_barriers(self) -> list[Barrier]:
        """Remove all barriers, and return them."""
        barriers = [entry for entry in self._entries if isinstance(entry, Barrier)]
        self._entries = collections.deque(entry for entry in self._entries if isinstance(entry, Pending))
        self.is_closing = False
        return barriers

    def drop_values(self) -> list[Pending]:
        """Give up all values, and return them."""
        values = [entry for entry in self._entries if isinstance(entry, Pending)]
        self._entries = collections.deque(entry for entry in self._entries if isinstance(entry, Barrier))
        self._tags.clear()
        for value in values:
            self._thread.cancel(value)
        return values

    def leave_to_parent(self) -> None:
        """In a fork's child: the values are the parent's."""
        self._entries.clear()
        self._tags.clear()
        self.is_closing = False
