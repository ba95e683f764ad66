"""Counting values into bins, and their moments, in one pass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .cells import Cells, Floats, IntArray, cells_of

Float64Array = npt.NDArray[np.float64]

_SORTED = 1 << 18  # values that are sorted at once: they fit into the cache of a core, unlike a whole array
_LOOKED_UP = 1 << 16  # that are looked up or summed at once
_MANY = 1 << 17  # values for which it is worth while to prepare looking up


@dataclass
class Tally:
    """What `tally` finds: the finite values' number, extremes and sums in float64, and how many lie where.

    `below` counts the values under each edge, under or on it for the last one; see `counts`.
    """

    below: IntArray
    size: int = 0
    low: float = np.inf
    high: float = -np.inf
    total: float = 0.0
    squares: float = 0.0
    left_out: int = 0

    @property
    def counts(self) -> IntArray:
        """How many values lie in each bin."""
        return self.below[1:] - self.below[:-1]

    @property
    def outside(self) -> tuple[int, int]:
        """How many values lie below the first edge, and above the last."""
        return int(self.below[0]), self.size - int(self.below[-1])

    def add(self, values: Floats, memory: Float64Array) -> None:
        """Add finite values to the number, the extremes and the sums of all; `memory` takes a block of them."""
        self.size += len(values)
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        for start in range(0, len(values), len(memory)):
            block = values[start : start + len(memory)]
            exact = memory[: len(block)]
            exact[:] = block
            self.total += float(exact.sum())
            exact *= exact  # not by `dot`: the threads of a BLAS would take cores from the training
            self.squares += float(exact.sum())


def cells_between(edges: Float64Array, dtype: np.dtype[Any]) -> Cells | None:
    """Return what looks up in which bin a value of `dtype` lies; None where bins are too narrow for it."""
    lower, last = _limits(edges, dtype)
    return cells_of(np.concatenate((lower, np.nextafter(last, dtype.type(np.inf)))))


def tally(values: Floats, edges: Float64Array, cells: Cells | None = None) -> Tally:
    """Count values into bins as `numpy.histogram` does; NaN and infinity are left out. NumPy may warn of overflow.

    float32 values are counted as they are; only the sums need float64.

    Args:
        values: float32 or float64, shape (N,).
        edges: not decreasing, shape (K + 1,). A value on an edge belongs to the bin above it, and on the last edge
            to the last bin.
        cells: what `cells_between` returns for these edges and the dtype of the values, if it is at hand.
    """
    found = Tally(np.zeros(len(edges), dtype=np.intp))
    if cells is None and len(values) >= _MANY:
        cells = cells_between(edges, values.dtype)
    if cells is None:
        _count_sorted(found, values, _limits(edges, values.dtype))
    else:
        _count_in_cells(found, np.ascontiguousarray(values), cells)
    return found


def _count_in_cells(found: Tally, values: Floats, cells: Cells) -> None:
    counts = np.zeros(cells.size, np.intp)
    room, memory = cells.room_for(min(len(values), _LOOKED_UP)), _memory_for(values)
    for start in range(0, len(values), _LOOKED_UP):
        block = values[start : start + _LOOKED_UP]
        counts += np.bincount(cells.slots_of(block, room), minlength=cells.size)
        if counts[-1] > found.left_out:
            found.left_out = int(counts[-1])
            block = block[np.isfinite(block)]
        if len(block):
            found.add(block, memory)
    np.cumsum(counts[:-2], out=found.below)


def _count_sorted(found: Tally, values: Floats, limits: tuple[Floats, Floats]) -> None:
    lower, last = limits
    scratch, memory = np.empty(min(len(values), _SORTED), values.dtype), _memory_for(values)
    for start in range(0, len(values), _SORTED):
        block = values[start : start + _SORTED]
        ordered = scratch[: len(block)]
        ordered[:] = block
        ordered.sort()
        finite = _finite(ordered)
        found.left_out += len(ordered) - len(finite)
        if len(finite):
            found.below[:-1] += finite.searchsorted(lower)
            found.below[-1:] += finite.searchsorted(last, "right")
            found.add(finite, memory)


def _memory_for(values: Floats) -> Float64Array:
    return np.empty(min(len(values), _LOOKED_UP))


def _finite(ordered: Floats) -> Floats:
    """Return the finite ones of sorted values; NaN is sorted to the end."""
    if math.isfinite(ordered[0]) and math.isfinite(ordered[-1]):
        return ordered
    infinity = ordered.dtype.type(np.inf)
    return ordered[ordered.searchsorted(-infinity, side="right") : ordered.searchsorted(infinity, side="left")]


def _limits(edges: Float64Array, dtype: np.dtype[Any]) -> tuple[Floats, Floats]:
    """Return all edges but the last, and the last, as the floats of `dtype` that compare with others as they do."""
    return _rounded(edges[:-1], dtype, np.inf), _rounded(edges[-1:], dtype, -np.inf)


def _rounded(edges: Float64Array, dtype: np.dtype[Any], towards: float) -> Floats:
    """Return edges as `dtype`, each the nearest number on the side of `towards`."""
    if edges.dtype == dtype:
        return edges
    with np.errstate(over="ignore"):
        rounded = edges.astype(dtype)
    wrong = rounded < edges if towards > 0 else rounded > edges
    return np.where(wrong, np.nextafter(rounded, dtype.type(towards)), rounded)
