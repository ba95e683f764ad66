"""A loss that does not fall any more."""

from __future__ import annotations

import numpy as np

from .blocks import Blocks
from .finding import Fault, Points, first

_BLOCKS = 64
_LEAST_BLOCKS = 32
_LEAST_POINTS = 400
_LEAST_FALL = 0.01  # of the best value, in the second half
_CONVERGED = 0.01  # of the first value
_SAME = 50  # successive points

_STALLED = "Stop here, lower the learning rate, or look at whether the gradients reach the weights"
_STUCK = "Look at whether the weights change at all: the optimizer's parameters, detached tensors, a loss scale of 0"


class Plateaus:
    """Reports a loss whose second half brings it less than 1 % below the best of the first, or that is stuck."""

    def __init__(self) -> None:
        self._blocks = Blocks(_BLOCKS)
        self._known: set[str] = set()
        self._last = np.nan
        self._same = 0  # points that had the last value

    def feed(self, points: Points) -> list[Fault]:
        return [*self._stuck(points), *self._stalled(points)]

    def _stuck(self, points: Points) -> list[Fault]:
        values = points.values
        changed = np.concatenate(([values[0] != self._last], np.diff(values) != 0))
        index = np.arange(len(values))
        since = np.maximum.accumulate(np.where(changed, index, -1))  # where the value of each point begins
        lengths = np.where(since < 0, index + 1 + self._same, index - since + 1)
        self._last, self._same = float(values[-1]), int(lengths[-1])
        at = first((lengths >= _SAME) & (values != 0) & np.isfinite(values))
        if at is None or "stuck" in self._known:
            return []
        self._known.add("stuck")
        problem = f"the value is exactly {values[at]:.6g} for {_SAME} points"
        return [Fault("plateau", int(points.steps[at]), problem, _STUCK)]

    def _stalled(self, points: Points) -> list[Fault]:
        faults: list[Fault] = []
        for start in range(0, len(points.values), _LEAST_POINTS // 4):  # as if they had come a few at a time
            piece = points.part(slice(start, start + _LEAST_POINTS // 4))
            if self._known or not self._blocks.add(piece):
                continue
            fault = self._judge()
            if fault is not None:
                self._known.add("stalled")
                faults.append(fault)
        return faults

    def _judge(self) -> Fault | None:
        steps, _, means = self._blocks.means
        if self._blocks.count < _LEAST_POINTS or len(means) < _LEAST_BLOCKS:
            return None
        half = len(means) // 2
        best, later = means[:half].min(), means[half:].min()
        if later < best - _LEAST_FALL * abs(best) or abs(best) < _CONVERGED * abs(means[0]):
            return None
        since = int(steps[int(means[:half].argmin())])
        problem = f"the mean is {later:.6g} at best since step {int(steps[half])}, and was {best:.6g} at step {since}"
        return Fault("plateau", int(steps[-1]), problem, _STALLED)
