"""The function that a writer calls when what is logged has a fault."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import tensorboardX
from tensorboardX import SummaryWriter
from tensorboardX.background import progress, watchdog
from tensorboardX.doctor import Finding
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.testing import read_events

SECONDS = 20  # that a test waits at most
NAN = float("nan")


@pytest.fixture
def seen(monkeypatch) -> Counter[tuple[str, str, int]]:
    """How often each point of a run was taken to be checked."""
    counts: Counter[tuple[str, str, int]] = Counter()
    take = watchdog.Watcher.take

    def noted(self, run, scalars):
        scalars = list(scalars)
        counts.update((run, tag, step) for tag, _, step, _ in scalars)
        take(self, run, scalars)

    monkeypatch.setattr(watchdog.Watcher, "take", noted)
    return counts


def run(script: str, *arguments: object) -> str:
    source = str(Path(tensorboardX.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": source}
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_way_to_log_a_scalar_is_watched(tmp_path):
    found: list[Finding] = []
    with SummaryWriter(str(tmp_path), watchdog=found.append) as writer:
        writer.add_scalar("pl ain", NAN, 1)
        writer.add_scalar("array", np.float32(NAN), 2)
        writer.add_scalar("without step", NAN)
        writer.add_scalar("named", NAN, 3, display_name="a name")
        writer.add_scalar("new style", NAN, 4, new_style=True)
        writer.add_scalar("double", NAN, 5, double_precision=True)
        writer.add_scalars("chart", {"a": NAN, "b": 1.0}, 6)
        writer.add_scalars_at_step({"of step": NAN, "other": 1.0}, 7)
        writer.add_scalar_series("series", [1.0, NAN, NAN], [8, 9, 10])
        writer.file_writer.add_summary(Summary(value=[Summary.Value(tag="sum mary", simple_value=NAN)]), 11)
        event = Event(step=12, summary=Summary(value=[Summary.Value(tag="event", simple_value=NAN)]))
        writer.file_writer.event_writer.add_event(event)
    assert {finding.check for finding in found} == {"nan"}
    assert {(finding.run, finding.tag): finding.step for finding in found} == {
        (".", "pl_ain"): 1,
        (".", "array"): 2,
        (".", "without_step"): 0,
        (".", "named"): 3,
        (".", "new_style"): 4,
        (".", "double"): 5,
        ("chart/a", "chart"): 6,
        (".", "of_step"): 7,
        (".", "series"): 9,
        (".", "sum mary"): 11,
        (".", "event"): 12,
    }
    assert len(found) == 11


@pytest.mark.parametrize("options", [{}, {"merge_scalars": True}])
def test_each_point_is_checked_once_however_it_is_written(tmp_path, seen, options):
    rng = np.random.default_rng(1)
    with SummaryWriter(str(tmp_path), watchdog=print, **options) as writer:
        for step in range(3000):
            writer.add_scalar("loss", 1.0, step)
            if step % 100 == 7:  # held back behind an image of its tag, which is slow to encode
                writer.add_image("picture", rng.integers(0, 256, (3, 200, 200), dtype=np.uint8), step)
                writer.add_scalar("picture", 1.0, step)
            if step % 50 == 9:
                writer.add_scalar("new", 1.0, step, new_style=True)
            if rng.random() < 0.02:
                writer.flush()
    written = Counter(
        (".", value.tag, event.step)
        for event in read_events(tmp_path)
        for value in event.summary.value
        if not value.HasField("image")
    )
    assert len(written) == 3000 + 30 + 60
    assert seen == written


def test_the_fast_path_is_that_of_a_writer_without_one(tmp_path):
    with SummaryWriter(str(tmp_path), watchdog=print) as writer:
        assert writer._fast_queue is writer.file_writer.queue is not None


def test_a_finding_comes_while_the_program_logs(tmp_path):
    called = threading.Event()
    with SummaryWriter(str(tmp_path), watchdog=lambda finding: called.set()) as writer:
        writer.add_scalar("loss", float("inf"), 0)
        assert called.wait(SECONDS)


def test_a_function_that_raises_is_logged_once_and_called_again(tmp_path, caplog):
    found = []

    def report(finding: Finding) -> None:
        found.append(finding.tag)
        raise [ValueError, SystemExit, KeyboardInterrupt][len(found) % 3](finding.tag)

    with SummaryWriter(str(tmp_path), watchdog=report) as writer:
        for index in range(4):
            writer.add_scalar(f"tag{index}", NAN, 0)
            writer.flush()
    assert sorted(found) == ["tag0", "tag1", "tag2", "tag3"]
    messages = [record.getMessage() for record in caplog.records if "given as watchdog" in record.getMessage()]
    assert messages == ["the function that was given as watchdog raised SystemExit: tag0; this is logged once"]
    assert len(read_events(tmp_path)) == 4


def test_a_function_that_does_not_return_holds_up_nothing_but_close_for_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.3)
    release, called = threading.Event(), threading.Event()
    writer = SummaryWriter(str(tmp_path), watchdog=lambda finding: (called.set(), release.wait(SECONDS)))
    try:
        writer.add_scalar("loss", NAN, 0)
        assert called.wait(SECONDS)
        for step in range(1, 100):
            writer.add_scalar("loss", 1.0, step)
            writer.flush()
        writer.close()
        assert len(read_events(tmp_path)) == 100
    finally:
        release.set()


def test_the_function_may_log_flush_and_close(tmp_path):
    def report(finding: Finding) -> None:
        writer.add_text("watchdog", str(finding), finding.step)
        writer.flush()
        writer.close()
        done.set()

    done = threading.Event()
    writer = SummaryWriter(str(tmp_path), watchdog=report)
    writer.add_scalar("loss", NAN, 3)
    assert done.wait(SECONDS)
    writer.close()
    assert [event.summary.value[0].tag for event in read_events(tmp_path)] == ["loss", "watchdog/text_summary"]


def test_what_does_not_keep_up_leaves_scalars_out_and_says_so(tmp_path, monkeypatch, caplog, seen):
    monkeypatch.setattr(watchdog, "_MOST_PENDING", 50)
    release, called = threading.Event(), threading.Event()
    writer = SummaryWriter(str(tmp_path), watchdog=lambda finding: (called.set(), release.wait(SECONDS)))
    writer.add_scalar("loss", NAN, 0)
    assert called.wait(SECONDS)
    for step in range(1, 200):
        writer.add_scalar("loss", 1.0, step)
        writer.flush()
    release.set()
    writer.close()
    assert len(read_events(tmp_path)) == 200
    assert 1 < len(seen) < 100
    assert sum("does not keep up" in record.getMessage() for record in caplog.records) == 1


def test_a_writer_may_be_used_again_after_close(tmp_path, monkeypatch):
    monkeypatch.setattr(watchdog, "_LINGER_SECONDS", 0.0)
    found: list[Finding] = []
    writer = SummaryWriter(str(tmp_path), watchdog=found.append)
    for index in range(3):
        writer.add_scalar(f"tag{index}", NAN, 0)
        writer.close()
        thread = writer._watchdog._thread
        if thread is not None:
            thread.join(SECONDS)
    assert [finding.tag for finding in found] == ["tag0", "tag1", "tag2"]


def test_more_tags_than_are_checked_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(watchdog, "_TAGS_AT_ONCE", 3)
    found: list[Finding] = []
    with SummaryWriter(str(tmp_path), watchdog=found.append) as writer:
        writer.add_scalars_at_step({f"tag{index}": NAN for index in range(20)}, 1)
    assert sorted(finding.tag for finding in found) == sorted(f"tag{index}" for index in range(20))


def test_a_copy_in_another_process_has_none(tmp_path):
    writer = SummaryWriter(str(tmp_path), watchdog=lambda finding: None)  # which cannot be pickled
    with pickle.loads(pickle.dumps(writer)) as copy:
        copy.add_scalar("loss", NAN, 0)
    pickle.loads(pickle.dumps(writer.file_writer.event_writer)).close()
    writer.close()
    assert copy._watchdog is None


@pytest.mark.parametrize("value", [True, "print", 3])
def test_what_cannot_be_called_is_refused(tmp_path, value):
    with pytest.raises(TypeError, match=r"watchdog: got .*; accepted is a function that takes a Finding"):
        SummaryWriter(str(tmp_path / "run"), watchdog=value)
    assert not (tmp_path / "run").exists()


def test_a_program_that_ends_without_close_is_told(tmp_path):
    script = """
        import sys
        from tensorboardX import SummaryWriter
        writer = SummaryWriter(sys.argv[1], watchdog=lambda finding: print(finding.check, finding.tag, flush=True))
        writer.add_scalar("loss", float("nan"), 0)
    """
    assert run(script, tmp_path) == "nan loss\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_of_a_fork_has_a_watchdog_of_its_own(tmp_path):
    script = """
        import os, sys
        from tensorboardX import SummaryWriter
        told = lambda finding: print(finding.tag, flush=True)
        writer = SummaryWriter(sys.argv[1], watchdog=told)
        writer.add_scalar("before", float("nan"), 0)
        writer.flush()
        assert writer._watchdog.wait()
        for child in range(5):
            pid = os.fork()
            if pid == 0:
                writer.add_scalar(f"child{child}", float("nan"), 0)
                writer.close()
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        writer.add_scalar("after", float("nan"), 0)
        writer.close()
    """
    assert run(script, tmp_path).split() == ["before", *(f"child{child}" for child in range(5)), "after"]


def test_the_thread_imports_nothing(tmp_path):
    script = """
        import sys
        from tensorboardX import SummaryWriter
        assert "tensorboardX.doctor" not in sys.modules
        writer = SummaryWriter(sys.argv[1], watchdog=lambda finding: print(finding.check, finding.tag))
        before = set(sys.modules)
        for step in range(1000):
            writer.add_scalar("train/loss", float("nan") if step == 500 else 1 / (step + 1), step)
            writer.add_scalar("val/loss", 1e9 if step == 700 else 2 + step % 3, step)
            writer.add_scalar("new", float("inf"), step, new_style=True)
        writer.close()
        new = {name for name in set(sys.modules) - before if name != "tensorboardX.summary.tensor"}  # of the caller
        assert not new, new
    """
    assert {"nan train/loss", "spike val/loss", "infinity new"} <= set(run(script, tmp_path).splitlines())
