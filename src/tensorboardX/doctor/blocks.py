"""A series of any length as a bounded number of means."""

from __future__ import annotations

import numpy as np

from .finding import Floats, Integers, Points


class Blocks:
    """The means of successive points, as many to each as it takes to have at most `most` of them.

    Whenever there are more, each two neighbours become one. What is not finite is left out.

    Args:
        most: blocks at the end, an even number.

    Attributes:
        count: how many points there were.
    """

    def __init__(self, most: int) -> None:
        self.count = 0
        self._most = most
        self._each = 1  # points of a block
        self._steps: Integers = np.zeros(0, np.int64)
        self._times: Floats = np.zeros(0)
        self._values: Floats = np.zeros(0)
        self._rest = Points(self._steps, self._times, self._values)  # less than a block

    def add(self, points: Points) -> bool:
        """Take points; return whether a block became complete."""
        kept = np.isfinite(points.values)
        steps, times, values = (
            np.concatenate((before, column[kept])) for before, column in zip(self._rest, points, strict=True)
        )
        self.count += int(kept.sum())
        whole = len(values) - len(values) % self._each
        self._rest = Points(steps[whole:], times[whole:], values[whole:])
        self._steps = np.concatenate((self._steps, steps[:whole][self._each - 1 :: self._each]))
        self._times = np.concatenate((self._times, times[:whole][self._each - 1 :: self._each]))
        self._values = np.concatenate((self._values, values[:whole].reshape(-1, self._each).mean(axis=1)))
        while len(self._values) > self._most:
            self._halve()
        return whole > 0

    def _halve(self) -> None:
        even = len(self._values) // 2 * 2
        if even < len(self._values):  # the last one is half of a block: its mean stands for its points
            tail = np.full(self._each, self._values[-1])
            steps = np.full(self._each, self._steps[-1], np.int64)
            last = Points(steps, np.full(self._each, self._times[-1]), tail)
            rest = zip(last, self._rest, strict=True)
            self._rest = Points(*(np.concatenate(pair) for pair in rest))
        self._values = self._values[:even].reshape(-1, 2).mean(axis=1)
        self._steps, self._times = self._steps[1:even:2], self._times[1:even:2]
        self._each *= 2

    @property
    def means(self) -> Points:
        """The mean of each block, with step and wall time of its last point."""
        return Points(self._steps, self._times, self._values)
