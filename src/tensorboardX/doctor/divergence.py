"""The loss of validation that rises while that of training falls."""

from __future__ import annotations

import numpy as np

from .blocks import Blocks
from .finding import Fault, Floats, Points, first
from .names import VALIDATION

_MOST = 1024  # points that are remembered of each
_SMOOTH = 3  # values of validation that have to agree
_LEAST = 6  # values of validation
_RISE = 1.25  # times the best

_ADVICE = "The network overfits: keep the weights of the best step, stop early, or add data, dropout or weight decay"


class Divergence:
    """Reports a loss of validation that is 25 % above its best, while that of training has fallen since.

    What was logged at one time is told by the wall time: the two may count steps and epochs.

    Attributes:
        validation: run and tag of validation.
    """

    def __init__(self) -> None:
        self.validation = "", ""
        self._series = {True: Blocks(_MOST), False: Blocks(_MOST)}
        self._done = False

    def feed(self, role: str, points: Points) -> list[Fault]:
        """Take the next points of one of the two, and return what is wrong."""
        if self._done or not self._series[role == VALIDATION].add(points):
            return []
        validation, training = self._series[True].means, self._series[False].means
        if len(validation.values) < _LEAST or not len(training.values):
            return []
        found = _find(validation, training)
        if found is None:
            return []
        self._done = True
        index, best = found
        was, now = validation.values[best], validation.values[index]
        problem = f"the loss is {now:.6g}, and was {was:.6g} at step {validation.steps[best]}; in training it fell"
        return [Fault("divergence", int(validation.steps[index]), problem, _ADVICE)]


def _find(validation: Points, training: Points) -> tuple[int, int] | None:
    """Return the first index of validation that has risen, and that of the best value before it."""
    values = validation.values
    windows = np.lib.stride_tricks.sliding_window_view(values, _SMOOTH)
    least = np.concatenate((np.full(_SMOOTH - 1, -np.inf), windows.min(axis=1)))  # of each value and the two before it
    lowest = np.minimum.accumulate(values)
    best = np.maximum.accumulate(np.where(values == lowest, np.arange(len(values)), 0))
    trained = _means_until(training, validation.wall_times)
    risen = (lowest > 0) & (least > _RISE * lowest) & (trained < trained[best])
    risen[: _LEAST - 1] = False
    index = first(risen)
    return None if index is None else (index, int(best[index]))


def _means_until(training: Points, times: Floats) -> Floats:
    """Return the mean of training between each of the times and the one before it, or the last known one."""
    ends = np.searchsorted(training.wall_times, times, side="right")
    starts = np.concatenate(([0], ends[:-1]))
    starts = np.minimum(starts, np.maximum(ends - 1, 0))
    sums = np.concatenate(([0.0], np.cumsum(training.values)))
    with np.errstate(invalid="ignore"):
        means: Floats = (sums[ends] - sums[starts]) / (ends - starts)
    return means
