"""Files that somebody may still write to are refused, and nothing is changed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from reader.event_files import scalar, version
from reliability.processes import environment
from surgery_runs import age, contents, points, write_old_records, write_run

from tensorboardX import GlobalSummaryWriter, SummaryWriter, surgery
from tensorboardX.storage.locks import FileLock
from tensorboardX.surgery import live

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
needs_locks = pytest.mark.skipif(os.name == "nt", reason="needs flock")

WRITER = """
import sys
from tensorboardX import SummaryWriter
writer = SummaryWriter(sys.argv[1])
writer.add_scalar("loss", 1.0, 5)
writer.flush()
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def writing_process(logdir):
    command = [sys.executable, "-c", WRITER, str(logdir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdout.readline() == b"ready\n"
        yield process


def assert_refused(logdir, message):
    before = contents(logdir)
    with pytest.raises(OSError, match=message):
        surgery.trim(logdir, 0, in_place=True)
    assert contents(logdir) == before


@needs_proc
def test_of_another_process_until_that_ends(tmp_path):
    with writing_process(tmp_path) as process:
        assert_refused(tmp_path, f"process {process.pid} has it open for writing")
        with pytest.raises(OSError, match="has it open for writing"):
            SummaryWriter(str(tmp_path), resume_step=0)
        assert len(contents(tmp_path)) == 1
        process.kill()
    assert surgery.trim(tmp_path, 0, in_place=True).changed == 1


@needs_proc
def test_of_this_process_until_the_writer_is_closed(tmp_path):
    writer = SummaryWriter(str(tmp_path))
    writer.add_scalar("loss", 1.0, 5)
    writer.flush()
    assert_refused(tmp_path, f"process {os.getpid()} has it open for writing")
    writer.close()
    surgery.trim(tmp_path, 0, in_place=True)
    assert points(tmp_path) == {}


@needs_proc
def test_what_only_reads_it_does_not_matter(tmp_path):
    path = write_run(tmp_path, range(3))
    with open(path, "rb"):
        assert surgery.trim(tmp_path, 0, in_place=True).changed == 1


@needs_proc
def test_a_copy_elsewhere_of_what_is_being_written(tmp_path):
    with SummaryWriter(str(tmp_path / "logs")) as writer:
        writer.add_scalar("loss", 1.0, 5)
        writer.flush()
        surgery.merge(tmp_path / "logs", out=tmp_path / "out")
    assert points(tmp_path / "out") == points(tmp_path / "logs")


@needs_proc
def test_a_file_that_stays_as_it_is_may_be_open(tmp_path):
    write_run(tmp_path / "old", range(10))
    with SummaryWriter(str(tmp_path / "new")) as writer:
        writer.add_scalar("loss", 1.0, 2)
        writer.flush()
        surgery.trim(tmp_path, 5, in_place=True)
    assert len(points(tmp_path)["old", "loss"]) == 5


def named(tmp_path, host, process):
    path = tmp_path / f"events.out.tfevents.1700000000.{host}.{process}.0"
    return write_old_records(path, version(), scalar("a", 1, 1.0))


@pytest.mark.skipif(os.name != "posix", reason="asks for a process by its number")
def test_named_after_a_process_that_runs_and_cannot_be_looked_into(tmp_path, monkeypatch):
    monkeypatch.setattr(live, "_open_for_writing", lambda files, scanned: iter(()))
    with writing_process(tmp_path / "elsewhere") as process:
        named(tmp_path / "x", socket.gethostname(), process.pid)
        assert_refused(tmp_path / "x", f"process {process.pid}, which wrote it, still runs")
        process.send_signal(signal.SIGKILL)
    assert surgery.trim(tmp_path / "x", 0, in_place=True).changed == 1


@needs_proc
def test_named_after_a_number_that_another_process_has_by_now(tmp_path):
    with writing_process(tmp_path / "elsewhere") as process:
        named(tmp_path / "x", socket.gethostname(), process.pid)
        assert surgery.trim(tmp_path / "x", 0, in_place=True).changed == 1


def test_written_a_moment_ago_on_another_host(tmp_path):
    path = named(tmp_path, "elsewhere", 7)
    age(path, 20)
    assert_refused(tmp_path, r"it was written 2\d s ago, perhaps on another host")
    assert surgery.trim(tmp_path, 0, dry_run=True).changed == 1
    age(path, 200)
    assert surgery.trim(tmp_path, 0, in_place=True).changed == 1


def test_a_resumed_run_may_come_from_another_host_a_moment_ago(tmp_path):
    age(named(tmp_path, "elsewhere", 7), 2)
    SummaryWriter(str(tmp_path), resume_step=1).close()
    assert points(tmp_path) == {}


def test_a_file_that_grows_while_it_is_read(tmp_path, monkeypatch):
    path = write_run(tmp_path, range(3))
    whole = path.read_bytes()
    refuse = live.refuse_written

    def append(*arguments):
        raise AssertionError("the change was not noticed")

    monkeypatch.setattr("tensorboardX.surgery.change.refuse_written", append)
    edit = surgery.trimming.Trimming.edit

    def edit_and_append(self, data):
        with open(path, "ab") as file:
            file.write(b"x")
        return edit(self, data)

    monkeypatch.setattr(surgery.trimming.Trimming, "edit", edit_and_append)
    with pytest.raises(OSError, match="written to meanwhile"):
        surgery.trim(tmp_path, 0, in_place=True)
    assert path.read_bytes().startswith(whole)
    assert refuse is live.refuse_written


@needs_locks
def test_shared_by_global_summary_writers(tmp_path, monkeypatch):
    writer = GlobalSummaryWriter(logdir=str(tmp_path))
    writer.add_scalar("loss", 1.0)
    writer.flush()
    monkeypatch.setattr(live, "_open_for_writing", lambda files, scanned: iter(()))
    assert_refused(tmp_path, "a GlobalSummaryWriter has it open")
    writer.close()
    assert surgery.trim(tmp_path, 0, in_place=True).changed == 1


@needs_locks
def test_what_a_killed_global_summary_writer_left_is_removed(tmp_path):
    program = """
import os, sys
from tensorboardX import GlobalSummaryWriter
writer = GlobalSummaryWriter(logdir=sys.argv[1])
for value in range(10):
    writer.add_scalar("loss", float(value))
writer.flush()
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], env=environment(), check=False)
    [journal] = tmp_path.glob(".tensorboardX-global*")
    [path] = tmp_path.glob("*tfevents*")
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])  # as if it was killed while it appended
    assert_refused(tmp_path, "events that are not in the event file yet")
    path.write_bytes(whole)
    lock = FileLock(str(journal))
    lock.open()
    assert lock.try_lock()
    assert_refused(tmp_path, "a GlobalSummaryWriter writes to it")
    lock.release()
    surgery.trim(tmp_path, 5, in_place=True)
    assert not journal.exists()
    with GlobalSummaryWriter(logdir=str(tmp_path)) as writer:
        writer.add_scalar("other", 1.0)
    assert [step for step, _ in points(tmp_path)[".", "loss"]] == list(range(5))
    assert surgery.verify(tmp_path).damage == ()


@needs_locks
def test_two_at_once(tmp_path):
    write_run(tmp_path, range(3))
    lock = FileLock(str(tmp_path / ".tensorboardX-surgery.lock"))
    lock.open(os.O_CREAT)
    assert lock.try_lock()
    with pytest.raises(OSError, match="another process changes files there"):
        surgery.trim(tmp_path, 1, in_place=True)
    threading.Timer(0.5, lock.release).start()
    surgery.trim(tmp_path, 1, in_place=True)
    assert len(contents(tmp_path)) == 1


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")
def test_a_link_is_not_followed_to_a_file_elsewhere(tmp_path):
    path = write_run(tmp_path / "elsewhere", range(3))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / path.name).symlink_to(path)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "run").symlink_to(path.parent)
    before = path.read_bytes()
    for logdir in ("logs", "more"):
        with pytest.raises(OSError, match="symbolic link"):
            surgery.trim(tmp_path / logdir, 1, in_place=True)
    assert path.read_bytes() == before
    surgery.trim(tmp_path / "more" / "run", 1, in_place=True)  # the log directory itself may be one
    assert len(points(tmp_path / "more")["run", "loss"]) == 1
