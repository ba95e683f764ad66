"""Values far away from those before them."""

from __future__ import annotations

import numpy as np

from .finding import Booleans, Fault, Floats, Points, first

_WINDOW = 100  # points
_LEAST = 20  # points before a value that tell what is usual
_TIMES = 10.0  # as far beyond the values of the window as they are apart
_AT_ONCE = 4096  # points, whose windows are looked at together

_ADVICE = "Look at the batch of this step; clip the gradients, or lower the learning rate, if the value does not return"


class Spikes:
    """Reports the first value that is farther outside of the last 100 values than 10 times their range.

    Args:
        only_up: whether to report only values that are too large, those of a loss.
    """

    def __init__(self, only_up: bool) -> None:
        self._only_up = only_up
        self._window: Floats = np.zeros(0)
        self._done = False

    def feed(self, points: Points) -> list[Fault]:
        if self._done:
            return []
        kept = np.isfinite(points.values)
        steps, values = points.steps[kept], points.values[kept]
        for start in range(0, len(values), _AT_ONCE):
            block = values[start : start + _AT_ONCE]
            before = self._window
            together = np.concatenate((before, block))
            self._window = together[-_WINDOW:]
            low, high = _limits(together, len(before))
            index = first(self._is_far(block, low, high))
            if index is not None:
                self._done = True
                usual = f"after values from {low[index]:.6g} to {high[index]:.6g}"
                step = int(steps[start + index])
                return [Fault("spike", step, f"the value is {block[index]:.6g} {usual}", _ADVICE)]
        return []

    def _is_far(self, values: Floats, low: Floats, high: Floats) -> Booleans:
        with np.errstate(over="ignore", invalid="ignore"):
            margin = _TIMES * (high - low)
            is_far = values > high + margin
            if not self._only_up:
                is_far |= values < low - margin
        return is_far & (margin > 0)  # of a value that never changed, nobody knows what is usual


def _limits(values: Floats, start: int) -> tuple[Floats, Floats]:
    """Return the least and the greatest of up to 100 values before each one from `start` on; NaN for too few."""
    count = len(values) - start
    padded = np.concatenate((np.full(_WINDOW, np.nan), values))
    low, high = (_of_windows(extreme, padded)[start : start + count] for extreme in (np.fmin, np.fmax))
    few = np.arange(start, start + count) < _LEAST
    low[few] = high[few] = np.nan
    return low, high


def _of_windows(extreme: np.ufunc, values: Floats) -> Floats:
    """Return the extreme of each window: that of two windows of half its length, which may overlap, and so on."""
    found, length = values, 1
    while length < _WINDOW:
        shift = min(length, _WINDOW - length)
        found, length = extreme(found[:-shift], found[shift:]), length + shift
    return found
