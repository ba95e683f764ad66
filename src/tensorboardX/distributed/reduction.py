"""Points of many ranks become, for each tag and step, what is known of all of them. No files and no clock here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

PATIENCE = 5.0
"""Seconds that a step waits for a rank that says nothing; longer where the rank's own steps take longer."""

STATISTICS = ("min", "mean", "max", "max_rank")
"""What is known of a step, by the last part of its tag."""

_GAPS = 3.0  # times the longest pause that a rank makes, after which it is taken to have stopped
_MOST_STEPS = 10_000  # of a tag that wait

Steps = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


class Points(NamedTuple):
    """Points of one tag, in the order in which they were logged: arrays of one length."""

    ranks: npt.NDArray[np.intp]
    steps: Steps
    wall_times: Numbers
    values: Numbers

    def only(self, kept: npt.NDArray[np.bool_]) -> Points:
        """Return those of a mask."""
        return Points(self.ranks[kept], self.steps[kept], self.wall_times[kept], self.values[kept])


class Reduced(NamedTuple):
    """What the ranks logged under one tag at N steps.

    Attributes:
        tag: of the ranks.
        steps: shape (N,).
        wall_times: of the last rank at each step, seconds since the epoch, shape (N,).
        values: shape (N, world size); NaN where a rank has logged nothing.
    """

    tag: str
    steps: Steps
    wall_times: Numbers
    values: Numbers

    @property
    def tags(self) -> list[str]:
        """The tags under which the statistics are written."""
        return [f"{self.tag}/{name}" for name in STATISTICS]

    def statistics(self) -> npt.NDArray[np.float32]:
        """Return minimum, mean, maximum, and the lowest rank that has the maximum, shape (N, 4).

        NaN is left out of them where another rank has a number.
        """
        is_known = ~np.isnan(self.values)
        counts = is_known.sum(1)
        highest = np.fmax.reduce(self.values, 1)
        with np.errstate(all="ignore"):  # no number at all, infinities of both signs
            mean = np.where(is_known, self.values, 0.0).sum(1) / counts
            rank = np.where(counts > 0, (self.values == highest[:, None]).argmax(1), np.nan)
            return np.stack([np.fmin.reduce(self.values, 1), mean, highest, rank], 1).astype(np.float32)


@dataclass
class _Tag:
    first_seen: float
    pending: list[Points] = field(default_factory=list)
    last_steps: dict[int, int] = field(default_factory=dict)  # by rank
    reduced: int | None = None  # the last step


@dataclass
class _Pace:
    """When a rank was heard of, and how long it is silent between two points."""

    last: float
    gap: float = 0.0

    def note(self, now: float) -> None:
        self.gap = max(now - self.last, 0.9 * self.gap)
        self.last = now

    def is_silent(self, now: float) -> bool:
        return now - self.last > max(PATIENCE, _GAPS * self.gap)


class Reduction:
    """Collects points, and returns those steps that all ranks have reached.

    A step waits for a rank as long as that is heard of. A rank that does not log a tag, or that has stopped, is waited
    for `PATIENCE` seconds. What it logs later, at a step that was reduced, is left out. Where rank 0 goes back to an
    earlier step, the steps from there on are reduced again.

    Args:
        world_size: how many ranks there are.
        reduced_until: wall time of the last point that an earlier process has reduced, by tag.
        void: a step and a wall time; earlier points of this step or a later one are left out.
    """

    def __init__(
        self,
        world_size: int,
        reduced_until: Mapping[str, float] | None = None,
        void: tuple[float, float] = (math.inf, -math.inf),
    ) -> None:
        self._ranks = range(world_size)
        self._reduced_until = dict(reduced_until or {})
        self._void_step, self._begin = void
        self._tags: dict[str, _Tag] = {}
        self._paces: dict[int, _Pace] = {}

    def add(self, rank: int, tag: str, steps: Steps, wall_times: Numbers, values: Numbers, now: float) -> None:
        """Take points of a rank, in their order: arrays of one length, which is not 0."""
        if rank not in self._ranks:  # of a larger world, before a restart
            return
        points = Points(np.full(len(steps), rank, np.intp), steps, wall_times, values)
        is_void = (steps >= self._void_step) & (wall_times < self._begin)
        points = points.only(~is_void & (wall_times > self._reduced_until.get(tag, -math.inf)))
        if len(points.steps):
            self._add(self._tags.setdefault(tag, _Tag(now)), rank, points)
            self._paces.setdefault(rank, _Pace(now)).note(now)

    @staticmethod
    def _add(tag: _Tag, rank: int, points: Points) -> None:
        last = int(points.steps[-1])
        if tag.reduced is not None:
            before = np.concatenate([[tag.last_steps.get(rank, points.steps[0] - 1)], points.steps[:-1]])
            again = points.steps[points.steps <= before]
            if rank == 0 and len(again):  # it began again
                tag.reduced = min(tag.reduced, int(again.min()) - 1)
            points = points.only(points.steps > tag.reduced)
        tag.last_steps[rank] = last
        if len(points.steps):
            tag.pending.append(points)

    def take(self, now: float, everything: bool = False) -> list[Reduced]:
        """Return the steps that need not wait any longer, those of each tag in their order.

        Args:
            everything: whether to return those that have to wait, too.
        """
        found = [self._take(name, tag, now, everything) for name, tag in self._tags.items()]
        return [reduced for reduced in found if reduced is not None]

    def _take(self, name: str, tag: _Tag, now: float, everything: bool) -> Reduced | None:
        if not tag.pending:
            return None
        points = Points(*(np.concatenate(columns) for columns in zip(*tag.pending, strict=True)))
        until = math.inf if everything else min(self._awaited(tag, points, now), default=math.inf)
        if len(points.steps) > _MOST_STEPS:
            different = np.unique(points.steps)
            if len(different) > _MOST_STEPS:
                until = max(until, int(different[-_MOST_STEPS - 1]))
        is_ready = points.steps <= until
        tag.pending = [] if is_ready.all() else [points.only(~is_ready)]
        if not is_ready.any():
            return None
        reduced = self._table(name, points.only(is_ready))
        tag.reduced = int(reduced.steps[-1])
        return reduced

    def _table(self, tag: str, points: Points) -> Reduced:
        steps, rows = np.unique(points.steps, return_inverse=True)
        values = np.full((len(steps), len(self._ranks)), np.nan)
        wall_times = np.full((len(steps), len(self._ranks)), -np.inf)
        values[rows, points.ranks] = points.values  # of equal steps the last counts
        wall_times[rows, points.ranks] = points.wall_times
        return Reduced(tag, steps, wall_times.max(1), values)

    def _awaited(self, tag: _Tag, points: Points, now: float) -> Iterator[int]:
        """Yield the last step of each rank that will log more under a tag, as far as can be told."""
        for rank in self._ranks:
            last, pace = tag.last_steps.get(rank), self._paces.get(rank)
            if last is None:
                if now - tag.first_seen < PATIENCE:
                    yield int(points.steps.min()) - 1
            elif pace is not None and not pace.is_silent(now):
                yield last

    def is_settled(self) -> bool:
        """Whether nothing waits: all ranks have logged the same steps."""
        return not any(tag.pending for tag in self._tags.values())


class RecentValues:
    """The values of each rank at the last steps of each tag, at most so many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[str, Numbers] = {}

    def add(self, reduced: Reduced) -> None:
        """Note the values of steps."""
        before: Any = self._values.get(reduced.tag, reduced.values[:0])
        self._values[reduced.tag] = np.concatenate([before, reduced.values])[-self._most :]

    def of(self, tag: str) -> dict[int, list[float]]:
        """Return the values of a tag by rank, the oldest first."""
        table = self._values[tag].T
        return {rank: values[~np.isnan(values)].tolist() for rank, values in enumerate(table)}
