"""The verbs that check and change event files."""

from __future__ import annotations

import pytest
from surgery.surgery_runs import age, contents, points

from tensorboardX.cli import exit_codes
from tensorboardX.reader import open_logdir

CHANGES = {
    "trim": ["--from-step", "50"],
    "merge": [],
    "drop": ["--tag", "train/*"],
    "compact": [],
    "repair": [],
    "rename": ["tag", "train/loss", "cost"],
}


@pytest.fixture
def torn(runs):
    """The runs, with a torn tail at the end of the first."""
    [path] = (runs / "rate0.1").iterdir()
    path.write_bytes(path.read_bytes() + b"torn")
    age(path)
    return runs


def words(verb, logdir, *options):
    """The arguments of a verb; those of `rename` come before the log directory."""
    own = CHANGES[verb]
    return [verb, *own, logdir, *options] if verb == "rename" else [verb, logdir, *own, *options]


@pytest.mark.parametrize("verb", CHANGES)
def test_dry_run_tells_in_json_what_in_place_does(torn, command, verb):
    before = contents(torn)
    dry = command(*words(verb, torn, "--dry-run", "--json")).json(verb)
    assert contents(torn) == before
    wet = command(*words(verb, torn, "--in-place", "--json")).json(verb)
    assert (dry.pop("dry_run"), wet.pop("dry_run")) == (True, False)
    assert dry == wet
    assert wet["changed"] >= 1
    assert wet["bytes_after"] == sum(map(len, contents(torn).values()))
    assert wet["files"][0]["damage"][0]["reason"] == "the file ends within the header of a record"


@pytest.mark.parametrize("verb", CHANGES)
def test_out_and_the_table(torn, command, verb, tmp_path):
    before = contents(torn)
    done = command(*words(verb, torn, "--out", tmp_path / "out"))
    assert done.code == exit_codes.OK
    assert contents(torn) == before
    assert open_logdir(tmp_path / "out").runs == ["rate0.1", "rate0.5"]
    assert done.out.splitlines()[0].split() == ["file", "events", "size", "change"]
    assert "left out: " in done.err


@pytest.mark.parametrize("verb", CHANGES)
def test_where_the_files_go_has_to_be_said(runs, command, verb):
    before = contents(runs)
    done = command(*words(verb, runs))
    assert done.code == exit_codes.USAGE
    assert "neither out nor in_place" in done.err
    assert command(*words(verb, runs, "--in-place", "--out", "x")).code == exit_codes.USAGE
    assert contents(runs) == before


def test_verify(torn, command):
    done = command("verify", torn)
    assert done.code == exit_codes.NOT_FOUND
    assert [line.split()[-1] for line in done.out.splitlines()[1:3]] == ["damaged", "ok"]
    assert command("verify", torn, "--run", "rate0.5").code == exit_codes.OK
    assert command("repair", torn, "--in-place").code == exit_codes.OK
    assert command("verify", torn, "--json").json("verify")["changed"] == 0
    assert command("verify", torn).code == exit_codes.OK


def test_rename_a_run(runs, command):
    done = command("rename", "run", "rate0.1", "base/line", runs, "--in-place")
    assert done.out.splitlines()[0] == "rate0.1 -> base/line"
    assert open_logdir(runs).runs == ["base/line", "rate0.5"]
    assert command("rename", "run", "rate0.1", "x", runs, "--in-place").code == exit_codes.USAGE


def test_only_some_runs(runs, command):
    command("trim", runs, "--run", "*0.5", "--from-step", "10", "--in-place")
    assert {run: len(found) for (run, tag), found in points(runs).items() if tag == "train/loss"} == {
        "rate0.1": 100,
        "rate0.5": 10,
    }
    assert command("trim", runs, "--run", "other", "--from-step", "10", "--in-place").code == exit_codes.NOT_FOUND


def test_a_step_is_needed(runs, command):
    assert command("trim", runs, "--in-place").code == exit_codes.USAGE
