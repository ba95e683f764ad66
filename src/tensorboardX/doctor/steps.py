"""Steps that go back, and steps that are missing."""

from __future__ import annotations

import numpy as np

from .finding import Fault, Points, first

_LEAST = 20  # distances that tell what is usual
_TIMES = 10

_BACK = "TensorBoard drops what was logged from this step on: trim a run before it is resumed (resume_step)"
_GAP = "Look at whether a part of the program did not log, or a file of the run is missing"


class StepsBack:
    """Reports the first step that is smaller than one before it."""

    def __init__(self) -> None:
        self._greatest: int | None = None
        self._done = False

    def feed(self, points: Points) -> list[Fault]:
        steps = points.steps
        start = steps[0] if self._greatest is None else self._greatest
        before = np.maximum.accumulate(np.concatenate(([start], steps)))
        self._greatest = int(before[-1])
        index = None if self._done else first(steps < before[:-1])
        if index is None:
            return []
        self._done = True
        return [Fault("steps back", int(steps[index]), f"the step before was {before[index]}", _BACK)]


class Gaps:
    """Reports the first distance of two steps that is more than 10 times as large as any before."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._greatest = 0  # distance
        self._count = 0  # of distances
        self._done = False

    def feed(self, points: Points) -> list[Fault]:
        steps = points.steps
        start = steps[:0] if self._last is None else np.array([self._last], np.int64)
        steps = np.maximum.accumulate(np.concatenate((start, steps)))  # one that goes back leaves no gap behind it
        self._last = int(steps[-1])
        distances = np.diff(steps)
        if self._done or not len(distances):
            return []
        usual = np.maximum.accumulate(np.concatenate(([self._greatest], distances)))
        enough = self._count + np.arange(len(distances)) >= _LEAST
        self._greatest, self._count = int(usual[-1]), self._count + len(distances)
        index = first(enough & (usual[:-1] > 0) & (distances > _TIMES * usual[:-1]))
        if index is None:
            return []
        self._done = True
        problem = f"nothing was logged since step {steps[index]}; until then at least every {usual[index]} steps"
        return [Fault("gap", int(steps[index + 1]), problem, _GAP)]
