"""What is left of a run once a program that began again has replaced what was logged before.

Two rules, those of TensorBoard's two loaders, both in the order of the files. A point is replaced if a later one of
its tag has the same step or an earlier one (the data server). Each `SessionLog.START` after the first of a run
replaces what came before it at its step and beyond, of all tags (the Python loader).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ..errors import InvalidValueError, describe

KEEP, LAST = "keep", "last"

Integers = npt.NDArray[np.int64]
_NEVER = np.iinfo(np.int64).max


def checked_restarts(restarts: str) -> str:
    """Return `restarts`. Raises ValueError unless it is "keep" or "last"."""
    if restarts not in (KEEP, LAST):
        raise InvalidValueError(f'restarts: got {describe(restarts)}; accepted are "keep" and "last"')
    return restarts


def is_last(
    tags: npt.NDArray[np.integer], steps: Integers, orders: Integers, starts: list[tuple[int, int]]
) -> npt.NDArray[np.bool_]:
    """Return which points are left.

    Args:
        tags: a number for each point's tag, shape (N,).
        steps: of each point.
        orders: tell what came first; the points are in that order.
        starts: order and step of each `SessionLog.START` of the run, in order.
    """
    kept = np.ones(len(steps), np.bool_)
    by_tag = np.argsort(tags, kind="stable")
    borders = np.flatnonzero(np.diff(tags[by_tag])) + 1
    for start, end in pairwise([0, *borders.tolist(), len(steps)]):
        points = by_tag[start:end]
        kept[points[:-1]] = steps[points[:-1]] < _least_of_rest(steps[points])[1:]
    restarts = starts[1:]
    if restarts:
        least = _least_of_rest(np.array([*(step for _, step in restarts), _NEVER], np.int64))
        following = np.searchsorted(np.array([order for order, _ in restarts], np.int64), orders, side="right")
        kept &= (steps < least[following]) | (following == len(restarts))
    return kept


def _least_of_rest(steps: Integers) -> Integers:
    """Return for each step the least of it and all that follow."""
    least: Integers = np.minimum.accumulate(steps[::-1])[::-1]
    return least
