"""`tensorboardx compare`."""

from __future__ import annotations

import pytest

from tensorboardX import SummaryWriter
from tensorboardX.cli import exit_codes


def test_two_runs_and_their_difference(runs, command):
    done = command("compare", runs, "--tag", "train/*")
    assert done.code == exit_codes.OK
    assert [line.split() for line in done.out.splitlines()] == [
        ["rate0.1", "rate0.5", "difference"],
        ["rate", "0.1", "0.5", "+0.4"],
        ["train/loss", "2.95127e-05", "1.57772e-30", "-2.95127e-05"],
        ["train/accuracy", "0.99997", "1", "+2.95043e-05"],
    ]


def test_runs_of_several_directories_are_named_by_their_paths(runs, command):
    paths = [str(runs / "rate0.1"), str(runs / "rate0.5")]
    content = command("compare", *paths, "--json").json("compare")
    assert content["runs"] == paths
    assert content["hparams"] == [
        {"name": "rate", "differs": True, "values": dict(zip(paths, (0.1, 0.5), strict=True))}
    ]
    both = command("compare", runs / "rate0.1", runs, "--json").json("compare")
    assert both["runs"] == [paths[0], *paths]


@pytest.mark.parametrize(("which", "wanted"), [("last", 3.0), ("min", 1.0), ("max", 5.0), ("mean", 3.0)])
def test_which_value(which, wanted, tmp_path, command):
    with SummaryWriter(str(tmp_path)) as writer:
        for step, value in enumerate((1.0, 5.0, 3.0)):
            writer.add_scalar("loss", value, step)
    [row] = command("compare", tmp_path, "--value", which, "--json").json("compare")["scalars"]
    assert row == {"tag": "loss", "values": {".": wanted}}


def test_what_is_the_same_and_what_a_run_lacks(tmp_path, command):
    for name in ("a", "b", "c"):
        with SummaryWriter(str(tmp_path / name)) as writer:
            writer.add_hparams({"same": True, "name": name}, {}, name=".")
            if name != "b":
                writer.add_scalar("loss", 1.0, 0)
    lines = [line.split() for line in command("compare", tmp_path).out.splitlines()]
    assert lines == [["a", "b", "c"], ["name", "a", "b", "c"], ["loss", "1", "-", "1"]]
    content = command("compare", tmp_path, "--json").json("compare")
    assert {row["name"]: row["differs"] for row in content["hparams"]} == {"same": False, "name": True}
