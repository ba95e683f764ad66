"""What there is in a run: how many values of each tag, from which step to which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .columns import Columns, objects, repeated
from .events import Entry
from .scalars import Points, TagNumbers
from .values import SCALARS


@dataclass
class _Series:
    """The values of one tag and kind."""

    count: int
    first_step: int
    last_step: int
    first_wall_time: float
    last_wall_time: float


class Counter:
    """A `Sink` that counts.

    Args:
        numbers: of the tags of scalars.
    """

    def __init__(self, numbers: TagNumbers) -> None:
        self._numbers = numbers
        self._series: dict[tuple[str, str], _Series] = {}

    def take_points(self, points: Points) -> None:
        tags, firsts, counts = np.unique(points.tags, return_index=True, return_counts=True)
        lasts = np.zeros(len(self._numbers.names), np.int64)
        lasts[points.tags] = np.arange(len(points.tags))  # of several assignments to one place the last one stays
        for tag, count, first in zip(tags.tolist(), counts.tolist(), firsts.tolist(), strict=True):
            last = int(lasts[tag])
            self._add(
                (self._numbers.names[tag], SCALARS),
                count,
                (int(points.steps[first]), float(points.wall_times[first])),
                (int(points.steps[last]), float(points.wall_times[last])),
            )

    def take_entry(self, entry: Entry) -> None:
        at = entry.step, entry.wall_time
        self._add((entry.name, entry.kind), 1, at, at)

    def take_start(self, order: int, step: int) -> None:
        """A restart is no value."""

    def _add(self, key: tuple[str, str], count: int, first: tuple[int, float], last: tuple[int, float]) -> None:
        known = self._series.get(key)
        if known is None:
            self._series[key] = _Series(count, first[0], last[0], first[1], last[1])
        else:
            known.count += count
            known.last_step, known.last_wall_time = last

    def columns(self, run: str) -> Columns:
        """Return a row for each tag and kind, in the order of the tags."""
        names = sorted(self._series)
        series = [self._series[name] for name in names]
        return Columns(
            {
                "run": repeated(run, len(series)),
                "tag": objects(tag for tag, _ in names),
                "kind": objects(kind for _, kind in names),
                "count": np.array([each.count for each in series], np.int64),
                "first_step": np.array([each.first_step for each in series], np.int64),
                "last_step": np.array([each.last_step for each in series], np.int64),
                "first_wall_time": np.array([each.first_wall_time for each in series], np.float64),
                "last_wall_time": np.array([each.last_wall_time for each in series], np.float64),
            }
        )
