"""Keeps what is asked for of one run."""

from __future__ import annotations

import numpy as np

from .events import Entry
from .filters import StepFilter
from .restarts import is_last
from .scalars import Points, joined

_NONE = np.zeros(0, np.int64)


class Collector:
    """A `Sink` that keeps points and entries, and drops what is not asked for as early as it can.

    Args:
        is_step: tells which steps are wanted; None wants all.
        only_last: whether to leave out what a restart replaced, see `restarts`.
    """

    def __init__(self, is_step: StepFilter | None = None, only_last: bool = False) -> None:
        self._is_step = is_step
        self._only_last = only_last
        self._points: list[Points] = []
        self._entries: list[Entry] = []
        self._starts: list[tuple[int, int]] = []

    def take_points(self, points: Points) -> None:
        if not self._only_last:
            points = self._at_steps(points)._replace(orders=_NONE)  # which nobody needs any more
        if len(points.steps):
            self._points.append(points)

    def take_entry(self, entry: Entry) -> None:
        if self._only_last or self._is_step is None or self._is_step(np.array([entry.step], np.int64))[0]:
            self._entries.append(entry)

    def take_start(self, order: int, step: int) -> None:
        if self._only_last:
            self._starts.append((order, step))

    def points(self) -> list[Points]:
        """Return the points that are left, in parts, and forget them."""
        points, self._points = self._points, []
        if not self._only_last or not points:
            return points
        together = joined(points)
        kept = is_last(together.tags, together.steps, together.orders, self._starts)
        return [self._at_steps(together.only(kept))._replace(orders=_NONE)]

    def entries(self) -> list[Entry]:
        """Return the entries that are left, and forget them."""
        entries, self._entries = self._entries, []
        if not self._only_last or not entries:
            return entries
        numbers: dict[tuple[str, str], int] = {}
        tags = np.array([numbers.setdefault((entry.kind, entry.tag), len(numbers)) for entry in entries], np.int64)
        steps = np.array([entry.step for entry in entries], np.int64)
        orders = np.array([entry.order for entry in entries], np.int64)
        kept = is_last(tags, steps, orders, self._starts)
        if self._is_step is not None:
            kept &= self._is_step(steps)
        return [entry for entry, is_kept in zip(entries, kept.tolist(), strict=True) if is_kept]

    def _at_steps(self, points: Points) -> Points:
        return points if self._is_step is None else points.only(self._is_step(points.steps))
