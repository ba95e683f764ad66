"""What is kept for `export_scalars_to_json`."""

from __future__ import annotations

import pytest

from tensorboardX.writer import history
from tensorboardX.writer.history import ScalarHistory


@pytest.fixture
def small(monkeypatch) -> ScalarHistory:
    monkeypatch.setattr(history, "MOST_POINTS", 10)
    return ScalarHistory()


def _count(history: ScalarHistory) -> int:
    return sum(map(len, history.points.values()))


def test_points_are_kept_in_order_by_series():
    history = ScalarHistory()
    history.add("run/a", 1.5, 0, 0.25)
    history.add("run/b", 2.5, None, 3)
    history.add("run/a", 3.5, 1, 0.5)
    assert history.points == {"run/a": [[1.5, 0, 0.25], [3.5, 1, 0.5]], "run/b": [[2.5, None, 3]]}


def test_the_oldest_of_a_series_are_forgotten_and_the_newest_kept(small):
    for step in range(1000):
        small.add("a", 0.0, step, 0.5)
        assert _count(small) <= 10
        steps = [point[1] for point in small.points["a"]]
        assert steps == list(range(steps[0], step + 1))
    assert _count(small) >= 5


def test_a_full_history_makes_room_for_a_new_series_in_the_longest(small):
    for step in range(10):
        small.add("long", 0.0, step, 0.5)
    for step in range(4):
        small.add("new", 0.0, step, 0.5)
    assert [point[1] for point in small.points["new"]] == [0, 1, 2, 3]
    assert [point[1] for point in small.points["long"]] == [5, 6, 7, 8, 9]


def test_a_series_without_points_is_forgotten_by_name_too(small):
    for series in range(100):
        small.add(str(series), 0.0, 0, 0.5)
    assert _count(small) == len(small.points) == 10
    assert small.points["99"] == [[0.0, 0, 0.5]]


def test_no_series_takes_more_than_there_is_room_for(small):
    for step in range(100):
        for series in range(30):
            small.add(str(series), 0.0, step, 0.5)
            assert _count(small) <= 10
