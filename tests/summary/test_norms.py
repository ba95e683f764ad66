"""The Summary of the norms of a model's parameters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tensorboard.compat.proto.summary_pb2 import Summary

from tensorboardX.summary.norms import Part, prepare_norms


class Squares:
    is_on_device = False

    def __init__(self, norms):
        self.array = np.square(np.array(norms, np.float64))
        self.nbytes = self.array.nbytes

    def resolve(self):
        return np.where(np.isnan(self.array), -1.0, self.array)


def values(tag, parts, norms):
    summary = Summary.FromString(prepare_norms(tag, parts, Squares(norms))())
    assert len({value.tag for value in summary.value}) == len(summary.value)
    return {value.tag: value for value in summary.value}


def scalars(found):
    return {tag: value.simple_value for tag, value in found.items() if value.HasField("simple_value")}


def test_totals_names_and_a_histogram_of_each_kind():
    parts = [Part("gradient", ["a.weight", "a.bias"], 0), Part("weight", ["a.weight", "a.bias"], 2)]
    found = values("watch", parts, [3.0, 4.0, 6.0, 8.0])
    assert scalars(found) == {
        "watch/gradient_norm": 5.0,
        "watch/gradient_norm/a.weight": 3.0,
        "watch/gradient_norm/a.bias": 4.0,
        "watch/weight_norm": 10.0,
        "watch/weight_norm/a.weight": 6.0,
        "watch/weight_norm/a.bias": 8.0,
    }
    histogram = found["watch/gradient_norms"].histo
    assert (histogram.num, histogram.min, histogram.max, histogram.sum) == (2, 3, 4, 7)
    assert sum(found["watch/weight_norms"].histo.bucket) == 2


def test_the_ten_largest_have_names_and_all_count():
    norms = np.random.default_rng(0).permutation(30) + 1.0
    found = values("w", [Part("gradient", [f"p{norm:.0f}" for norm in norms], 0)], norms)
    expected = {f"w/gradient_norm/p{norm}": float(norm) for norm in range(21, 31)}
    total = pytest.approx(math.sqrt((norms**2).sum()), rel=1e-6)
    assert scalars(found) == expected | {"w/gradient_norm": total}
    assert found["w/gradient_norms"].histo.num == 30


def test_parts_of_one_kind_come_together_and_some_are_left_out():
    parts = [Part("gradient", ["a", None], 0), Part("update", ["a", "b"], 2), Part("gradient", ["c"], 4)]
    found = scalars(values("w", parts, [3.0, 7.0, 1.0, 2.0, 4.0]))
    assert {tag for tag in found if "gradient" in tag} == {"w/gradient_norm", "w/gradient_norm/a", "w/gradient_norm/c"}
    assert found["w/gradient_norm"] == 5
    assert values("w", [Part("gradient", [None], 0)], [0.0]) == {}


def test_what_went_wrong_comes_first():
    norms = [*range(1, 20), math.nan, math.inf]
    found = scalars(values("w", [Part("gradient", [f"p{norm}" for norm in norms], 0)], norms))
    assert len(found) == 11
    assert math.isnan(found["w/gradient_norm"])
    assert math.isnan(found["w/gradient_norm/pnan"])
    assert found["w/gradient_norm/pinf"] == math.inf
