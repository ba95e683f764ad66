"""What `export_scalars_to_json` exports."""

from __future__ import annotations

MOST_POINTS = 100_000
"""How many points are kept in all, about 20 MB; then the oldest of the series being logged are forgotten."""

Point = list["float | int | None"]


class ScalarHistory:
    """The points that `add_scalars` logged: lists of [wall time, step, value] by the directory of each sub-run."""

    def __init__(self) -> None:
        self.points: dict[str, list[Point]] = {}
        self._count = 0

    def add(self, series: str, walltime: float, step: int | None, value: float) -> None:
        """Keep a point; forget the older half of its series, or this point, where there are too many in all."""
        points = self.points.setdefault(series, [])
        if self._count >= MOST_POINTS:
            surplus = (len(points) + 1) // 2
            del points[:surplus]
            self._count -= surplus
        if self._count < MOST_POINTS:
            points.append([walltime, step, value])
            self._count += 1
