"""Values that are no numbers."""

from __future__ import annotations

import numpy as np

from .finding import Fault, Points, first

_NAN = "Look for a logarithm or a root of 0, a division by 0, or an infinity before it (torch.autograd.detect_anomaly)"
_INFINITY = "Lower the learning rate, clip the gradients, or scale the loss down where numbers have 16 bits"


class NotFinite:
    """Reports the first NaN and the first infinity."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def feed(self, points: Points) -> list[Fault]:
        values = points.values
        if np.isfinite(values).all():
            return []
        found = []
        for check, mask, advice in (("nan", np.isnan(values), _NAN), ("infinity", np.isinf(values), _INFINITY)):
            index = first(mask)
            if index is not None and check not in self._known:
                self._known.add(check)
                found.append(Fault(check, int(points.steps[index]), f"the value is {values[index]:g}", advice))
        return found
