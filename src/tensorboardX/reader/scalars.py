"""The scalars of one run, many Events at once."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .checksums import rows_of
from .layouts import Layout, Rows, Scalar, layout_of, width
from .values import SCALARS, Tags
from .walk import Offsets, Stretch

UNWANTED = -1
"""Stands for the number of a tag that is not wanted."""

_UNKNOWN = -2  # a tensor, of which the slow path has to find out what it is
_FEW = 8  # Events of one length, for which arrays gain nothing
_MOST_EXAMPLES = 4  # of Events of one length in a stretch
_MOST_LAYOUTS = 8  # that are kept of Events of one length

Numbers = npt.NDArray[np.int32]
Indices = npt.NDArray[np.intp]


class Points(NamedTuple):
    """Points of scalars.

    Attributes:
        tags: the number of each one's tag in `TagNumbers`, int32, shape (N,).
        steps: int64.
        wall_times: float64, seconds since the epoch.
        values: float64.
        orders: int64, which tell what came first.
    """

    tags: Numbers
    steps: npt.NDArray[np.int64]
    wall_times: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]
    orders: Offsets

    def only(self, kept: npt.NDArray[np.bool_]) -> Points:
        """Return some of the points."""
        return self if kept.all() else self.at(kept)

    def at(self, index: npt.NDArray[Any]) -> Points:
        """Return the points at an index, which may be any array that NumPy takes for one."""
        columns = (column[index] for column in self)
        return Points(*columns)


def joined(parts: Sequence[Points]) -> Points:
    """Return all points of several parts, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Points(*columns)


def in_order(parts: Sequence[Points]) -> Points:
    """Return all points of several parts, in the order in which they came."""
    together = joined(parts)
    if len(parts) == 1:
        return together
    return together.at(np.argsort(together.orders, kind="stable"))  # stable: scalars of one Event keep their order


class TagNumbers:
    """A number for each tag that is wanted, from 0 on."""

    def __init__(self, is_wanted: Callable[[str], bool]) -> None:
        self.names: list[str] = []
        self._is_wanted = is_wanted
        self._numbers: dict[str, int] = {}

    def __getitem__(self, tag: str) -> int:
        """Return the number of a tag, `UNWANTED` for one that is not wanted."""
        number = self._numbers.get(tag)
        if number is None:
            number = len(self.names) if self._is_wanted(tag) else UNWANTED
            if number >= 0:
                self.names.append(tag)
            self._numbers[tag] = number
        return number


class ScalarDecoder:
    """Finds the scalars in the stretches of one run.

    Args:
        numbers: of all tags; None if no scalars are wanted, so that they are only recognised.
        tags: the metadata of the run's tags.
    """

    def __init__(self, numbers: TagNumbers | None, tags: Tags) -> None:
        self._numbers = numbers
        self._tags = tags
        self._layouts: dict[int, list[Layout]] = {}
        # The number of each tag, of tensors or not, by the plugin that the metadata of the value names.
        self._known: dict[tuple[bool, str | None], dict[bytes, int]] = collections.defaultdict(dict)

    def decode(self, stretch: Stretch) -> tuple[list[Points], Indices]:
        """Return the points in a stretch, each part in its order, and the indices of the records left over."""
        parts: list[Points] = []
        left: list[Indices] = []
        for length, records in _by_length(stretch):
            if len(records) < _FEW:
                left.append(records)
                continue
            for layout, rows, found in self._split(length, _rows(stretch, records, length), records, left):
                parts += self._points(layout, rows, found, stretch, left)
        return parts, np.sort(np.concatenate(left)) if left else np.zeros(0, np.intp)

    def _split(
        self, length: int, rows: Rows, records: Indices, left: list[Indices]
    ) -> Iterator[tuple[Layout, Rows, Indices]]:
        """Yield the records of one length that have a layout in common, and their rows."""
        known = self._layouts.setdefault(length, [])
        for layout in list(known):
            kept = layout.matches(rows)
            if kept.any():
                yield layout, rows[kept], records[kept]
                rows, records = rows[~kept], records[~kept]
                if not len(rows):
                    return
        for _ in range(_MOST_EXAMPLES):
            example = layout_of(rows[0, :length].tobytes())
            kept = np.arange(len(rows)) == 0 if example is None else example.matches(rows)
            if example is None:
                left.append(records[kept])
            else:
                known.insert(0, example)
                yield example, rows[kept], records[kept]
            rows, records = rows[~kept], records[~kept]
            if len(rows) < _FEW:
                break
        del known[_MOST_LAYOUTS:]
        left.append(records)

    def _points(
        self, layout: Layout, rows: Rows, records: Indices, stretch: Stretch, left: list[Indices]
    ) -> Iterator[Points]:
        if self._numbers is None and not any(scalar.is_tensor for scalar in layout.scalars):
            return
        numbers = [self._numbers_of(layout.tags(rows, scalar), scalar, len(rows)) for scalar in layout.scalars]
        unknown = np.logical_or.reduce([found == _UNKNOWN for found in numbers])
        if unknown.any():
            left.append(records[unknown])
            rows, records = rows[~unknown], records[~unknown]
            numbers = [found[~unknown] for found in numbers]
        if self._numbers is None or not len(rows):
            return
        steps, wall_times, orders = layout.steps(rows), layout.wall_times(rows), stretch.offsets[records]
        for scalar, found in zip(layout.scalars, numbers, strict=True):
            points = Points(found, steps, wall_times, layout.numbers(rows, scalar), orders)
            yield points.only(found != UNWANTED)

    def _numbers_of(self, tags: list[bytes], scalar: Scalar, count: int) -> Numbers:
        """Return the number of each row's tag, given the tags or the one that all have."""
        plugin = None if scalar.metadata is None else scalar.metadata.plugin_data.plugin_name
        known = self._known[scalar.is_tensor, plugin]
        try:
            found = np.array([known[tag] for tag in tags], np.int32)
            return found if len(tags) == count else np.full(count, found[0], np.int32)
        except KeyError:
            new = set(tags).difference(known)
        for tag in new:
            number = self._number(tag, scalar)
            if number != _UNKNOWN:
                known[tag] = number
        found = np.array([known.get(tag, _UNKNOWN) for tag in tags], np.int32)
        found = found if len(tags) == count else np.full(count, found[0], np.int32)
        if scalar.metadata is not None:  # which the slow path notes, in the order of the file
            found[[tags.index(tag) for tag in new]] = _UNKNOWN
        return found

    def _number(self, encoded: bytes, scalar: Scalar) -> int:
        try:
            tag = encoded.decode("utf-8")
        except UnicodeDecodeError:  # which no Event may have
            return _UNKNOWN
        if scalar.is_tensor and self._tags.of(tag, scalar.metadata).plugin != SCALARS:
            return _UNKNOWN
        return UNWANTED if self._numbers is None else self._numbers[tag]


def _by_length(stretch: Stretch) -> Iterator[tuple[int, Indices]]:
    """Yield each length that records of a stretch have, and the indices of those records."""
    lengths = (stretch.ends - stretch.starts).astype(np.uint16)  # of small records; these are sorted in linear time
    order = np.argsort(lengths, kind="stable")
    lengths = lengths[order]
    borders = [0, *(np.flatnonzero(np.diff(lengths)) + 1).tolist(), len(order)]
    for start, end in pairwise(borders):
        if start < end:
            yield int(lengths[start]), order[start:end]


def _rows(stretch: Stretch, records: Indices, length: int) -> Rows:
    """Return the data of records of one length, and what follows it up to a whole number of words."""
    return rows_of(stretch.data, stretch.starts[records], width(length))
