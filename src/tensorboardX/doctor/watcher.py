"""The checks of all tags, a few points at a time."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Iterator

import numpy as np

from .clocks import Clocks
from .divergence import Divergence
from .finding import Check, Fault, Finding, Points
from .names import VALIDATION, is_loss, may_leap, role_of
from .plateaus import Plateaus
from .spikes import Spikes
from .steps import Gaps, StepsBack
from .values import NotFinite

Scalar = tuple[str, float, int | None, float]
"""Tag, value, step and wall time."""


class _Series:
    """The checks of one tag of one run."""

    def __init__(self, run: str, tag: str, pairs: dict[tuple[str, str], Divergence]) -> None:
        self.run = run
        self.tag = tag
        self._checks: list[Check] = [NotFinite(), StepsBack(), Gaps(), Clocks()]
        if not may_leap(tag):
            self._checks.append(Spikes(only_up=is_loss(tag)))
        self._pair: tuple[str, Divergence] | None = None
        if is_loss(tag):
            self._checks.append(Plateaus())
            role = role_of(run, tag)
            if role is not None:
                pair = pairs.setdefault(role[1], Divergence())
                self._pair = role[0], pair
                if role[0] == VALIDATION:
                    pair.validation = run, tag

    def feed(self, points: Points) -> list[Finding]:
        faults: list[Fault] = [fault for check in self._checks for fault in check.feed(points)]
        findings = [_finding(self.run, self.tag, fault) for fault in faults]
        if self._pair is not None:
            role, pair = self._pair
            findings += [_finding(*pair.validation, fault) for fault in pair.feed(role, points)]
        return findings


def _finding(run: str, tag: str, fault: Fault) -> Finding:
    return Finding(fault.check, run, tag, fault.step, fault.problem, fault.advice)


class Watcher:
    """Checks points of any tags of any runs as they come. Each fault is reported once for each tag.

    `take` is quick and checks nothing; `check` works through what was taken, the tag that waits longest first. So the
    work that is done at once is bounded, however many tags there are.
    """

    def __init__(self) -> None:
        self._series: dict[tuple[str, str], _Series] = {}
        self._pairs: dict[tuple[str, str], Divergence] = {}
        self._pending: dict[str, dict[str, list[Scalar]]] = {}  # by run and tag
        self._waiting: collections.deque[tuple[str, str]] = collections.deque()

    def feed(self, run: str, tag: str, points: Points) -> list[Finding]:
        """Check the next points of one tag."""
        return self._of(run, tag).feed(points) if len(points.values) else []

    def take(self, run: str, scalars: Iterable[Scalar]) -> None:
        """Take scalars of one run, to be checked later."""
        pending = self._pending.setdefault(run, {})
        for scalar in scalars:
            points = pending.get(scalar[0])
            if points is None:
                points = pending[scalar[0]] = []
                self._waiting.append((run, scalar[0]))
            points.append(scalar)

    @property
    def is_behind(self) -> bool:
        """Whether anything that was taken is not checked yet."""
        return bool(self._waiting)

    def check(self, most: int) -> Iterator[list[Finding]]:
        """Check what was taken of at most so many tags, one after the other; yield what is found of each."""
        for _ in range(min(most, len(self._waiting))):
            run, tag = self._waiting.popleft()
            _, values, steps, times = zip(*self._pending[run].pop(tag), strict=True)
            numbers = np.array([0 if step is None else step for step in steps] if None in steps else steps, np.int64)
            points = Points(numbers, np.array(times, np.float64), np.array(values, np.float64))
            yield self._of(run, tag).feed(points)

    def _of(self, run: str, tag: str) -> _Series:
        key = run, tag
        if key not in self._series:
            self._series[key] = _Series(run, tag, self._pairs)
        return self._series[key]
