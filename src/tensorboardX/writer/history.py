"""What `export_scalars_to_json` exports."""

from __future__ import annotations

import collections
from typing import Any

from ..errors import DeviceError
from ..values.pending import PendingNumber

MOST_POINTS = 100_000
"""How many points are kept in all, about 20 MB; then the older half of the longest series is forgotten."""

Point = list["float | int | None"]


class ScalarHistory:
    """The points that `add_scalars` logged: lists of [wall time, step, value] by the directory of each sub-run."""

    def __init__(self, points: dict[str, list[Point]] | None = None) -> None:
        self._points: dict[str, list[Point]] = {} if points is None else points
        self._count = sum(map(len, self._points.values()))
        self._pending: collections.deque[tuple[str, Any]] = collections.deque()  # points that lack their number yet

    @property
    def points(self) -> dict[str, list[Point]]:
        """All points. Waits for numbers that a device still computes, and leaves out those that it fails to give."""
        self._complete(waits=True)
        return self._points

    def add(self, series: str, walltime: float, step: int | None, value: float | PendingNumber) -> None:
        """Keep a point; forget the older half of the longest series where there are too many in all."""
        if self._count >= MOST_POINTS:
            self._forget()
        point: list[Any] = [walltime, step, value]
        self._points.setdefault(series, []).append(point)
        self._count += 1
        if isinstance(value, PendingNumber):
            self._pending.append((series, point))
        self._complete(waits=False)

    def _complete(self, waits: bool) -> None:
        """Put numbers into the points that lack them: all, or as far as that takes no waiting."""
        while self._pending:
            try:
                series, point = entry = self._pending.popleft()
            except IndexError:  # another thread took it
                return
            if not waits and not point[2].is_done:
                self._pending.appendleft(entry)
                return
            self._fill(series, point)

    def _fill(self, series: str, point: list[Any]) -> None:
        try:
            point[2] = point[2].resolve()
        except DeviceError:  # the writer warns of it
            points = self._points.get(series, [])
            if any(other is point for other in points):
                points[:] = [other for other in points if other is not point]
                self._count -= 1

    def _forget(self) -> None:
        # A list is a copy, which other threads do not change.
        series, points = max(list(self._points.items()), key=lambda item: len(item[1]))
        surplus = (len(points) + 1) // 2
        del points[:surplus]
        self._count -= surplus
        if not points:
            del self._points[series]
