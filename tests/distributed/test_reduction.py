"""What is known of all ranks at a step, and when: with ranks that are late, stop, skip tags, or begin again."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest

from tensorboardX.distributed.reduction import PATIENCE, Reduced, Reduction


class Step(NamedTuple):
    tag: str
    step: int
    wall_time: float
    values: dict[int, float]


class Steps(Reduction):
    """A `Reduction` of points one by one."""

    def add(self, rank, points, now):
        for tag in dict.fromkeys(tag for tag, *_ in points):
            columns = [np.array(column) for column in zip(*(row for name, *row in points if name == tag), strict=True)]
            super().add(rank, tag, *columns, now)

    def take(self, now, everything=False):
        return [
            Step(found.tag, step, wall_time, {rank: x for rank, x in enumerate(values) if not math.isnan(x)})
            for found in super().take(now, everything)
            for step, wall_time, values in zip(
                found.steps.tolist(), found.wall_times.tolist(), found.values.tolist(), strict=True
            )
        ]


def points(steps, tag="loss", value=0.0, begin=1000.0):
    return [(tag, step, begin + step, value + step) for step in steps]


def steps(found, tag="loss"):
    return [reduced.step for reduced in found if reduced.tag == tag]


def statistics(*values):
    """Of one step, given the value of each rank."""
    reduced = Reduced("loss", np.array([3]), np.array([1.0]), np.array([values]))
    assert reduced.tags == ["loss/min", "loss/mean", "loss/max", "loss/max_rank"]
    [row] = reduced.statistics().tolist()
    return row


def test_the_statistics_of_a_step():
    assert statistics(2.0, 8.0, 5.0) == [2.0, 5.0, 8.0, 1.0]


def test_the_lowest_of_equal_ranks_has_the_maximum():
    assert statistics(0.0, 1.0, 1.0) == [0.0, pytest.approx(2 / 3), 1.0, 1.0]


def test_nan_does_not_hide_numbers_and_infinity_is_one():
    nan, infinity = math.nan, math.inf
    assert statistics(nan, 2.0, nan) == [2.0, 2.0, 2.0, 1.0]
    assert statistics(1.0, infinity) == [1.0, infinity, infinity, 1.0]
    assert statistics(nan, -infinity) == [-infinity, -infinity, -infinity, 1.0]
    assert all(math.isnan(number) for number in statistics(nan, nan))


def test_a_step_is_complete_with_its_last_rank():
    reduction = Steps(3)
    for rank, last in ((0, 5), (1, 3), (2, 9)):
        reduction.add(rank, points(range(last), value=rank * 100), 0.0)
    found = reduction.take(0.0)
    assert steps(found) == [0, 1, 2]
    assert found[2] == Step("loss", 2, 1002.0, {0: 2.0, 1: 102.0, 2: 202.0})
    assert not reduction.is_settled()
    reduction.add(1, points(range(3, 9)), 1.0)
    reduction.add(0, points(range(5, 9)), 1.0)
    assert steps(reduction.take(1.0)) == [3, 4, 5, 6, 7, 8]
    assert reduction.is_settled()


def test_a_rank_that_stops_is_waited_for_and_then_left_out():
    reduction = Steps(2)
    for rank in range(2):
        reduction.add(rank, points(range(5)), 0.0)
    reduction.add(0, points(range(5, 8)), 1.0)
    assert steps(reduction.take(1.0)) == [0, 1, 2, 3, 4]
    reduction.add(0, points([8]), PATIENCE)
    assert steps(reduction.take(PATIENCE)) == []
    found = reduction.take(PATIENCE + 1.5)
    assert steps(found) == [5, 6, 7, 8]
    assert found[0].values == {0: 5.0}


def test_a_rank_with_long_steps_is_waited_for():
    reduction = Steps(2)
    for step in range(4):
        for rank in range(2):
            reduction.add(rank, points([step]), 60.0 * step)
    reduction.take(180.0)
    reduction.add(0, points([4]), 240.0)
    assert steps(reduction.take(240.0)) == []
    assert steps(reduction.take(300.0)) == []  # the other one takes 1.3 times as long as the first
    reduction.add(1, points([4]), 310.0)
    assert steps(reduction.take(310.0)) == [4]


def test_a_tag_that_only_one_rank_logs_comes_after_a_while():
    reduction = Steps(4)
    for rank in range(4):
        reduction.add(rank, points(range(3)), 0.0)
    reduction.add(0, points(range(3), "validation"), 0.0)
    found = reduction.take(0.0)
    assert (steps(found), steps(found, "validation")) == ([0, 1, 2], [])
    found = reduction.take(PATIENCE)
    assert [reduced.values for reduced in found] == [{0: 0.0}, {0: 1.0}, {0: 2.0}]
    reduction.add(0, points([3], "validation"), PATIENCE + 1)
    assert steps(reduction.take(PATIENCE + 1), "validation") == [3]


def test_ranks_that_log_at_other_steps_are_not_waited_for_at_the_steps_between():
    reduction = Steps(2)
    reduction.add(0, points(range(11)), 0.0)
    reduction.add(1, points([0, 10]), 0.0)
    found = reduction.take(0.0)
    assert steps(found) == list(range(11))
    assert [set(reduced.values) for reduced in found] == [{0, 1}, *[{0}] * 9, {0, 1}]


def test_what_comes_late_is_left_out_and_steps_increase():
    reduction = Steps(2)
    for rank in range(2):
        reduction.add(rank, points([0]), 0.0)
    reduction.add(0, points(range(1, 10)), 1.0)
    found = reduction.take(1.0) + reduction.take(20.0)
    reduction.add(1, points(range(1, 11)), 21.0)
    reduction.add(0, points([10]), 21.0)
    found += reduction.take(21.0)
    assert steps(found) == list(range(11))
    assert found[-1].values == {0: 10.0, 1: 10.0}


def test_steps_begin_again_with_rank_0():
    reduction = Steps(2)
    for begin, last in ((1000.0, 10), (2000.0, 12)):
        for rank in range(2):
            reduction.add(rank, points(range(0 if begin == 1000.0 else 5, last), begin=begin), 0.0)
        found = reduction.take(0.0)
    assert steps(found) == list(range(5, 12))
    assert all(reduced.wall_time >= 2000.0 for reduced in found)


def test_ranks_of_a_larger_world_are_left_out():
    reduction = Steps(2)
    for rank in range(4):
        reduction.add(rank, points(range(3), value=rank), 0.0)
    found = reduction.take(0.0)
    assert [set(reduced.values) for reduced in found] == [{0, 1}] * 3
    assert reduction.is_settled()


def test_it_goes_on_where_an_earlier_process_has_left_it():
    reduction = Steps(1, {"loss": 1003.0})
    reduction.add(0, points(range(6)) + points(range(2), "other"), 0.0)
    found = reduction.take(0.0)
    assert (steps(found), steps(found, "other")) == ([4, 5], [0, 1])


def test_what_an_earlier_process_logged_is_void_from_a_step_on():
    reduction = Steps(1, void=(3, 2000.0))
    reduction.add(0, points(range(6)) + points(range(3, 5), begin=2000.0), 0.0)
    assert [(reduced.step, reduced.wall_time) for reduced in reduction.take(0.0)] == [
        (0, 1000.0),
        (1, 1001.0),
        (2, 1002.0),
        (3, 2003.0),
        (4, 2004.0),
    ]


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr("tensorboardX.distributed.reduction._MOST_STEPS", 10)
    reduction = Steps(2)
    reduction.add(1, points([0]), 0.0)
    reduction.add(0, points(range(25)), 0.0)
    assert steps(reduction.take(0.0)) == list(range(15))
    assert steps(reduction.take(0.0, everything=True)) == list(range(15, 25))


@pytest.mark.parametrize("world_size", [1, 5])
def test_everything_at_the_end(world_size):
    reduction = Steps(world_size)
    reduction.add(0, points(range(3)), 0.0)
    assert steps(reduction.take(0.0, everything=True)) == [0, 1, 2]
