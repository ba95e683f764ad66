"""What is asked for: runs and tags by name, glob or pattern, and steps."""

from __future__ import annotations

import fnmatch
import operator
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InvalidTypeError, InvalidValueError, describe

Names = str | re.Pattern[str] | Iterable[str | re.Pattern[str]] | None
Steps = int | slice | range | Iterable[int] | Callable[[int], object] | None
StepFilter = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.bool_]]

_INT64 = np.iinfo(np.int64)


class NameFilter:
    """Tells whether a name is wanted: it equals a string, matches it as a glob, or holds a match of a pattern.

    Args:
        parameter: named in errors.
        wanted: a string, a compiled pattern or several of both; None wants every name.

    In a glob, `*` stands for any characters, slashes included. Raises TypeError for anything else.
    """

    def __init__(self, parameter: str, wanted: Names) -> None:
        self._wants_all = wanted is None
        self._names: set[str] = set()
        self._matches: list[Callable[[str], object]] = []
        self._known: dict[str, bool] = {}
        for item in _items(parameter, wanted):
            if isinstance(item, str):
                self._names.add(item)
                if any(character in item for character in "*?["):
                    self._matches.append(re.compile(fnmatch.translate(item)).match)
            elif isinstance(item, re.Pattern) and isinstance(item.pattern, str):
                self._matches.append(item.search)
            else:
                raise InvalidTypeError(f"{parameter}: got {describe(item)}; accepted is a string or a compiled pattern")

    def __call__(self, name: str) -> bool:
        if self._wants_all:
            return True
        wanted = self._known.get(name)
        if wanted is None:
            wanted = name in self._names or any(match(name) for match in self._matches)
            self._known[name] = wanted
        return wanted


def _items(parameter: str, wanted: Any) -> list[Any]:
    if wanted is None:
        return []
    if isinstance(wanted, (str, re.Pattern)):
        return [wanted]
    try:
        return list(wanted)
    except TypeError:
        accepted = "accepted is a string, a compiled pattern or a list of them"
        raise InvalidTypeError(f"{parameter}: got {describe(wanted)}; {accepted}") from None


def step_filter(steps: Steps) -> StepFilter | None:
    """Return what tells of an array of steps which of them are wanted; None if all are.

    Args:
        steps: a slice of steps (`slice(100, 200)` is 100 to 199), a range, one step, several steps, or a function
            that is called with each step and tells whether it is wanted.

    Raises TypeError or ValueError for anything else.
    """
    if steps is None:
        return None
    if isinstance(steps, slice):
        return _of_slice(steps)
    if isinstance(steps, range):
        ordered = steps if steps.step > 0 else steps[::-1]
        return _within(ordered.start, ordered.stop, ordered.step)
    if callable(steps):
        return _of_function(steps)
    try:
        wanted = [operator.index(step) for step in ([steps] if isinstance(steps, (int, np.integer)) else steps)]
    except TypeError:
        accepted = "accepted is a slice, a range, integers or a function"
        raise InvalidTypeError(f"steps: got {describe(steps)}; {accepted}") from None
    values = np.array(sorted(step for step in wanted if _INT64.min <= step <= _INT64.max), np.int64)
    return lambda found: np.isin(found, values)


def _of_slice(steps: slice) -> StepFilter:
    try:
        start, stop, stride = (None if part is None else operator.index(part) for part in _parts(steps))
    except TypeError:
        raise InvalidTypeError(f"steps: got {describe(steps)}; accepted is a slice of integers") from None
    if stride is not None and stride < 1:
        raise InvalidValueError(f"steps: got {describe(steps)}; accepted is a slice whose step is positive")
    return _within(start, stop, stride or 1)


def _parts(steps: slice) -> tuple[Any, Any, Any]:
    return steps.start, steps.stop, steps.step


def _within(start: int | None, stop: int | None, stride: int) -> StepFilter:
    if stride > _INT64.max:
        raise InvalidValueError(f"steps: got a step of {stride}; accepted is one of 64 bits")
    least = _INT64.min if start is None else max(start, _INT64.min)
    most = _INT64.max if stop is None else min(stop - 1, _INT64.max)
    remainder = (start or 0) % stride

    def wanted(steps: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        if least > most:
            return np.zeros(len(steps), np.bool_)
        kept = (steps >= least) & (steps <= most)
        if stride > 1:
            kept &= steps % stride == remainder
        return kept

    return wanted


def _of_function(is_wanted: Callable[[int], object]) -> StepFilter:
    def wanted(steps: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        unique, positions = np.unique(steps, return_inverse=True)
        answers = np.fromiter((bool(is_wanted(step)) for step in unique.tolist()), np.bool_, len(unique))
        kept: npt.NDArray[np.bool_] = answers[positions]
        return kept

    return wanted
