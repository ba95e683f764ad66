"""Points of many ranks become, for each tag and step, what is known of all of them. No files and no clock here."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

PATIENCE = 5.0
"""Seconds that a step waits for a rank that says nothing; longer where the rank's own steps take longer."""

_GAPS = 3.0  # times the longest pause that a rank makes, after which it is taken to have stopped
_MOST_STEPS = 10_000  # of a tag that wait


class Reduced(NamedTuple):
    """What the ranks logged under one tag at one step.

    Attributes:
        wall_time: of the last of them, seconds since the epoch.
        values: by rank.
    """

    tag: str
    step: int
    wall_time: float
    values: dict[int, float]

    def scalars(self) -> list[tuple[str, float]]:
        """Return the tags and values to write: minimum, mean, maximum, and the rank that has the maximum.

        NaN is left out of them where another rank has a number.
        """
        known = {rank: value for rank, value in self.values.items() if value == value} or self.values
        highest = max(known, key=lambda rank: (known[rank], -rank))
        mean = sum(known.values()) / len(known)
        numbers = {"min": min(known.values()), "mean": mean, "max": known[highest], "max_rank": float(highest)}
        return [(f"{self.tag}/{name}", number) for name, number in numbers.items()]


@dataclass
class _Tag:
    first_seen: float
    pending: dict[int, dict[int, tuple[float, float]]] = field(default_factory=dict)  # step: rank: value, wall time
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

    def add(self, rank: int, points: Iterable[tuple[str, int, float, float]], now: float) -> None:
        """Take points of a rank, in their order: tag, step, wall time and value."""
        if rank not in self._ranks:  # of a larger world, before a restart
            return
        is_new = False
        for tag, step, wall_time, value in points:
            is_void = step >= self._void_step and wall_time < self._begin
            if not is_void and wall_time > self._reduced_until.get(tag, -math.inf):
                self._add(self._tags.setdefault(tag, _Tag(now)), rank, step, wall_time, value)
                is_new = True
        if is_new:
            self._paces.setdefault(rank, _Pace(now)).note(now)

    @staticmethod
    def _add(tag: _Tag, rank: int, step: int, wall_time: float, value: float) -> None:
        if rank == 0 and step <= tag.last_steps.get(0, step - 1):  # it began again
            tag.reduced = None if tag.reduced is None else min(tag.reduced, step - 1)
        tag.last_steps[rank] = step
        if tag.reduced is None or step > tag.reduced:
            tag.pending.setdefault(step, {})[rank] = value, wall_time

    def take(self, now: float, everything: bool = False) -> list[Reduced]:
        """Return the steps that need not wait any longer, those of each tag in their order.

        Args:
            everything: whether to return those that have to wait, too.
        """
        return [reduced for name, tag in self._tags.items() for reduced in self._take(name, tag, now, everything)]

    def _take(self, name: str, tag: _Tag, now: float, everything: bool) -> Iterator[Reduced]:
        if not tag.pending:
            return
        until = None if everything else min(self._awaited(tag, now), default=None)
        surplus = len(tag.pending) - _MOST_STEPS
        for count, step in enumerate(sorted(tag.pending)):
            if until is not None and step > until and count >= surplus:
                return
            found = tag.pending.pop(step)
            tag.reduced = step
            wall_time = max(wall_time for _, wall_time in found.values())
            yield Reduced(name, step, wall_time, {rank: value for rank, (value, _) in sorted(found.items())})

    def _awaited(self, tag: _Tag, now: float) -> Iterator[int]:
        """Yield the last step of each rank that will log more under a tag, as far as can be told."""
        for rank in self._ranks:
            last, pace = tag.last_steps.get(rank), self._paces.get(rank)
            if last is None:
                if now - tag.first_seen < PATIENCE:
                    yield min(tag.pending) - 1
            elif pace is not None and not pace.is_silent(now):
                yield last

    def is_settled(self) -> bool:
        """Whether nothing waits: all ranks have logged the same steps."""
        return not any(tag.pending for tag in self._tags.values())


class RecentValues:
    """The last values of each rank under each tag."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, reduced: Reduced) -> None:
        """Note the values of a step."""
        of_tag = self._values[reduced.tag]
        for rank, value in reduced.values.items():
            of_tag[rank].append(value)
            del of_tag[rank][: -self._most]

    def of(self, tag: str) -> dict[int, list[float]]:
        """Return the values of a tag by rank, the oldest first."""
        return {rank: list(values) for rank, values in self._values[tag].items()}
