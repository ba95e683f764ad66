"""Many points at once are the same bytes as one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.summary.scalar import ScalarEventEncoder, scalar_group
from tensorboardX.summary.scalar_series import encode_groups, encode_series, prepare_series

STEPS = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.sampled_from([0, 1, 127, 128, 2**14 - 1, 2**14, 2**56, 2**63 - 1, -1])
)
POINTS = st.lists(
    st.tuples(st.floats(width=32), STEPS, st.one_of(st.just(0.0), st.floats(allow_nan=False, allow_infinity=False))),
    max_size=30,
)


@given(st.text(max_size=20), POINTS)
def test_equal_to_one_by_one(tag, points):
    values, steps, walltimes = (list(column) for column in zip(*points, strict=True)) if points else ([], [], [])
    together = encode_series(
        tag, np.array(values, np.float32), np.array(steps, np.int64), np.array(walltimes, np.float64) + 0.0
    )
    times = (np.array(walltimes) + 0.0).tolist()
    one_by_one = [(tag, *point) for point in zip(values, steps, times, strict=True)]
    assert together == ScalarEventEncoder().encode(one_by_one)


@given(npst.arrays(np.float32, st.integers(0, 50), elements=st.floats(width=32)))
def test_any_values(values):
    count = len(values)
    events = encode_series("a", values, np.arange(count, dtype=np.int64), np.full(count, 7.5))
    assert events == ScalarEventEncoder().encode([("a", float(v), i, 7.5) for i, v in enumerate(values)])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_kept_with_one_warning(caplog, value):
    tag = f"series/{value}"
    for _ in range(2):
        [(encode, _, _)] = prepare_series(tag, [1.0, value], None, 7.5)
        first, second = (Event.FromString(data).summary.value[0].simple_value for data in encode())
        np.testing.assert_equal([first, second], [1.0, value])
    assert caplog.text.count(f"{tag}': NaN or infinity was logged") == 1


def test_what_is_finite_gives_no_warning(caplog):
    list(prepare_series("series/huge", [1, 1e300], None, 7.5))  # infinity in float32, as for `add_scalar`
    list(prepare_series("series/whole", np.arange(5), None, 7.5))
    assert "series/" not in caplog.text


def test_what_is_refused_gives_no_warning(caplog):
    with pytest.raises(ValueError, match="steps"):
        prepare_series("series/refused", [np.nan], [1, 2], 7.5)
    assert "NaN" not in caplog.text


def test_points_without_a_time_are_a_microsecond_apart():
    [(encode, _, _)] = prepare_series("a", np.zeros(1000), None, None, 1.7e9)
    times = [Event.FromString(data).wall_time for data in encode()]
    assert times[-1] == 1.7e9
    assert np.diff(times) == pytest.approx(1e-6, rel=0.25)  # a float64 of this size has steps of a quarter of it
    assert not list(prepare_series("a", [], None, None, 1.7e9))


def test_groups_are_encoded_as_one_by_one():
    tags = ["a/min", "b c", "d" * 200]
    steps = np.array([-1, 0, 1, 127, 128, 2**40])
    walltimes = np.array([0.0, 1.5, -1.0, 1e9, 2e9, 3e9])
    values = np.array([[row + column / 8 for column in range(3)] for row in range(6)], np.float32)
    values[2, 1], values[3, 2] = np.nan, -0.0
    found = encode_groups(tags, values, steps, walltimes)
    rows = zip(values.tolist(), steps.tolist(), walltimes.tolist(), strict=True)
    assert found == [event for row, step, seconds in rows for event in scalar_group(tags, row, step, seconds)]
