"""Histograms: what is counted, where, and that nothing the checks let through fails later."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tensorboard import data_compat
from tensorboard.compat.proto.summary_pb2 import Summary as StockSummary
from tensorboard.util import tensor_util

from tensorboardX.proto.summary_pb2 import HistogramProto, Summary
from tensorboardX.summary.histogram import DEFAULT_BINS, histogram, histogram_raw, make_histogram, prepare_histogram

ESTIMATORS = ["auto", "fd", "doane", "scott", "stone", "rice", "sturges", "sqrt"]
DISTRIBUTIONS = {
    "normal": np.random.default_rng(1).normal(size=500),
    "uniform integers": np.random.default_rng(2).integers(-5, 5, 300),
    "one value": np.array([0.5]),
    "equal values": np.full(20, -3.0),
    "zeros": np.zeros(7),
    "tiny": np.array([1e-300, 2e-300, 5e-324]),
    "large": np.array([-1e19, 1e19, 1e25, -1e30]),
    "extreme": np.array([-1.7e308, 0.0, 1.7e308]),
    "too close": np.array([1e16, 1e16 + 2]),
    "rounded standard deviation": np.full(6, 4.503599627370497e15 + 0.5),
    "an outlier": np.append(np.random.default_rng(3).normal(size=500), 1e12),
    "bool": np.array([True, False, True]),
    "float16": np.array([[0.5, 60000]], np.float16),
    "uint64": np.array([2**64 - 1, 0], np.uint64),
}


def _only(summary: Summary | bytes) -> HistogramProto:
    [value] = (Summary.FromString(summary) if isinstance(summary, bytes) else summary).value
    return value.histo


def _assert_sound(histo: HistogramProto, values: np.ndarray) -> None:
    """What every histogram of all of `values` obeys."""
    limits = np.array(histo.bucket_limit)
    counts = np.array(histo.bucket)
    assert len(limits) == len(counts)
    assert np.isfinite(limits).all()
    assert (limits[:-1] <= limits[1:]).all()
    assert counts.sum() == histo.num == values.size
    assert counts[0] == 0
    assert counts[1] > 0
    assert counts[-1] > 0
    assert (histo.min, histo.max) == (values.min(), values.max())
    assert limits[0] <= histo.min
    assert histo.max <= limits[-1]
    assert math.isfinite(histo.sum)
    assert math.isfinite(histo.sum_squares)


@pytest.mark.parametrize("bins", [DEFAULT_BINS, 1, 10, 1000, *ESTIMATORS], ids=lambda bins: str(bins)[:10])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.filterwarnings("error", "ignore:The number of bins estimated may be suboptimal:RuntimeWarning")
def test_any_distribution_in_any_bins_is_valid(name, bins):
    values = DISTRIBUTIONS[name]
    _assert_sound(_only(histogram("h", values, bins)), values.astype(np.float64))


@pytest.mark.filterwarnings("error", "ignore:The number of bins estimated may be suboptimal:RuntimeWarning")
@given(
    values=hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(allow_nan=False, allow_infinity=False)),
    bins=st.sampled_from([DEFAULT_BINS, *ESTIMATORS]) | st.integers(1, 5000),
    max_bins=st.none() | st.integers(1, 50),
)
def test_no_finite_values_fail(values, bins, max_bins):
    _assert_sound(_only(histogram("h", values, bins, max_bins)), values)


@given(
    values=hnp.arrays(np.float64, st.integers(0, 30), elements=st.floats()),
    edges=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=8).map(sorted),
)
def test_any_values_in_any_increasing_edges(values, edges):
    histo = _only(histogram("h", values, edges))
    finite = values[np.isfinite(values)]
    assert histo.num == finite.size
    assert sum(histo.bucket) == ((edges[0] <= finite) & (finite <= edges[-1])).sum()


def test_each_value_is_counted_below_the_limit_of_its_bucket():
    values = DISTRIBUTIONS["normal"]
    histo = _only(histogram("h", values, DEFAULT_BINS))
    below = [0, *histo.bucket_limit]
    for lower, upper, count in zip(below[1:], histo.bucket_limit[1:], histo.bucket[1:], strict=False):
        assert count == ((lower <= values) & (values < upper)).sum()


def test_moments():
    histo = _only(histogram("a b", [1, 2, 4], DEFAULT_BINS))
    assert (histo.min, histo.max, histo.num, histo.sum, histo.sum_squares) == (1, 4, 3, 7, 21)
    assert histogram("a b", [1], 2).value[0].tag == "a_b"


def test_moments_beyond_floats_are_cut_to_the_largest():
    histo = _only(histogram("h", [1.7e308, 1.7e308], DEFAULT_BINS))
    assert histo.sum == histo.sum_squares == np.finfo(float).max
    assert _only(histogram("h", [-1.7e308, -1.7e308], DEFAULT_BINS)).sum == -np.finfo(float).max


@pytest.mark.parametrize(
    ("max_bins", "left"),
    # As the original joins: 50 // max_bins neighbours each, which leaves more than max_bins where that is cut.
    [(1, 1), (2, 2), (3, 4), (7, 8), (30, 50), (49, 50), (50, 50), (51, 50), (1000, 50)],
)
def test_joined_bins_keep_the_counts_and_the_outer_edges(max_bins, left):
    values = DISTRIBUTIONS["normal"]
    fine, coarse = _only(histogram("h", values, 50)), _only(histogram("h", values, 50, max_bins))
    _assert_sound(coarse, values)
    assert len(coarse.bucket) == left + 1
    if max_bins >= 50:
        assert coarse == fine
    assert (coarse.bucket_limit[0], coarse.bucket_limit[-1]) == (fine.bucket_limit[0], fine.bucket_limit[-1])
    assert set(coarse.bucket_limit) <= set(fine.bucket_limit)


@pytest.mark.parametrize(("max_bins", "left"), [(774, 774), (775, 1548), (800, 1548)])
def test_default_bins_are_joined_to_fewer_than_twice_max_bins(max_bins, left):
    values = np.array([DEFAULT_BINS[0], DEFAULT_BINS[-2]])
    assert len(_only(histogram("h", values, DEFAULT_BINS, max_bins)).bucket) == left + 1


def test_a_list_equal_to_the_default_bins_is_the_default_bins():
    values = [1, 1e21, -1e21]
    assert _only(histogram("h", values, list(DEFAULT_BINS))) == _only(prepare_histogram("h", values, "tensorflow")())
    assert sum(_only(histogram("h", values, DEFAULT_BINS[:-1])).bucket) == 1


def test_nan_and_infinity_are_left_out_with_one_warning(caplog):
    for _ in range(3):
        histo = _only(histogram("has/nan", [1.0, math.nan, math.inf, -math.inf, 3.0], DEFAULT_BINS))
    _assert_sound(histo, np.array([1.0, 3.0]))
    assert caplog.text.count("has/nan") == 1


@pytest.mark.parametrize("values", [[], [math.nan], np.zeros((0, 3))], ids=repr)
def test_nothing_to_count_is_an_empty_histogram(values):
    histo = _only(histogram("h", values, DEFAULT_BINS))
    assert histo.num == 0
    assert list(histo.bucket) == [0]
    assert len(histo.bucket_limit) == 1


def test_estimated_bins_are_those_of_numpy():
    values = DISTRIBUTIONS["normal"]
    for estimator in ESTIMATORS:
        counts, edges = np.histogram(values, estimator)
        histo = _only(histogram("h", values, estimator))
        assert list(histo.bucket) == [0, *counts]
        assert list(histo.bucket_limit) == list(edges)


def test_an_outlier_does_not_make_millions_of_bins_and_is_warned_of(caplog):
    histo = _only(histogram("far/away", DISTRIBUTIONS["an outlier"], "fd"))
    assert len(histo.bucket) < 2000
    assert "far/away" in caplog.text
    assert "default bins" in caplog.text


def test_the_default_bins_are_those_of_tensorflow():
    assert sorted(DEFAULT_BINS) == DEFAULT_BINS
    assert [-edge for edge in reversed(DEFAULT_BINS)] == DEFAULT_BINS
    middle = DEFAULT_BINS.index(0)
    assert DEFAULT_BINS[middle + 1] == 1e-12
    np.testing.assert_allclose(np.divide(DEFAULT_BINS[middle + 2 :], DEFAULT_BINS[middle + 1 : -1]), 1.1)
    assert DEFAULT_BINS[-1] < 1e20 <= DEFAULT_BINS[-1] * 1.1


def test_stock_tensorboard_converts_it_to_the_buckets_it_draws():
    summary = histogram("h", [1, 2, 2, 3], [0, 1.5, 2.5, 4])
    [value] = StockSummary.FromString(summary.SerializeToString()).value
    buckets = tensor_util.make_ndarray(data_compat.migrate_value(value).tensor)
    np.testing.assert_array_equal(buckets[-3:], [[1, 1.5, 1], [1.5, 2.5, 2], [2.5, 3, 1]])
    assert buckets[:, 2].sum() == 4


@given(
    values=hnp.arrays(st.sampled_from([np.float32, np.float64]), st.integers(0, 40), elements=st.floats(width=32)),
    bins=st.sampled_from([DEFAULT_BINS, "compact", "auto"]) | st.integers(1, 60) | st.just([-1.0, -0.0, 0.0, 2.0]),
    tag=st.text(max_size=200),
)
def test_the_bytes_are_those_of_protobuf(values, bins, tag):
    encoded = prepare_histogram(tag, values, bins)()
    [value] = Summary.FromString(encoded).value
    fields = {field.name: getattr(value.histo, field.name) for field in HistogramProto.DESCRIPTOR.fields}
    message = Summary(value=[Summary.Value(tag=value.tag, histo=HistogramProto(**fields))])
    assert encoded == message.SerializeToString() == histogram(tag, values, bins).SerializeToString()


def test_make_histogram_takes_an_array():
    assert make_histogram(np.array([1, 2, 4]), 3) == _only(histogram("h", [1, 2, 4], 3))


@pytest.mark.parametrize("values", ["text", ["a"], None, [1j], np.array([1 + 1j])], ids=repr)
def test_values_that_are_no_real_numbers_are_refused(values):
    with pytest.raises(TypeError, match="'weights/0'"):
        prepare_histogram("weights/0", values, "tensorflow")


@pytest.mark.parametrize(
    "bins",
    ["magic", 0, -1, [], [1.0], [2.0, 1.0], [0.0, math.nan], [0.0, math.inf], [[0.0, 1.0]], 2.5, True, [0, 1j]]
    + [np.array([3, 2, 1], np.uint8), np.array([2**63 - 1, -(2**63)])],
    ids=repr,
)
def test_bins_that_cannot_be_are_refused(bins):
    with pytest.raises(ValueError, match="'weights'"):
        prepare_histogram("weights", [1.0], bins)


@pytest.mark.parametrize("values", [[1, 3, 4], np.array([1.0]), np.array([])], ids=str)
def test_the_name_of_the_default_bins_is_one_of_writers_only(values):
    with pytest.raises(ValueError, match=r"'weights'.*'tensorflow'"):
        histogram("weights", values, "tensorflow")


@pytest.mark.parametrize("max_bins", [0, -1, 2.5, "3", math.nan], ids=repr)
def test_max_bins_that_cannot_be_is_refused(max_bins):
    with pytest.raises(ValueError, match=r"'weights'.*max_bins"):
        prepare_histogram("weights", [1.0], "tensorflow", max_bins)


def test_values_may_change_after_they_were_prepared():
    values = np.array([1.0, 2.0])
    edges = np.array([0.0, 5.0])
    encode = prepare_histogram("h", values, edges)
    values[:] = 100
    edges[:] = 100
    assert _only(encode()).max == 2
    assert _only(encode()).bucket_limit[-1] == 5


def test_raw_histograms_keep_what_they_are_given():
    summary = histogram_raw("a b", 1, 3.0, np.int64(3), np.float32(6), 14, np.array([1.5, 2.5]), [1, 2])
    [value] = summary.value
    assert value.tag == "a b"
    expected = HistogramProto(min=1, max=3, num=3, sum=6, sum_squares=14, bucket_limit=[1.5, 2.5], bucket=[1, 2])
    assert value.histo == expected


@given(st.lists(st.floats(), min_size=5, max_size=5), st.lists(st.floats(), max_size=5))
def test_raw_histograms_are_the_bytes_of_protobuf(moments, numbers):
    names = ("min", "max", "num", "sum", "sum_squares")
    fields = dict(zip(names, moments, strict=True), bucket_limit=numbers, bucket=numbers[::-1])
    expected = Summary(value=[Summary.Value(tag="raw", histo=HistogramProto(**fields))])
    found = histogram_raw("raw", *moments, np.array(numbers, float), np.array(numbers[::-1], float))
    assert found.SerializeToString() == expected.SerializeToString()


@pytest.mark.parametrize(
    ("moments", "limits", "counts", "error"),
    [
        ((1, 2, 3, 4, 5), [1, 2], [1], ValueError),
        ((1, 2, 3, 4, 5), [[1]], [[1]], ValueError),
        ((1, 2, 3, 4, 5), "ab", [1], TypeError),
        ((1, 2, 3, 4, 5), [1], None, TypeError),
        (("1", 2, 3, 4, 5), [1], [1], TypeError),
        ((1, [1, 2], 3, 4, 5), [1], [1], ValueError),
    ],
)
def test_raw_histograms_that_cannot_be_are_refused(moments, limits, counts, error):
    with pytest.raises(error, match="'raw'"):
        histogram_raw("raw", *moments, limits, counts)


@pytest.mark.parametrize("values", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)
def test_compact_bins_begin_with_an_empty_one_at_the_least_value(values):
    """As all other histograms do; tbparse refuses those whose first bin holds anything."""
    histo = _only(histogram("h", values, "compact"))
    assert len(histo.bucket) == len(histo.bucket_limit) == 49
    assert histo.bucket[0] == 0
    assert sum(histo.bucket) == values.size
    assert (histo.bucket_limit[0], histo.bucket_limit[-1]) == (histo.min, histo.max) == (values.min(), values.max())
