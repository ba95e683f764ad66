"""Counting values into bins, and their moments, in one pass."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Float64Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Limits = tuple[Floats, Floats]

_SORTED = 1 << 18  # values that are sorted at once: they fit into the cache of a core, unlike a whole array
_SUMMED = 1 << 16  # the same for sums, whose float64 take more room


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
    left_out: int = field(default=0)

    @property
    def counts(self) -> IntArray:
        """How many values lie in each bin."""
        return self.below[1:] - self.below[:-1]

    @property
    def outside(self) -> tuple[int, int]:
        """How many values lie below the first edge, and above the last."""
        return int(self.below[0]), self.size - int(self.below[-1])

    def count(self, ordered: Floats, limits: Limits) -> None:
        """Add sorted finite values to the counts below each edge, and to the number and the extremes of all."""
        lower, last = limits
        low, high = ordered[0], ordered[-1]
        self.size += len(ordered)
        self.low, self.high = min(self.low, float(low)), max(self.high, float(high))
        first, end = lower.searchsorted(low, "right"), lower.searchsorted(high, "right")  # most edges lie outside
        self.below[first:end] += ordered.searchsorted(lower[first:end])
        self.below[end:-1] += len(ordered)
        self.below[-1:] += ordered.searchsorted(last, "right")

    def sum(self, values: Floats) -> None:
        """Add finite values to the sums."""
        for start in range(0, len(values), _SUMMED):
            exact = values[start : start + _SUMMED].astype(np.float64, copy=False)
            self.total += float(exact.sum())
            # Not by `dot`: the threads of a BLAS would take cores from the training.
            self.squares += float(np.einsum("i,i->", exact, exact))


def tally(values: Floats, edges: Float64Array, limits: Limits | None = None) -> Tally:
    """Count values into bins as `numpy.histogram` does; NaN and infinity are left out. NumPy may warn of overflow.

    Sorting is most of the work, and sorting half as many bytes takes half as long; so float32 values are sorted as
    they are, and compared with edges that are rounded such that every comparison comes out as in float64.

    Args:
        values: float32 or float64, shape (N,).
        edges: not decreasing, shape (K + 1,). A value on an edge belongs to the bin above it, and on the last edge
            to the last bin.
        limits: what `limits_of` returns for these edges and the dtype of the values, if it is known.
    """
    limits = limits or limits_of(edges, values.dtype)
    found = Tally(np.zeros(len(edges), dtype=np.intp))
    scratch = np.empty(min(len(values), _SORTED), values.dtype)
    for start in range(0, len(values), _SORTED):
        block = values[start : start + _SORTED]
        ordered = scratch[: len(block)]
        ordered[:] = block
        ordered.sort()
        finite = _finite(ordered)
        found.left_out += len(ordered) - len(finite)
        if len(finite):
            found.count(finite, limits)
            found.sum(finite)
    return found


def _finite(ordered: Floats) -> Floats:
    """Return the finite ones of sorted values; NaN is sorted to the end."""
    if math.isfinite(ordered[0]) and math.isfinite(ordered[-1]):
        return ordered
    infinity = ordered.dtype.type(np.inf)
    return ordered[ordered.searchsorted(-infinity, side="right") : ordered.searchsorted(infinity, side="left")]


def limits_of(edges: Float64Array, dtype: np.dtype[Any]) -> Limits:
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
