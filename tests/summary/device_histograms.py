"""Tensors to count, and the histograms of the device and of the host compared."""

from __future__ import annotations

import math

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tensorboardX.proto.summary_pb2 import HistogramProto, Summary
from tensorboardX.summary.device_counting import DeviceTally
from tensorboardX.summary.histogram import DEFAULT_BINS, prepare_histogram

FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn]
INTEGERS = [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint64]
EDGES = np.array(DEFAULT_BINS)


def _near(values: st.SearchStrategy[float]) -> st.SearchStrategy[float]:
    """Values, and the floats on either side of them in float32 and float64."""
    kinds = st.sampled_from([np.float32, np.float64])
    return st.builds(
        lambda value, kind, towards: float(np.nextafter(kind(value), kind(towards))),
        values,
        kinds,
        st.sampled_from([-math.inf, math.inf]),
    )


_SPECIAL = [math.nan, math.inf, -math.inf, -0.0, 0.0, 5e-324, -1e-310, 1e-45, 1.7e308, -1.7e308, 3.4e38, 1.0, 1.0]
_ANY = st.floats() | st.sampled_from(_SPECIAL) | st.sampled_from(DEFAULT_BINS) | _near(st.sampled_from(DEFAULT_BINS))


@st.composite
def tensors(draw):
    dtype = draw(st.sampled_from(FLOATS + INTEGERS))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, max_side=12) | st.sampled_from([(0,), (2, 0)]))
    if dtype in INTEGERS:
        kind = str(dtype).removeprefix("torch.")
        return torch.from_numpy(draw(hnp.arrays(kind, shape)))
    with np.errstate(over="ignore"):
        return torch.from_numpy(draw(hnp.arrays(np.float64, shape, elements=_ANY))).to(dtype)


RANDOM_EDGES = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=8).map(sorted)


def only_histogram(summary: Summary | bytes) -> HistogramProto:
    [value] = (Summary.FromString(summary) if isinstance(summary, bytes) else summary).value
    return value.histo


def host_values(tensor: torch.Tensor) -> np.ndarray:
    exact = tensor.float() if tensor.dtype in (torch.bfloat16, torch.float8_e4m3fn) else tensor
    return exact.cpu().numpy()


def by_device(tensor: torch.Tensor, bins, max_bins=None) -> HistogramProto:
    encode = prepare_histogram("h", tensor, bins, max_bins)
    assert isinstance(encode.args[1], DeviceTally)
    return only_histogram(encode())


def _assert_near(found: float, expected: float, parts: np.ndarray) -> None:
    """Sums depend on the order, in the last digits; or altogether, if parts of them are beyond floats."""
    with np.errstate(over="ignore"):
        scale = np.abs(parts).sum()
    if math.isfinite(scale):
        assert abs(found - expected) <= 1e-11 * scale
    assert math.isfinite(found)


def assert_same(found: HistogramProto, expected: HistogramProto, values: np.ndarray) -> None:
    """Exactly equal, but for the sums."""
    finite = values.astype(np.float64)
    finite = finite[np.isfinite(finite)]
    with np.errstate(over="ignore", under="ignore"):
        _assert_near(found.sum, expected.sum, finite)
        _assert_near(found.sum_squares, expected.sum_squares, finite**2)
    assert (found.min, found.max, found.num) == (expected.min, expected.max, expected.num)
    assert list(found.bucket_limit) == list(expected.bucket_limit)
    assert list(found.bucket) == list(expected.bucket)
