"""The curves that `tail` draws, each in bounded memory however long it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..reader import Columns
from .series import Series, each_series

_MOST_POINTS = 8192
_BIN = 4  # points that become two, the least and the greatest

Steps = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]


class Curve:
    """One tag of one run. What is drawn of it are at most a few thousand points, peaks included.

    Attributes:
        count: of all points.
        last_step, last_value: of the last one.
        first, end: the least and the greatest step.
    """

    def __init__(self) -> None:
        self.steps: Steps = np.zeros(0, np.int64)
        self.values: Values = np.zeros(0, np.float64)
        self.count = 0
        self.last_step, self.last_value = 0, np.nan
        self.first, self.end = np.iinfo(np.int64).max, np.iinfo(np.int64).min

    def add(self, series: Series) -> None:
        """Append points; those that are not finite are counted only."""
        finite = np.isfinite(series.values)
        self.count += len(series.values)
        self.last_step, self.last_value = int(series.steps[-1]), float(series.values[-1])
        self.first = min(self.first, int(series.steps.min()))
        self.end = max(self.end, int(series.steps.max()))
        steps = np.concatenate([self.steps, series.steps[finite]])
        values = np.concatenate([self.values, series.values[finite]])
        self.steps, self.values = thinned(steps, values, _MOST_POINTS)


class Curves:
    """The curves of many tags and runs, both in the order in which they came.

    Attributes:
        tags: the curves of each tag, by run.
        runs: the names of all runs.
    """

    def __init__(self) -> None:
        self.tags: dict[str, dict[str, Curve]] = {}
        self.runs: list[str] = []

    def add(self, scalars: Columns) -> None:
        for series in each_series(scalars):
            if series.run not in self.runs:
                self.runs.append(series.run)
            self.tags.setdefault(series.tag, {}).setdefault(series.run, Curve()).add(series)

    @property
    def points(self) -> int:
        return sum(curve.count for of_tag in self.tags.values() for curve in of_tag.values())

    @property
    def last_step(self) -> int:
        return max((curve.last_step for of_tag in self.tags.values() for curve in of_tag.values()), default=0)


def thinned(steps: Steps, values: Values, most: int) -> tuple[Steps, Values]:
    """Return at most about `most` of the points of a curve: of each few that follow one another the outermost two."""
    while len(values) > most:
        whole = len(values) // _BIN * _BIN
        bins = values[:whole].reshape(-1, _BIN)
        pair = np.sort(np.stack([bins.argmin(1), bins.argmax(1)], 1), 1)
        rows = (pair + np.arange(0, whole, _BIN)[:, np.newaxis]).reshape(-1)
        rows = np.concatenate([rows, np.arange(whole, len(values))])
        steps, values = steps[rows], values[rows]
    return steps, values
