"""Looking up in which bin a float lies, compared with a search among the edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorboardX.summary.cells import cells_of
from tensorboardX.summary.counting import cells_between, tally
from tensorboardX.summary.histogram import DEFAULT_BINS

DTYPES = [np.float32, np.float64]
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-45, -1e-45, 3.4e38, -3.4e38, 1.7e308]


def with_neighbours(limits):
    """The limits, the next floats on either side of each, and values that are special."""
    with np.errstate(over="ignore"):
        near = [np.nextafter(limits, limits.dtype.type(towards)) for towards in (-np.inf, np.inf)]
        return np.concatenate((limits, *near, np.array(SPECIAL, limits.dtype)))


def check(limits):
    cells = cells_of(limits)
    assert cells is not None
    values = with_neighbours(limits)
    expected = np.where(np.isfinite(values), np.searchsorted(limits, values, "right"), cells.size - 1)
    assert cells.slots_of(values, cells.room_for(len(values))).tolist() == expected.tolist()


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_default_edges_and_the_floats_beside_them(dtype):
    check(np.array(DEFAULT_BINS, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@given(st.data())
def test_any_limits_of_which_no_two_share_a_cell(dtype, data):
    floats = st.floats(width=8 * np.dtype(dtype).itemsize, allow_nan=False, allow_infinity=False)
    found = sorted(data.draw(st.lists(floats, min_size=1, max_size=20)))
    limits = np.array(found, dtype)
    if cells_of(limits) is not None:
        check(limits)


@pytest.mark.parametrize("dtype", DTYPES)
def test_limits_that_share_a_cell_cannot_be_looked_up(dtype):
    narrow = np.array([1, 1 + 1 / 1024], dtype)
    assert cells_of(narrow) is None
    assert cells_of(np.array([1, 1], dtype)) is None


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("edges", [DEFAULT_BINS, [-1.0, -0.25, 0.0, 0.1, 0.5], [0.1, 3e38]])
def test_counts_as_numpy_does_with_many_values_and_with_few(dtype, edges):
    edges = np.array(edges)
    random = np.random.default_rng(4)
    values = np.concatenate((random.normal(size=200_000), edges, SPECIAL[:5])).astype(dtype)
    random.shuffle(values)
    finite = values[np.isfinite(values)].astype(np.float64)
    expected = np.histogram(finite, edges)[0]
    for cells in (None, cells_between(edges, values.dtype)):
        found = tally(values, edges, cells)
        assert found.counts.tolist() == expected.tolist()
        assert (found.size, found.left_out) == (len(finite), 3)
        assert (found.low, found.high) == (finite.min(), finite.max())
        assert found.total == pytest.approx(finite.sum(), abs=1e-12 * np.abs(finite).sum())
        assert found.squares == pytest.approx((finite**2).sum(), rel=1e-9)
        assert found.outside == ((finite < edges[0]).sum(), (finite > edges[-1]).sum())
    few = tally(values[:1000], edges)
    assert few.counts.tolist() == np.histogram(finite[:1000], edges)[0].tolist()
