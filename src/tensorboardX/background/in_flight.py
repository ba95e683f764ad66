"""Entries that were taken from a queue and are not in a batch yet: values being encoded, and barriers after them."""

from __future__ import annotations

import collections

from ..summary.tags import clean_tag
from .encoding_thread import EncodingThread
from .entries import Barrier, Pending, ScalarEntry, count_events, tags_of


class InFlight:
    """Completes values and barriers in the order in which they came. Used by one thread at a time.

    Tags are compared in their cleaned form, under which most data is stored.

    Args:
        thread: encodes the values.
    """

    def __init__(self, thread: EncodingThread) -> None:
        self._thread = thread
        self._entries: collections.deque[Pending | Barrier] = collections.deque()
        self._tags: collections.Counter[str] = collections.Counter()
        self.is_closing = False
        """Whether the file is to be closed after these entries: later ones belong to the next file."""

    def __len__(self) -> int:
        return len(self._entries)

    def events(self) -> int:
        """Return how many events the values in flight become."""
        return count_events(tuple(self._entries))

    def values(self) -> int:
        """Return how many values are in flight."""
        return sum(isinstance(entry, Pending) for entry in tuple(self._entries))

    def has_tag_of(self, entry: ScalarEntry | bytes | Pending) -> bool:
        """Return whether an entry with a common tag is in flight, which this entry has to follow."""
        return bool(self._tags) and any(clean_tag(tag) in self._tags for tag in tags_of(entry))

    def add_value(self, value: Pending) -> None:
        """Submit a value to the encoding thread."""
        self._entries.append(value)
        self._tags.update(map(clean_tag, value.tags))
        self._thread.submit(value)

    def add_barrier(self, barrier: Barrier) -> None:
        """Let a barrier wait for the values before it."""
        self._entries.append(barrier)
        self.is_closing = self.is_closing or barrier.close

    def first_done(self) -> Pending | Barrier | None:
        """Return the first entry if it is a barrier or encoded; `remove_first` removes it."""
        first = self._entries[0] if self._entries else None
        return None if isinstance(first, Pending) and not first.is_done else first

    def remove_first(self) -> None:
        """Remove the first entry, which is complete."""
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
        """Cancel and remove all values, and return them."""
        values = [entry for entry in self._entries if isinstance(entry, Pending)]
        self._entries = collections.deque(entry for entry in self._entries if isinstance(entry, Barrier))
        self._tags.clear()
        for value in values:
            self._thread.cancel(value)
        return values

    def reset_after_fork(self) -> None:
        """In a fork's child: the values belong to the parent."""
        self._entries.clear()
        self._tags.clear()
        self.is_closing = False
