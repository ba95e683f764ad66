"""`tensorboardx show`."""

from __future__ import annotations

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tensorboardX import SummaryWriter
from tensorboardX.cli import exit_codes


def test_a_run_with_its_hyperparameters_and_last_values(runs, command):
    done = command("show", runs / "rate0.1", "--tag", "train/*", "--tag", "note*")
    assert done.code == exit_codes.OK
    lines = [line.split() for line in done.out.splitlines() if line]
    assert lines == [
        [str(runs / "rate0.1")],
        ["hyperparameter", "value"],
        ["rate", "0.1"],
        ["tag", "last", "step", "min", "max", "values"],
        ["train/loss", "2.95127e-05", "99", "2.95127e-05", "1", "100"],
        ["train/accuracy", "0.99997", "99", "0", "0.99997", "100"],
        ["tag", "kind", "values", "last", "step"],
        ["note/text_summary", "texts", "1", "99"],
    ]


def test_json_has_the_last_points_that_event_accumulator_reads(runs, command):
    first, second = command("show", runs, "--json").json("show")["runs"]
    assert (first["hparams"], second["hparams"]) == ({"rate": 0.1}, {"rate": 0.5})
    events = EventAccumulator(first["path"], {"scalars": 0}).Reload()
    assert {each["tag"] for each in first["scalars"]} == set(events.Tags()["scalars"])
    for each in first["scalars"]:
        points = events.Scalars(each["tag"])
        found = (each["count"], each["step"], each["wall_time"], each["value"])
        assert found == (len(points), points[-1].step, points[-1].wall_time, points[-1].value)
        assert (each["min"], each["max"]) == (min(p.value for p in points), max(p.value for p in points))


def test_values_that_are_no_numbers(tmp_path, command):
    with SummaryWriter(str(tmp_path)) as writer:
        for step, value in enumerate((1.0, np.inf, np.nan)):
            writer.add_scalar("loss", value, step)
        writer.add_scalar("nothing", np.nan, 0)
    [described] = command("show", tmp_path, "--json").json("show")["runs"]
    loss, nothing = described["scalars"]
    assert (loss["value"], loss["min"], loss["max"]) == ("NaN", 1.0, "Infinity")
    assert (nothing["min"], nothing["max"]) == ("NaN", "NaN")


def test_no_run_of_that_name(runs, command):
    assert command("show", runs, "--run", "nothing").code == exit_codes.NOT_FOUND
