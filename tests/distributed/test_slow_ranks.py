"""A slow rank is named: by the times that the ranks log, and by their pace where they do not wait for each other."""

from __future__ import annotations

import numpy as np
import pytest

from tensorboardX.distributed.reduction import Reduced
from tensorboardX.distributed.slow_ranks import SlowRanks


def durations(tag, values, steps=range(10)):
    """`SlowRanks` after some steps at which each rank logged its value."""
    ranks = SlowRanks()
    ranks.note_reduced(reduced(tag, values, steps))
    return ranks


def reduced(tag, values, steps):
    return Reduced(tag, np.array(steps), np.array(steps, float), np.tile(np.array(values), (len(steps), 1)))


@pytest.mark.parametrize("tag", ["time/compute", "step_time", "forward-time", "timings/time of data", "a/time"])
def test_the_rank_that_takes_longer_is_named(tag):
    [slow] = durations(tag, [1.0, 1.02, 1.3, 0.98]).find(0.0)
    assert (slow.rank, slow.step, slow.tag) == (2, 9, tag)
    assert slow.ratio == pytest.approx(1.3)
    assert str(slow) == f"rank 2 is slow: its {tag} is 1.30 times the median of the other ranks"


@pytest.mark.parametrize("tag", ["loss", "timestep", "sometimes", "lifetime"])
def test_what_is_no_time_says_nothing(tag):
    assert durations(tag, [1.0, 1.0, 5.0]).find(0.0) == []


@pytest.mark.parametrize("values", [[1.0, 1.1, 0.9], [1.3], [0.0, 0.0, 1.0], [-1.0, -2.0], [1.0, float("nan")]])
def test_ranks_that_differ_little_or_cannot_be_compared(values):
    assert durations("time", values).find(0.0) == []


def test_a_few_steps_or_a_few_outliers_say_nothing():
    assert durations("time", [1.0, 2.0], range(7)).find(0.0) == []
    ranks = durations("time", [1.0, 1.0], range(20))
    ranks.note_reduced(reduced("time", [1.0, 9.0], range(20, 26)))
    assert ranks.find(0.0) == []


def test_it_is_said_once_a_minute():
    ranks = durations("time", [1.0, 2.0])
    assert len(ranks.find(100.0)) == 1
    assert ranks.find(101.0) == ranks.find(159.0) == []
    assert len(ranks.find(160.0)) == 1


def test_a_rank_at_its_own_pace_is_named():
    ranks = SlowRanks()
    for second in range(10):
        for rank, seconds_of_step in enumerate((0.10, 0.13, 0.10)):
            ranks.note_progress(rank, "loss", int(second / seconds_of_step), 1000.0 + second)
    [slow] = ranks.find(0.0)
    assert slow.rank == 1
    assert slow.ratio == pytest.approx(1.3, abs=0.03)
    assert "the time between its steps of loss" in str(slow)


def test_ranks_that_wait_for_each_other_have_one_pace():
    ranks = SlowRanks()
    for second in range(10):
        for rank in range(3):
            ranks.note_progress(rank, "loss", second * 10 + rank, 1000.0 + second + rank / 10)
    assert ranks.find(0.0) == []


def test_a_restart_is_not_a_pace():
    ranks = SlowRanks()
    for rank in range(2):
        for step in (0, 50, 100, 20, 21):
            ranks.note_progress(rank, "loss", step, 1000.0 + step + rank * step)
    assert ranks.find(0.0) == []
