"""What several curves of one tag come to at each step."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from ..errors import InvalidValueError, shown
from .series import Series

SEEDS = ("mean", "std", "min", "max")
RANKS = ("mean", "min", "max", "max_rank")
DUPLICATES = ("last", "first", "mean")

Numbers = npt.NDArray[np.float64]


class Statistics:
    """The statistics of one tag.

    Args:
        curves: of one tag, each of another run.
        labels: the number of each run, for `max_rank`.
        duplicates: what counts where a curve has one step several times.

    Attributes:
        steps: shape (N,), each step once, in order.
        wall_times: when the last of the runs was there.
        count: of how many runs.
        columns: `mean`, `std` (of a sample: the divisor is the count minus 1; NaN of one run), `min`, `max`, and
            `max_rank`, the number of the first run that has the greatest value, each float64 of shape (N,). Where a
            run has NaN they are NaN, `max_rank` being the number of that run.
    """

    def __init__(self, curves: list[Series], labels: dict[str, int], duplicates: str = "last") -> None:
        single = [_without_duplicates(curve, duplicates) for curve in curves]
        self.steps = np.unique(np.concatenate([curve.steps for curve in single]))
        size = len(self.steps)
        self.wall_times = np.full(size, -np.inf)
        self.count = np.zeros(size, np.int64)
        total = np.zeros(size)
        low, high, owner = np.full(size, np.inf), np.full(size, -np.inf), np.full(size, np.nan)
        for curve in single:
            rows = np.searchsorted(self.steps, curve.steps)
            self.count[rows] += 1
            with np.errstate(invalid="ignore"):  # infinity less infinity
                total[rows] += curve.values
            self.wall_times[rows] = np.fmax(self.wall_times[rows], curve.wall_times)
            is_more = (curve.values > high[rows]) | np.isnan(owner[rows])
            is_more |= np.isnan(curve.values) & ~np.isnan(high[rows])
            owner[rows[is_more]] = labels[curve.run]
            high[rows] = np.maximum(high[rows], curve.values)
            low[rows] = np.minimum(low[rows], curve.values)
        self.wall_times[~np.isfinite(self.wall_times)] = 0.0
        mean = total / self.count
        self.columns: dict[str, Numbers] = {"mean": mean, "min": low, "max": high, "max_rank": owner}
        self.columns["std"] = self._deviation(single, mean)

    def _deviation(self, curves: list[Series], mean: Numbers) -> Numbers:
        squares = np.zeros(len(self.steps))
        with np.errstate(invalid="ignore", divide="ignore"):
            for curve in curves:
                rows = np.searchsorted(self.steps, curve.steps)
                squares[rows] += (curve.values - mean[rows]) ** 2
            deviation: Numbers = np.sqrt(squares / np.where(self.count > 1, self.count - 1, np.nan))
        return deviation


def by_tag(curves: Iterable[Series]) -> dict[str, list[Series]]:
    """Return the curves of each tag."""
    found: dict[str, list[Series]] = {}
    for curve in curves:
        found.setdefault(curve.tag, []).append(curve)
    return found


def checked(curves: dict[str, list[Series]], runs: list[str], *, lax_tags: bool, lax_steps: bool) -> None:
    """Raise InvalidValueError where a run lacks a tag, or a step that another one has, unless that is accepted."""
    for tag, of_tag in curves.items():
        lacking = set(runs) - {curve.run for curve in of_tag}
        if lacking and not lax_tags:
            raise InvalidValueError(
                f"tag {shown(tag)}: {len(lacking)} of {len(runs)} runs lack it, among them {shown(min(lacking))}; "
                "--lax-tags accepts that"
            )
        steps = np.unique(np.concatenate([curve.steps for curve in of_tag]))
        for curve in of_tag if not lax_steps else ():
            missing = np.setdiff1d(steps, curve.steps)
            if len(missing):
                raise InvalidValueError(
                    f"tag {shown(tag)}: run {shown(curve.run)} lacks {len(missing)} of {len(steps)} steps, among them "
                    f"{missing[0]}; --lax-steps accepts that"
                )


def _without_duplicates(curve: Series, duplicates: str) -> Series:
    """Return a curve with each step once, in order."""
    steps, positions, counts = np.unique(curve.steps, return_inverse=True, return_counts=True)
    order = np.argsort(curve.steps, kind="stable")
    ends = np.cumsum(counts)
    rows = order[ends - counts] if duplicates == "first" else order[ends - 1]
    values = curve.values[rows]
    if duplicates == "mean":
        values = np.bincount(positions, curve.values, len(steps)) / counts
    return curve._replace(steps=steps, wall_times=curve.wall_times[rows], values=values)
