"""Histograms of many buckets made histograms of few bins of equal width.

Format: `HistogramProto` in summary.proto; as `bins="compact"` writes it, after an empty bucket that ends at the least
value.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..proto.summary_pb2 import HistogramProto, Summary

BINS = 48

Floats = npt.NDArray[np.float64]


def compact_value(data: bytes) -> bytes:
    """Return a serialized `Summary.Value` of a histogram with a smaller one, if that is smaller."""
    value = Summary.Value.FromString(data)
    if len(value.histo.bucket) <= BINS + 1 or not compact_histogram(value.histo):
        return data
    made = value.SerializeToString()
    return made if len(made) < len(data) else data


def compact_histogram(histogram: HistogramProto) -> bool:
    """Give a histogram bins of equal width; return False, and leave it, if it cannot be divided."""
    counts, limits = np.array(histogram.bucket, np.float64), np.array(histogram.bucket_limit, np.float64)
    low, high = histogram.min, histogram.max
    if not (math.isfinite(low) and math.isfinite(high) and low <= high and math.isfinite(high - low)):
        return False
    if len(limits) != len(counts) or not np.isfinite(counts).all() or (counts < 0).any() or np.isnan(limits).any():
        return False
    if (limits[1:] < limits[:-1]).any():
        return False
    edges = np.linspace(low, high, BINS + 1) if low < high else np.array([low, high])
    del histogram.bucket[:], histogram.bucket_limit[:]
    histogram.bucket_limit.extend(edges.tolist())
    histogram.bucket.extend([0.0, *_divided(counts, limits, edges).tolist()])
    return True


def _divided(counts: Floats, limits: Floats, edges: Floats) -> Floats:
    """Return what of the buckets lies between each two edges. Whole numbers stay whole, and their sum as it is."""
    below = np.concatenate(([0.0], np.cumsum(counts)))
    ends = np.clip(np.concatenate(([edges[0]], limits)), edges[0], edges[-1])
    found = np.interp(edges, ends, below)
    found[0], found[-1] = 0.0, below[-1]
    if (counts == np.round(counts)).all():
        found = np.round(found)
    return np.diff(found)
