"""Histograms."""

from __future__ import annotations

import contextlib
import functools
import math
from functools import partial
from typing import Any

import numpy as np

from ..errors import type_error, value_error
from ..notices import warn_once
from ..proto.summary_pb2 import HistogramProto, Summary
from ..values.arrays import Array, to_float, to_numpy, to_owned
from .cells import Cells, Floats
from .counting import Float64Array, Tally, cells_between, tally
from .device_counting import DeviceTally, count_on_device, is_countable
from .size import check_size
from .tags import clean_tag, kept_tag
from .wire import Buffer, double, field, summary

_LARGEST = float(np.finfo(np.float64).max)
_MOST_ESTIMATED_BINS = 100_000
_MOST_BINS = 1_000_000
_BYTES_A_BIN = 16
_COMPACT_BINS = 48
_COMPACT_PARTS = np.arange(1, _COMPACT_BINS) / _COMPACT_BINS
# Where floats cannot divide a range into bins, or a user turned NumPy's warning of that into an error.
_NUMPY_FAILS = (ValueError, ArithmeticError, LookupError, MemoryError, Warning)


def _default_edges() -> list[float]:
    edges = []
    edge = 1e-12
    while edge < 1e20:
        edges.append(edge)
        edge *= 1.1
    return [-edge for edge in reversed(edges)] + [0.0] + edges


DEFAULT_BINS = _default_edges()
"""The bin edges of TensorFlow: 1e-12 times the powers of 1.1 up to 1e20, mirrored around 0."""

_DEFAULT_EDGES = np.array(DEFAULT_BINS)
_WRITERS_NAME = "tensorflow"
_NAMED_BINS = (_WRITERS_NAME, "compact", "auto", "fd", "doane", "scott", "stone", "rice", "sturges", "sqrt")


def histogram(name: str, values: Any, bins: Any, max_bins: int | None = None) -> Summary:
    """Return the Summary of a histogram, a HistogramProto under the cleaned tag.

    Args:
        name: the tag.
        values: real numbers, any shape and any number of them. NaN and infinity are left out, with one warning.
            A torch tensor on an accelerator is counted there, unless the bins depend on all of its values.
        bins: a sequence of edges such as `DEFAULT_BINS`, "compact" (48 of equal width, a tenth of the bytes), or the
            name of an estimator or a number of bins as `numpy.histogram` takes them.
        max_bins: more bins than this are joined, each (number of bins) // max_bins neighbours to one. Fewer than
            twice max_bins remain: all of the 1548 default ones for 775, half of them for 774.

    Raises TypeError or ValueError that names the tag.
    """
    if isinstance(bins, str) and bins == _WRITERS_NAME:
        # Both originals raise here, whatever the values are. Only their writers know the name.
        raise value_error(name, bins, "bins that are a sequence of edges, a number, 'compact' or an estimator of NumPy")
    return Summary.FromString(prepare_histogram(name, values, bins, max_bins)())


def prepare_histogram(name: str, values: Any, bins: Any, max_bins: int | None = None) -> partial[bytes]:
    """Check and copy the arguments of `histogram`; the call of what is returned encodes them.

    As a writer's `add_histogram`, it takes "tensorflow" too, for the default bins.
    """
    tag = clean_tag(name)
    if max_bins is not None and not (isinstance(max_bins, (int, np.integer)) and max_bins >= 1):
        raise value_error(tag, max_bins, "max_bins that is a positive integer")
    bins = _checked_bins(tag, bins)
    counted = _count_on_device(tag, values, bins) if is_countable(values) else None
    if counted is not None:
        return partial(_encode_counted, tag, counted, bins, max_bins)
    array = to_owned(values, tag)
    if array.dtype.kind == "c":
        raise type_error(tag, values, "real numbers")
    return partial(_encode, tag, array, bins, max_bins)


def histogram_raw(
    name: str,
    min: Any,
    max: Any,
    num: Any,
    sum: Any,
    sum_squares: Any,
    bucket_limits: Any,
    bucket_counts: Any,
) -> Summary:
    """Return the Summary of a histogram that was counted elsewhere.

    Args:
        name: the tag; kept as it is.
        min, max, num, sum, sum_squares: of all values.
        bucket_limits: the upper limit of each bucket, shape (K,).
        bucket_counts: the number of values in each bucket, shape (K,).

    Raises TypeError or ValueError that names the tag.
    """
    tag = kept_tag(name)
    limits, counts = to_numpy(bucket_limits, tag), to_numpy(bucket_counts, tag)
    if "c" in (limits.dtype.kind, counts.dtype.kind):
        raise value_error(tag, bucket_limits, "bucket limits and counts that are real numbers")
    check_size(tag, bucket_limits, _BYTES_A_BIN * limits.size)
    with np.errstate(over="ignore"):  # infinity, as for other values
        limits, counts = limits.astype(np.float64), counts.astype(np.float64)
    if limits.ndim != 1 or limits.shape != counts.shape:
        raise value_error(tag, bucket_limits, f"as many bucket limits as bucket counts ({counts.shape})")
    moments = [to_float(value, tag) for value in (min, max, num, sum, sum_squares)]
    return Summary.FromString(_summary(tag, _proto(moments, limits, counts)))


def make_histogram(values: Array, bins: Any, max_bins: int | None = None) -> HistogramProto:
    """Return the histogram of an array of floats; see `histogram`. The left edge of the first bin that holds
    anything is kept as the limit of an empty bucket before it."""
    return HistogramProto.FromString(b"".join(_histogram("", values, bins, max_bins)))


def _count_on_device(tag: str, tensor: Any, bins: Any) -> DeviceTally | None:
    """Begin to count a tensor where it is; None where that cannot be, or where its values are needed for the bins."""
    if isinstance(bins, np.ndarray):
        return count_on_device(tag, tensor, bins)
    if bins == "tensorflow":
        return count_on_device(tag, tensor, _DEFAULT_EDGES)
    return count_on_device(tag, tensor, None, _COMPACT_PARTS) if bins == "compact" else None


def _encode(tag: str, array: Array, bins: Any, max_bins: int | None) -> bytes:
    return _summary(tag, _histogram(tag, array, bins, max_bins))


def _encode_counted(tag: str, counted: DeviceTally, bins: Any, max_bins: int | None) -> bytes:
    return _summary(tag, _histogram_of(tag, *counted.resolve(), bins, max_bins))


def _histogram(tag: str, array: Array, bins: Any, max_bins: int | None) -> list[Buffer]:
    with np.errstate(all="ignore"):  # values near the ends of floats; what comes of them is looked at
        values = _as_floats(array.reshape(-1))
        edges = _edges(tag, values, bins)
        found = tally(values, edges, _default_cells(values.dtype) if edges is _DEFAULT_EDGES else None)
    return _histogram_of(tag, found, edges, bins, max_bins)


@functools.cache
def _default_cells(dtype: np.dtype[Any]) -> Cells | None:
    return cells_between(_DEFAULT_EDGES, dtype)


def _histogram_of(tag: str, found: Tally, edges: Float64Array, bins: Any, max_bins: int | None) -> list[Buffer]:
    if found.left_out:
        warn_once(tag, "NaN and infinity have no bin; the histogram leaves them out")
    if not found.size:
        return _proto([0.0] * 5, np.zeros(1), np.zeros(1))
    moments = [found.low, found.high, float(found.size), _storable(found.total), _storable(found.squares)]
    if isinstance(bins, str) and bins == "compact":
        return _proto(moments, edges, np.append(0, found.counts))  # after an empty bucket, like any other
    counts, edges = _with_outermost(found, edges) if edges is _DEFAULT_EDGES else (found.counts, edges)
    if max_bins is not None and len(counts) > max_bins:
        counts, edges = _join_bins(counts, edges, max_bins)
    return _proto(moments, *_trim(edges, counts))


def _as_floats(values: Array) -> Floats:
    """Keep float32, which is counted faster; smaller floats become float32, other dtypes float64."""
    small = values.dtype.kind == "f" and values.dtype.itemsize <= 4
    return values.astype(np.float32 if small else np.float64, copy=False)


def _storable(moment: float) -> float:
    """Sums that overflow are cut to the largest float: charts cannot be drawn with infinity."""
    return moment if math.isfinite(moment) else math.copysign(_LARGEST, moment)


def _edges(tag: str, values: Floats, bins: Any) -> Float64Array:
    if isinstance(bins, np.ndarray):
        return bins
    if bins == "compact":
        return _compact_edges(values)
    if bins != "tensorflow":
        exact = values[np.isfinite(values)].astype(np.float64)
        edges = _numpy_edges(exact, bins)
        if edges is not None:
            return edges
        if exact.size:
            warn_once(tag, f"the values cannot be divided into bins by bins={bins!r}; the default bins are used")
    return _DEFAULT_EDGES


def _compact_edges(values: Floats) -> Float64Array:
    """Edges of bins of one width from the least to the greatest finite value, whose difference may overflow."""
    low, high = _extremes(values)
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high = _extremes(values[np.isfinite(values)])
    inner = np.clip(low * (1 - _COMPACT_PARTS) + high * _COMPACT_PARTS, low, high)
    return np.concatenate(([low], np.maximum.accumulate(inner), [high]))


def _extremes(values: Floats) -> tuple[float, float]:
    return (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)


def _numpy_edges(values: Float64Array, bins: str | int) -> Float64Array | None:
    if values.size and _are_sensible(values, bins):
        with contextlib.suppress(*_NUMPY_FAILS):
            edges = np.histogram_bin_edges(values, bins).astype(np.float64)
            covered = len(edges) > 1 and edges[0] <= values.min() and values.max() <= edges[-1]
            if covered and np.isfinite(edges).all() and (edges[:-1] <= edges[1:]).all():
                return edges
    return None


def _with_outermost(found: Tally, edges: Float64Array) -> tuple[Array, Float64Array]:
    """Add an outermost bin on either side where values lie beyond the default bins."""
    below, above = found.outside
    counts: Array = found.counts
    if below:
        counts, edges = np.append(below, counts), np.append(-_LARGEST, edges)
    if above:
        counts, edges = np.append(counts, above), np.append(edges, _LARGEST)
    return counts, edges


def _are_sensible(values: Float64Array, bins: str | int) -> bool:
    """Whether `numpy.histogram` makes finite bins, and not millions of them because of a few outliers."""
    spread = float(np.ptp(values))
    if bins not in ("auto", "fd"):  # the others bound the number of bins by that of the values
        return math.isfinite(spread)
    quartiles = np.percentile(values, [75, 25]) if math.isfinite(spread) else np.zeros(2)
    width = 2.0 * float(quartiles[0] - quartiles[1]) / values.size ** (1 / 3)
    return math.isfinite(spread) and not 0 < width < spread / _MOST_ESTIMATED_BINS


def _join_bins(counts: Array, edges: Float64Array, max_bins: int) -> tuple[Array, Float64Array]:
    """Join runs of neighbouring bins, all of one length but the last, as the original does."""
    run = len(counts) // max_bins
    starts = np.arange(0, len(counts), run)
    return np.add.reduceat(counts, starts), np.append(edges[starts], edges[-1])


def _trim(edges: Float64Array, counts: Array) -> tuple[Float64Array, Array]:
    """Return upper limits and counts from an empty bucket before the first that holds anything to the last one."""
    filled = np.flatnonzero(counts)
    if filled.size == 0:  # every value lies outside of the edges that were given
        return edges[:1], np.zeros(1)
    first, last = filled[0], filled[-1]
    buckets = np.zeros(last - first + 2)
    buckets[1:] = counts[first : last + 1]
    return edges[first : last + 2], buckets


def _proto(moments: list[float], limits: Float64Array, counts: Array) -> list[Buffer]:
    """Return the parts of a serialized HistogramProto. Format: tensorboard/compat/proto/summary.proto."""
    parts: list[Buffer] = [double(number, moment) for number, moment in enumerate(moments, 1)]
    for number, array in ((6, limits), (7, counts)):
        if array.size:
            parts += field(number, array.astype("<f8").tobytes())
    return parts


def _summary(tag: str, histo: list[Buffer]) -> bytes:
    return summary(tag, *field(5, *histo))


def _checked_bins(tag: str, bins: Any) -> Any:
    """Return bins in a form that cannot fail later. Raises TypeError or ValueError that names the tag."""
    if isinstance(bins, str):
        if bins not in _NAMED_BINS:
            raise value_error(tag, bins, "bins that are one of " + ", ".join(_NAMED_BINS))
        if bins not in ("tensorflow", "compact"):
            _preload_estimators()
        return bins
    if isinstance(bins, list) and bins == DEFAULT_BINS:  # a writer's own list; another length compares quickly
        return "tensorflow"
    edges = to_numpy(bins, tag)
    check_size(tag, bins, _BYTES_A_BIN * edges.size)
    if edges.ndim == 0 and edges.dtype.kind in "iu" and 1 <= int(edges) <= _MOST_BINS:
        return int(edges)
    if edges.ndim == 1 and len(edges) >= 2 and edges.dtype.kind in "iuf":
        edges = edges.astype(np.float64)
        if np.isfinite(edges).all() and (edges[:-1] <= edges[1:]).all():
            return edges
    accepted = f"a number of bins from 1 to {_MOST_BINS}, or at least two increasing finite edges"
    raise value_error(tag, bins, accepted)


@functools.cache
def _preload_estimators() -> None:
    """Have NumPy import in a caller what estimators of bins take: the writer thread must import nothing."""
    for bins in _NAMED_BINS[2:]:
        _numpy_edges(np.arange(8.0), bins)
