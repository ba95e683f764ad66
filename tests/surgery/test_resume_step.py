"""`SummaryWriter(..., resume_step=N)`."""

from __future__ import annotations

import subprocess
import sys

import pytest
from reliability.processes import environment
from support import served
from surgery_runs import age, contents, points, write_run

from tensorboardX import GlobalSummaryWriter, SummaryWriter
from tensorboardX.reader import open_logdir


def train(logdir, steps, **options):
    with SummaryWriter(str(logdir), **options) as writer:
        for step in steps:
            writer.add_scalar("loss", float(step), step)
            writer.add_scalars("a/b: c", {"x": float(step), "y/z": float(step)}, step)
            writer.add_text("note", f"step {step}", step)


def test_both_loaders_show_each_step_once(tmp_path, tensorboard):
    run = tmp_path / "run"
    train(run, range(10))
    train(run, range(6, 14), resume_step=6)
    train(run, range(12, 15), resume_step=12)
    found = served.scalars(tensorboard(tmp_path))
    points = [(step, float(step)) for step in range(15)]
    assert found == {"run": {"loss": points}, "run/a/b_ c/x": {"a/b__c": points}, "run/a/b_ c/y/z": {"a/b__c": points}}
    texts = open_logdir(tmp_path).texts("run")
    assert texts["step"].tolist() == list(range(15))


def test_other_runs_below_are_left_as_they_are(tmp_path):
    train(tmp_path, range(4))
    write_run(tmp_path / "eval", range(4))
    write_run(tmp_path / "a" / "other", range(4))
    train(tmp_path, (), resume_step=2)
    steps = {key: [step for step, _ in found] for key, found in points(tmp_path).items()}
    assert steps == {
        (".", "loss"): [0, 1],
        ("a/b_ c/x", "a/b__c"): [0, 1],
        ("a/b_ c/y/z", "a/b__c"): [0, 1],
        **{("eval", tag): [0, 1, 2, 3] for tag in ("loss", "accuracy")},
        **{("a/other", tag): [0, 1, 2, 3] for tag in ("loss", "accuracy")},
    }


def test_sub_runs_that_torch_named(tmp_path):
    write_run(tmp_path / "a_b_x", range(4), tags=("a/b",))
    write_run(tmp_path, range(4))
    SummaryWriter(str(tmp_path), resume_step=3).close()
    assert [step for step, _ in points(tmp_path)["a_b_x", "a/b"]] == [0, 1, 2]


def test_a_missing_directory_is_made(tmp_path):
    train(tmp_path / "new", range(2), resume_step=100)
    assert points(tmp_path / "new")[".", "loss"] == [(0, 0.0), (1, 1.0)]


def test_new_events_go_to_a_new_file_and_none_is_touched_without_need(tmp_path):
    train(tmp_path, range(4))
    before = contents(tmp_path)
    train(tmp_path, range(4, 6), resume_step=4)
    after = contents(tmp_path)
    assert before.items() <= after.items()
    assert len(after) == 2 * len(before)


def test_nothing_is_changed_where_nothing_is_written(tmp_path):
    train(tmp_path, range(4))
    before = contents(tmp_path)
    train(tmp_path, range(2), resume_step=2, write_to_disk=False)
    assert contents(tmp_path) == before


def test_a_job_that_was_killed_is_resumed_at_its_checkpoint(tmp_path):
    program = """
import os, sys
from tensorboardX import SummaryWriter
writer = SummaryWriter(sys.argv[1])
for step in range(100):
    writer.add_scalar("loss", float(step), step)
writer.flush()
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], env=environment(), check=False)
    [path] = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-7])
    train(tmp_path, range(80, 90), resume_step=80)
    assert points(tmp_path)[".", "loss"] == [(step, float(step)) for step in range(90)]


@pytest.mark.parametrize("host", ["zzz", "aaa"])
def test_the_new_file_is_read_last_whatever_the_clock_of_the_other_host(tmp_path, host):
    train(tmp_path, range(4))
    [path] = tmp_path.glob("*tfevents*")
    later = path.with_name(f"events.out.tfevents.{int(path.name.split('.')[3]) + 100}.{host}.99999.0")
    path.rename(later)
    train(tmp_path, range(2, 6), resume_step=2)
    assert points(tmp_path)[".", "loss"] == [(step, float(step)) for step in range(6)]


def test_a_damaged_file_is_warned_of(tmp_path, caplog):
    path = write_run(tmp_path, range(4))
    path.write_bytes(path.read_bytes() + b"torn")
    age(path)
    SummaryWriter(str(tmp_path), resume_step=4).close()
    assert "a part of an event file cannot be read" in caplog.text


def test_a_global_writer_goes_on_too(tmp_path):
    write_run(tmp_path, range(4), tags=("loss",))
    with GlobalSummaryWriter(logdir=str(tmp_path), resume_step=2) as writer:
        writer.add_scalar("other", 1.0)
    assert points(tmp_path) == {(".", "loss"): [(0, 0.0), (1, 1.0)], (".", "other"): [(0, 1.0)]}


@pytest.mark.parametrize(
    ("logdir", "step", "error", "message"),
    [
        ("run", 1.5, TypeError, "resume_step: got float 1.5; accepted is an integer"),
        ("run", "3", TypeError, "resume_step"),
        ("run", 2**64, ValueError, "resume_step"),
        ("s3://bucket/run", 3, ValueError, "accepted is a local one"),
        ("memory://run", 3, ValueError, "accepted is a local one"),
    ],
)
def test_what_cannot_be(tmp_path, monkeypatch, logdir, step, error, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        SummaryWriter(logdir, resume_step=step)
    assert contents(tmp_path) == {}


def test_it_is_imported_only_where_it_is_used():
    program = """
import sys
from tensorboardX import SummaryWriter
SummaryWriter(write_to_disk=False).close()
assert not [name for name in sys.modules if "surgery" in name or "tensorboardX.reader" in name]
"""
    subprocess.run([sys.executable, "-c", program], env=environment(), check=True)
