"""What `export_scalars_to_json` exports."""

from __future__ import annotations

MOST_POINTS = 100_000
"""How many points are kept in all, about 20 MB; then the older half of the longest series is forgotten."""

Point = list["float | int | None"]


class ScalarHistory:
    """The points that `add_scalars` logged: lists of [wall time, step, value] by the directory of each sub-run."""

    def __init__(self, points: dict[str, list[Point]] | None = None) -> None:
        self.points: dict[str, list[Point]] = {} if points is None else points
        self._count = sum(map(len, self.points.values()))

    def add(self, series: str, walltime: float, step: int | None, value: float) -> None:
        """Keep a point; forget the older half of the longest series where there are too many in all."""
        if self._count >= MOST_POINTS:
            self._forget()
        self.points.setdefault(series, []).append([walltime, step, value])
        self._count += 1

    def _forget(self) -> None:
        # A list is a copy, which other threads do not change.
        series, points = max(list(self.points.items()), key=lambda item: len(item[1]))
        surplus = (len(points) + 1) // 2
        del points[:surplus]
        self._count -= surplus
        if not points:
            del self.points[series]
