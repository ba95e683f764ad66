"""What `tail` keeps of curves, and the picture that it draws of them."""

from __future__ import annotations

import numpy as np
import pytest

from tensorboardX.cli.curves import Curves, thinned
from tensorboardX.cli.picture import _short, _ticks, picture
from tensorboardX.reader import Columns
from tensorboardX.reader.columns import objects, repeated


def scalars(run: str, tag: str, steps, values) -> Columns:
    count = len(values)
    columns = {"run": repeated(run, count), "tag": repeated(tag, count), "step": np.asarray(steps, np.int64)}
    return Columns({**columns, "wall_time": np.zeros(count), "value": np.asarray(values, np.float64)})


def test_a_long_curve_keeps_its_extremes_in_bounded_memory():
    rng = np.random.default_rng(0)
    curves, highest, lowest = Curves(), -np.inf, np.inf
    for start in range(0, 200_000, 7_001):
        values = rng.normal(size=7_001)
        highest, lowest = max(highest, values.max()), min(lowest, values.min())
        curves.add(scalars("run", "loss", np.arange(start, start + 7_001), values))
        curve = curves.tags["loss"]["run"]
        assert len(curve.values) <= 8192
        assert (curve.values.max(), curve.values.min()) == (highest, lowest)
        assert np.all(np.diff(curve.steps) > 0)
    assert curve.count == curves.points == 203_029
    assert (curve.first, curve.end, curve.last_step) == (0, 203_028, 203_028)


def test_thinning_leaves_short_curves_alone():
    steps, values = np.arange(7), np.arange(7.0)
    assert [part.tolist() for part in thinned(steps, values, 7)] == [steps.tolist(), values.tolist()]
    steps, values = thinned(steps, values, 5)
    assert values.tolist() == [0.0, 3.0, 4.0, 5.0, 6.0]


def test_what_is_not_finite_is_counted_and_not_drawn():
    curves = Curves()
    curves.add(scalars("a", "loss", [0, 1, 2], [np.nan, np.inf, 1.0]))
    curves.add(scalars("a", "nothing", [0, 1], [np.nan, np.nan]))
    assert (curves.tags["loss"]["a"].values.tolist(), curves.points) == ([1.0], 5)
    drawn = picture(curves, 80, 24).plain
    assert "nothing" in drawn


@pytest.mark.parametrize(("width", "height"), [(20, 8), (80, 23), (120, 31), (200, 60)])
@pytest.mark.parametrize("tags", [1, 2, 7])
def test_the_picture_fits(width, height, tags):
    curves = Curves()
    for number in range(tags):
        for run in ("first", "second", "a very long name of a run that does not fit at all"):
            curves.add(scalars(run, f"tag{number}", np.arange(50), np.linspace(0, number, 50)))
    lines = picture(curves, width, height).plain.split("\n")
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert lines[0].startswith("━ first")
    assert "tag0" in "\n".join(lines)
    assert any("\u2800" < character <= "\u28ff" for line in lines for character in line)


def test_the_picture_tells_what_it_leaves_out():
    curves = Curves()
    for number in range(30):
        curves.add(scalars(f"run{number}", f"tag{number}", [0], [1.0]))
    lines = picture(curves, 100, 24).plain.split("\n")
    assert "more" in lines[0]
    assert "4 of 30 tags" in lines[-1]


def test_names_cannot_steer_the_terminal():
    curves = Curves()
    curves.add(scalars("a\x1b[2J", "b\x1b[31m\n[red]", [0, 1], [0.0, 1.0]))
    drawn = picture(curves, 80, 24).plain
    assert "\x1b" not in drawn
    assert "a\\x1b[2J" in drawn
    assert "b\\x1b[31m\\n[red]" in drawn


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 99), (-3.7, 12.9), (1e-9, 3e-9), (-1e30, 1e30), (5, 5)])
def test_ticks_are_round_and_within(low, high):
    ticks = _ticks(low, high, 4)
    assert 1 <= len(ticks) <= 6
    slack = 1e-9 * (high - low)
    assert all(low - slack <= tick <= high + slack for tick in ticks)


def test_ticks_of_steps_are_integers():
    assert _ticks(1, 10, 4, whole=True) == [3, 6, 9]
    assert _ticks(0, 1, 4, whole=True) == [0, 1]


def test_numbers_of_ticks_are_short():
    found = [_short(value) for value in (0, 0.25, 9999, 10_000, 2_500_000, 1e15, -0.001)]
    assert found == ["0", "0.25", "9999", "10k", "2.5M", "1e+15", "-0.001"]


def test_objects_are_taken_by_runs():
    curves = Curves()
    names = {"run": objects(["a", "b", "a"]), "tag": objects(["x", "x", "y"])}
    numbers = {"step": np.arange(3), "wall_time": np.zeros(3), "value": np.arange(3.0)}
    curves.add(Columns({**names, **numbers}))
    assert (curves.runs, list(curves.tags), list(curves.tags["x"])) == (["a", "b"], ["x", "y"], ["a", "b"])
