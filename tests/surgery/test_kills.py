"""A process killed at any system call leaves all of the old or all of the new, for TensorBoard and the next call."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from reliability.processes import environment
from surgery_runs import age, contents, points, write_run
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader

from tensorboardX import SummaryWriter, surgery
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.surgery import switch

PROGRAM = Path(__file__).with_name("kill_at_each_call.py")
IN_PLACE = {
    "trim": "surgery.trim(logdir, 12, in_place=True)",
    "trim one file": "surgery.trim(logdir, 25, in_place=True)",
    "merge": "surgery.merge(logdir, in_place=True)",
    "drop": "surgery.drop(logdir, 'loss', in_place=True)",
    "rename tags": "surgery.rename(logdir, tags={'loss': 'cost'}, in_place=True)",
    "rename run": "surgery.rename(logdir, run=('train', 'old/train'), in_place=True)",
    "compact": "surgery.compact(logdir, in_place=True)",
    "repair": "surgery.repair(logdir, in_place=True)",
}
OUT = {
    "trim": "surgery.trim(logdir, 12, out=out)",
    "rename run": "surgery.rename(logdir, run=('train', 'old/train'), out=out)",
}


QUICK = ("trim", "merge", "rename run")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """Three files of one run, whose steps overlap and whose tails are torn, and one of another."""
    logdir = tmp_path_factory.mktemp("template") / "logs"
    for steps in (range(15), range(10, 20), range(15, 30)):
        path = write_run(logdir / "train", steps)
        with open(path, "ab") as file:
            file.write(b"torn")
        age(path)
    with SummaryWriter(str(logdir)) as writer:
        for step in range(20):
            writer.add_histogram("weights", np.linspace(-1, 1, 500) * step, step)
    (logdir / "notes.txt").write_text("not an event file")
    return logdir


def killed_at_each_call(template: Path, work: Path, statement: str) -> list[Path]:
    command = [sys.executable, str(PROGRAM), str(template), str(work), statement]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=300)
    assert done.returncode == 0, done.stderr
    return [work / str(number) for number in range(1, int(done.stdout) + 1)]


def served(logdir: Path) -> dict[str, list[bytes]]:
    """What stock TensorBoard reads: records by run, those of the version left out."""
    found: dict[str, list[bytes]] = {}
    for path in sorted(path for path in logdir.rglob("*tfevents*") if path.is_file()):
        for record in RawEventFileLoader(str(path)).Load():
            if not Event.FromString(record).file_version:
                found.setdefault(path.parent.relative_to(logdir).as_posix(), []).append(record)
    return found


def names(logdir: Path) -> list[str]:
    return sorted(path.relative_to(logdir).as_posix() for path in logdir.rglob("*"))


@pytest.mark.parametrize(
    "verb", [pytest.param(verb, marks=[] if verb in QUICK else pytest.mark.slow) for verb in IN_PLACE]
)
def test_in_place_the_old_or_the_new_is_left(template, tmp_path, verb):
    copies = killed_at_each_call(template, tmp_path, IN_PLACE[verb])
    assert len(copies) >= 5
    new = tmp_path / "new"
    shutil.copytree(template, new)
    exec(IN_PLACE[verb], {"surgery": surgery, "logdir": new})
    wanted = [(served(template), contents(template)), (served(new), contents(new))]
    assert wanted[0] != wanted[1]
    seen = set()
    for copy in copies:
        logdir = copy / "logs"
        found = served(logdir)  # before anything is recovered
        assert found in [state[0] for state in wanted], copy.name
        surgery.recover(logdir)
        assert (found, contents(logdir)) in wanted, copy.name
        seen.add(wanted.index((found, contents(logdir))))
        assert not any("surgery" in name for name in names(logdir))
        if verb != "rename run":
            exec(IN_PLACE[verb], {"surgery": surgery, "logdir": logdir})
            assert contents(logdir) == wanted[1][1]
    assert seen == {0, 1}


@pytest.mark.parametrize("verb", ["trim", pytest.param("rename run", marks=pytest.mark.slow)])
def test_elsewhere_nothing_or_everything_appears(template, tmp_path, verb):
    copies = killed_at_each_call(template, tmp_path, OUT[verb])
    new = tmp_path / "new"
    exec(OUT[verb], {"surgery": surgery, "logdir": template, "out": new})
    seen = set()
    for copy in copies:
        assert contents(copy / "logs") == contents(template)
        found = served(copy / "out")
        assert found in ({}, served(new)), copy.name
        seen.add(bool(found))
        if not found:
            exec(OUT[verb], {"surgery": surgery, "logdir": copy / "logs", "out": copy / "out"})
        else:
            surgery.recover(copy / "out")
        assert contents(copy / "out") == contents(new), copy.name
    assert seen == {False, True}


def test_a_resumed_run_is_the_old_or_the_new_one(template, tmp_path):
    statement = "SummaryWriter(str(logdir / 'train'), resume_step=12).close()"
    copies = killed_at_each_call(template, tmp_path, statement)
    old = points(template)["train", "loss"]
    new = [point for point in old if point[0] < 12]
    seen = []
    for copy in copies:
        found = points(copy / "logs")["train", "loss"]
        assert found in (old, new), copy.name
        seen.append(found == new)
        with SummaryWriter(str(copy / "logs" / "train"), resume_step=12) as writer:
            writer.add_scalar("loss", -1.0, 12)
        assert points(copy / "logs")["train", "loss"] == [*new, (12, -1.0)]
        assert not any("surgery" in name for name in names(copy / "logs"))
    assert seen == sorted(seen)
    assert set(seen) == {False, True}


@pytest.mark.parametrize("missing", ["symlink", "link"])
def test_without_links_the_next_call_completes_what_was_begun(template, tmp_path, missing, monkeypatch):
    """As on Windows without privileges, or on FAT: files are replaced one after the other."""

    def refuse(*_: object, **__: object) -> None:
        raise NotImplementedError

    new = tmp_path / "new"
    shutil.copytree(template, new)
    surgery.merge(new, in_place=True)
    for stop in range(1, 5):
        logdir = tmp_path / str(stop)
        shutil.copytree(template, logdir)
        with monkeypatch.context() as patch:
            patch.setattr(switch.os, missing, refuse)
            calls = []
            replace, unlink = switch.os.replace, switch.os.unlink

            def counted(call, calls=calls, stop=stop):
                def wrapper(*arguments, **options):
                    calls.append(str(arguments[-1]))
                    if "tfevents" in calls[-1] and sum("tfevents" in each for each in calls) >= stop:
                        raise KeyboardInterrupt
                    return call(*arguments, **options)

                return wrapper

            patch.setattr(switch.os, "replace", counted(replace))
            patch.setattr(switch.os, "unlink", counted(unlink))
            patch.setattr("tensorboardX.surgery.change.recover", lambda root: False)  # as after a kill
            if stop <= 3:
                with pytest.raises(KeyboardInterrupt):
                    surgery.merge(logdir, in_place=True)
            else:
                surgery.merge(logdir, in_place=True)
        surgery.recover(logdir)
        assert contents(logdir) == contents(new)
