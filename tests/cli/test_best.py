"""`tensorboardx best`."""

from __future__ import annotations

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tensorboardX import SummaryWriter
from tensorboardX.cli import exit_codes


@pytest.mark.parametrize(("mode", "pick"), [("min", min), ("max", max)])
def test_the_best_of_what_event_accumulator_reads(mode, pick, runs, command):
    wanted = []
    for run in runs.iterdir():
        points = EventAccumulator(str(run), {"scalars": 0}).Reload().Scalars("train/accuracy")
        best = pick(points, key=lambda point: point.value)
        wanted.append((best.value, run.name, best.step, best.wall_time))
    wanted.sort(reverse=mode == "max")
    content = command("best", "train/accuracy", runs, "--mode", mode, "--json").json("best")
    assert [(row["value"], row["run"], row["step"], row["wall_time"]) for row in content["runs"]] == wanted
    assert [row["rank"] for row in content["runs"]] == [1, 2]
    assert content["runs"][0]["hparams"] == {"rate": float(wanted[0][1].removeprefix("rate"))}


def test_a_table_with_the_hyperparameters(runs, command):
    done = command("best", "train/loss", runs, "--mode", "min", "--count", 1)
    assert done.code == exit_codes.OK
    title, line = done.out.splitlines()
    assert title.split() == ["rank", "run", "tag", "value", "step", "rate"]
    assert line.split() == ["1", "rate0.5", "train/loss", "1.57772e-30", "99", "0.5"]


def test_nan_is_never_best(tmp_path, command):
    for name, values in (("a", [np.nan, 3.0, 2.0]), ("b", [np.nan, np.nan])):
        with SummaryWriter(str(tmp_path / name)) as writer:
            for step, value in enumerate(values):
                writer.add_scalar("loss", value, step)
    [row] = command("best", "loss", tmp_path, "--mode", "min", "--json").json("best")["runs"]
    assert (row["run"], row["value"], row["step"]) == ("a", 2.0, 2)


def test_a_tag_that_is_not_there_and_arguments_that_are_wrong(runs, command):
    done = command("best", "nothing", runs, "--mode", "min")
    assert (done.code, done.out) == (exit_codes.NOT_FOUND, "")
    assert command("best", "train/loss", runs).code == exit_codes.USAGE
    assert command("best", "train/loss", runs, "--mode", "min", "--count", "0").code == exit_codes.USAGE
