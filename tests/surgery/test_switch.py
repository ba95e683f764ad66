"""What several files replaced as one go through, and what of it is not believed."""

from __future__ import annotations

import json
import os
import tracemalloc

import pytest
from support import served
from surgery_runs import age, contents, points, write_old_records, write_run

from tensorboardX import surgery
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.surgery.switch import STAGE, Switch, recover, unfinished_root


def prepared(root):
    """A switch of two files, one of which goes."""
    for name in ("a.tfevents", "b.tfevents"):
        (root / name).write_bytes(f"old {name}".encode())
    switch = Switch(str(root))
    switch.begin()
    with open(switch.new_path(), "wb") as file:
        file.write(b"new")
    switch.add("a.tfevents")
    switch.add("b.tfevents", stays=False)
    return switch


def test_the_new_files_and_nothing_else_are_left(tmp_path):
    prepared(tmp_path).commit()
    assert contents(tmp_path) == {"a.tfevents": b"new"}
    assert list(tmp_path.iterdir()) == [tmp_path / "a.tfevents"]


def test_a_change_that_was_begun_is_completed_by_one_of_a_run_that_is_part_of_it(tmp_path, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    for run in ("a", "b"):
        write_run(tmp_path / run, range(10))
    with monkeypatch.context() as patch:
        patch.setattr("tensorboardX.surgery.switch._finish", killed)
        patch.setattr("tensorboardX.surgery.change.recover", lambda root: False)
        with pytest.raises(KeyboardInterrupt):
            surgery.trim(tmp_path, 5, in_place=True)
    [path] = (tmp_path / "a").iterdir()
    assert path.is_symlink()
    assert unfinished_root(str(path)) == str(tmp_path.resolve())
    surgery.trim(tmp_path / "a", 3, in_place=True)
    assert {key: len(found) for key, found in points(tmp_path).items() if key[1] == "loss"} == {
        ("a", "loss"): 3,
        ("b", "loss"): 5,
    }
    assert not any(each.is_symlink() for each in tmp_path.rglob("*"))
    assert not (tmp_path / STAGE).exists()


@pytest.mark.parametrize(("step", "last"), [("_set_current", 9), ("_finish", 4)], ids=["before", "after"])
def test_both_loaders_read_through_the_links_that_a_kill_leaves(tmp_path, tensorboard, monkeypatch, step, last):
    def killed(*_, **__):
        raise KeyboardInterrupt

    for run in ("a", "b/c"):
        write_run(tmp_path / run, range(10))
    with monkeypatch.context() as patch:
        patch.setattr(f"tensorboardX.surgery.switch.{step}", killed)
        patch.setattr("tensorboardX.surgery.change.recover", lambda root: False)
        with pytest.raises(KeyboardInterrupt):
            surgery.trim(tmp_path, 5, in_place=True)
    assert all(path.is_symlink() for path in tmp_path.rglob("*tfevents*"))
    tb = tensorboard(tmp_path)
    assert served.runs(tb) == ["a", "b/c"]
    assert {run: found["loss"][-1][0] for run, found in served.scalars(tb).items()} == {"a": last, "b/c": last}


@pytest.mark.parametrize("path", ["../victim", "/etc/hostname", "link/victim"])
def test_a_planted_plan_does_not_lead_out(tmp_path, path):
    root, victim = tmp_path / "logs", tmp_path / "victim"
    (root / STAGE / "new").mkdir(parents=True)
    victim.write_text("precious")
    (root / "link").symlink_to(tmp_path)
    (root / STAGE / "new" / "0").write_text("evil")
    (root / STAGE / "sequential").write_text("")
    (root / STAGE / "plan.json").write_text(json.dumps([[path, True, True]]))
    with pytest.raises(OSError, match="leads out of the log directory"):
        recover(str(root))
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("plan", ["{", "[[1]]", "3"])
def test_a_plan_that_cannot_be_read(tmp_path, plan):
    (tmp_path / STAGE).mkdir()
    (tmp_path / STAGE / "plan.json").write_text(plan)
    with pytest.raises(OSError, match="the plan in it cannot be read"):
        recover(str(tmp_path))


def test_a_stage_that_is_a_link_is_left_alone(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / STAGE).symlink_to(tmp_path / "elsewhere")
    assert not recover(str(tmp_path / "logs"))
    assert (tmp_path / "elsewhere").exists()


def test_an_error_in_the_middle_leaves_everything_as_it_was(tmp_path, monkeypatch):
    for steps in (range(10), range(10, 20)):
        write_run(tmp_path, steps)
    before = contents(tmp_path)
    links = []
    symlink = os.symlink

    def full(*arguments, **options):
        links.append(arguments)
        if len(links) == 3:
            raise OSError(28, "No space left on device")
        return symlink(*arguments, **options)

    monkeypatch.setattr(os, "symlink", full)
    with pytest.raises(OSError, match="No space left on device"):
        surgery.trim(tmp_path, 5, in_place=True)
    assert contents(tmp_path) == before
    assert not (tmp_path / STAGE).exists()


def test_permissions_and_times_stay(tmp_path):
    path = write_run(tmp_path, range(10))
    path.chmod(0o640)
    age(path, 5000)
    before = path.stat()
    surgery.trim(tmp_path, 5, in_place=True)
    assert (path.stat().st_mode, path.stat().st_mtime_ns) == (before.st_mode, before.st_mtime_ns)


def test_memory_does_not_grow_with_the_file(tmp_path):
    graph = Event(wall_time=1.0, step=3, graph_def=bytes(100_000))
    path = write_old_records(tmp_path / "tfevents", *[graph] * 400)
    tracemalloc.start()
    try:
        report = surgery.repair(tmp_path, out=tmp_path / "out")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert report.bytes_after > path.stat().st_size > 40_000_000
    assert peak < 12_000_000
