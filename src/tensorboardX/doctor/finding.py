"""What a check finds."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

CHECKS = {
    "nan": "a value is NaN",
    "infinity": "a value is infinite",
    "spike": "a value is far away from all of the last hundred",
    "plateau": "a loss did not fall in the second half of its run, or stays exactly the same",
    "divergence": "the loss of validation rises while that of training falls",
    "steps back": "a step is smaller than one before",
    "gap": "steps are missing",
    "clock": "the wall time goes back, leaps, or is no time",
    "kinds": "one tag has two kinds of data",
    "runs": "there are more runs than TensorBoard shows at once",
    "damage": "a part of a file cannot be read",
}
"""The names of the checks, and what each of them finds."""

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


class Finding(NamedTuple):
    """One fault, where it is, and what to do.

    Attributes:
        check: a key of `CHECKS`.
        run, tag: of the values; "" where it is not about one.
        step: at which it shows first; None where it is not about steps.
        problem: what is wrong, a sentence without its full stop.
        advice: what to do about it.
    """

    check: str
    run: str
    tag: str
    step: int | None
    problem: str
    advice: str

    def __str__(self) -> str:
        where = " ".join(part for part in (self.run, self.tag) if part)
        step = "" if self.step is None else f", step {self.step}"
        return f"{self.check}: {where}{step}: {self.problem}. {self.advice}."


class Points(NamedTuple):
    """Successive points of one tag of one run.

    Attributes:
        steps: int64, shape (N,).
        wall_times: float64, seconds since the epoch.
        values: float64.
    """

    steps: Integers
    wall_times: Floats
    values: Floats

    def part(self, kept: slice | Booleans) -> Points:
        """Return some of the points."""
        return Points(self.steps[kept], self.wall_times[kept], self.values[kept])


class Fault(NamedTuple):
    """What one check finds in the points of one tag; see `Finding`."""

    check: str
    step: int
    problem: str
    advice: str


class Check(Protocol):
    """A check of one tag, which sees its points a few at a time. It reports the first fault of each kind."""

    def feed(self, points: Points) -> list[Fault]:
        """Take the next points, at least one, and return what is wrong with them."""


def first(mask: Booleans) -> int | None:
    """Return the index of the first True, None if there is none."""
    index = int(mask.argmax())
    return index if mask[index] else None
