"""Which rank is slow.

Two things tell of it. Ranks that do not wait for each other log their steps at their own pace. Ranks that do, as in
DDP, all take a step as long as the slowest, so nothing is seen from when they log: then a rank has to log how long it
takes for its own work, without the waiting, under a tag with the word "time" in it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from .reduction import RecentValues, Reduced

_WINDOW = 20  # steps
_LEAST = 8  # steps without which nothing is said
_LEAST_SECONDS = 3.0  # of which the pace of a rank is known
_SLOW = 1.2  # times the median of the other ranks
_SILENCE = 60.0  # seconds before the same is said again

_IS_DURATION = re.compile(r"(?<![a-zA-Z])times?(?![a-zA-Z])")


class SlowRank(NamedTuple):
    """A rank that takes longer than the others.

    Attributes:
        rank: which.
        step: the last of those from which it is seen.
        tag: the one from which it is seen.
        what: what takes longer.
        ratio: how many times as long as the median of the others.
    """

    rank: int
    step: int
    tag: str
    what: str
    ratio: float

    def __str__(self) -> str:
        return f"rank {self.rank} is slow: {self.what} is {self.ratio:.2f} times the median of the other ranks"


class SlowRanks:
    """Looks for a slow rank in what the ranks log."""

    def __init__(self) -> None:
        self._durations = RecentValues(_WINDOW)
        self._paces: dict[str, dict[int, deque[tuple[int, float]]]] = {}
        self._last_steps: dict[str, int] = {}
        self._said: dict[int, float] = {}

    def note_reduced(self, reduced: Reduced) -> None:
        """Note the values of steps, if they are durations."""
        if _IS_DURATION.search(reduced.tag):
            self._durations.add(reduced)
            self._last_steps[reduced.tag] = int(reduced.steps[-1])

    def note_progress(self, rank: int, tag: str, step: int, wall_time: float) -> None:
        """Note that a rank has come to a step of a tag."""
        paces = self._paces.setdefault(tag, {}).setdefault(rank, deque(maxlen=_WINDOW))
        if paces and step <= paces[-1][0]:
            paces.clear()
        paces.append((step, wall_time))

    def find(self, now: float) -> list[SlowRank]:
        """Return the slow ranks that were not named in the last minute."""
        found = []
        for slow in (*self._by_duration(), *self._by_pace()):
            if now - self._said.get(slow.rank, -_SILENCE) >= _SILENCE:
                self._said[slow.rank] = now
                found.append(slow)
        return found

    def _by_duration(self) -> Iterator[SlowRank]:
        for tag, step in self._last_steps.items():
            values = self._durations.of(tag)
            typical = {rank: median(found) for rank, found in values.items() if len(found) >= _LEAST}
            yield from _slowest(typical, step, tag, f"its {tag}")

    def _by_pace(self) -> Iterator[SlowRank]:
        for tag, paces in self._paces.items():
            typical = {rank: (f[-1][1] - f[0][1]) / (f[-1][0] - f[0][0]) for rank, f in paces.items() if _is_enough(f)}
            if typical:
                step = max(found[-1][0] for found in paces.values())
                yield from _slowest(typical, step, tag, f"the time between its steps of {tag}")


def _is_enough(found: deque[tuple[int, float]]) -> bool:
    return found[-1][0] - found[0][0] >= _LEAST and found[-1][1] - found[0][1] >= _LEAST_SECONDS


def _slowest(typical: dict[int, float], step: int, tag: str, what: str) -> Iterator[SlowRank]:
    """Yield the rank with the largest value, if that is much larger than those of the others."""
    if len(typical) < 2:
        return
    rank = max(typical, key=lambda rank: typical[rank])
    others = median(value for other, value in typical.items() if other != rank)
    if others > 0 and typical[rank] > _SLOW * others:
        yield SlowRank(rank, step, tag, what, typical[rank] / others)
