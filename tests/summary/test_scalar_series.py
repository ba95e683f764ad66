"""Many points at once are the same bytes as one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tensorboardX.summary.scalar import ScalarEventEncoder
from tensorboardX.summary.scalar_series import encode_series

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
