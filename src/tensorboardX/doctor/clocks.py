"""Wall times that no clock shows."""

from __future__ import annotations

import numpy as np

from .finding import Fault, Points, first

_BACK = 1.0  # seconds that threads may differ by
_LEAP = 3600.0  # seconds
_LEAST = 20  # distances that tell what is usual
_TIMES = 100.0

_ADVICE = "Set the clock of the machine (NTP); TensorBoard's axes WALL and RELATIVE are wrong from here on"
_PAUSE = "The program stood still or was resumed, or the clock was set; the axes WALL and RELATIVE show it"
_NOT_FINITE = "the wall time is not finite"
_NO_TIME = "Give seconds since the epoch as walltime; TensorBoard's data server does not read such a file"


class Clocks:
    """Reports the first wall time of each kind that goes back, leaps an hour ahead, or is not finite."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._greatest = 0.0  # distance
        self._count = 0  # of distances
        self._known: set[str] = set()

    def feed(self, points: Points) -> list[Fault]:
        kept = np.isfinite(points.wall_times)
        found = [] if kept.all() else self._report("none", points, first(~kept), _NOT_FINITE, _NO_TIME)
        steps, times = points.steps[kept], points.wall_times[kept]
        if not len(times):
            return found
        before = np.concatenate(([times[0] if self._last is None else self._last], times[:-1]))
        distances = times - before
        if self._last is None:
            steps, distances = steps[1:], distances[1:]
        self._last = float(times[-1])
        if not len(distances):
            return found
        usual = np.maximum.accumulate(np.concatenate(([self._greatest], distances)))
        enough = self._count + np.arange(len(distances)) >= _LEAST
        self._greatest, self._count = float(usual[-1]), self._count + len(distances)
        back = first(distances < -_BACK)
        ahead = first(enough & (distances > np.maximum(_LEAP, _TIMES * usual[:-1])))
        rest = Points(steps, distances, distances)
        if back is not None:
            found += self._report("back", rest, back, f"the wall time goes back by {-distances[back]:.0f} s", _ADVICE)
        if ahead is not None:
            found += self._report("ahead", rest, ahead, f"the wall time leaps by {distances[ahead]:.0f} s", _PAUSE)
        return found

    def _report(self, kind: str, points: Points, index: int | None, problem: str, advice: str) -> list[Fault]:
        if index is None or kind in self._known:
            return []
        self._known.add(kind)
        return [Fault("clock", int(points.steps[index]), problem, advice)]
