"""Processes that share an event file are killed or stopped, and their files change: no other process is harmed."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest
from support import served, stock
from support.shared_runs import event_file, journal_of, run, scalars, steps, two_batches, unnumbered

from tensorboardX import GlobalSummaryWriter
from tensorboardX.background import progress
from tensorboardX.errors import LogdirError
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_reader import read_records
from tensorboardX.shared import run as shared_run
from tensorboardX.shared.run import SharedRun
from tensorboardX.storage import locks

pytestmark = pytest.mark.skipif(not locks.HAS_SHARED_LOCKS, reason="processes share no files here")

# ---- killed processes

KILLS = """
    writer = GlobalSummaryWriter(sys.argv[1])
    writer.add_scalar("a", -1.0)

    def log(n, acknowledged):
        moments = random.Random(n)
        for number in range(10**6):
            value = 10_000 * n + number
            writer.add_scalar("a", value)
            time.sleep(0.001)
            if moments.random() < 0.02:
                writer.add_text("long", "x" * moments.randrange(50_000))
            if moments.random() < 0.3:
                writer.flush()
                os.write(acknowledged, b"%d\\n" % value)

    def start(n):
        reader, pipe = os.pipe()
        child = multiprocessing.get_context("fork").Process(target=log, args=(n, pipe))
        child.start()
        os.close(pipe)
        return child, reader

    moments = random.Random(0)
    alive, last = [start(n) for n in range(4)], []
    def kill(child, reader):
        child.kill()
        child.join()
        last.append(int(open(reader, "rb").read().rpartition(b"\\n")[0].split(b"\\n")[-1] or b"-1"))
    for n in range(4, 4 + int(sys.argv[2])):
        time.sleep(moments.uniform(0.02, 0.12))
        kill(*alive.pop(0))
        alive.append(start(n))
        writer.add_scalar("a", -1.0)
    for child in alive:
        kill(*child)
    writer.flush()
    print(json.dumps(last))
"""


@pytest.mark.parametrize("kills", [30, pytest.param(500, marks=pytest.mark.slow)])
def test_the_rest_goes_on_when_processes_are_killed(tmp_path, kills):
    last = json.loads(run(tmp_path, KILLS, tmp_path / "run", kills, timeout=300))
    event_file(tmp_path / "run")
    assert steps(tmp_path / "run") == list(range(len(steps(tmp_path / "run"))))
    values = [value for _, _, value in scalars(tmp_path / "run")]
    assert values.count(-1.0) == kills + 1
    for n, acknowledged in enumerate(last):
        found = [value for value in values if value >= 0 and value // 10_000 == n]
        assert found == list(range(10_000 * n, 10_000 * n + len(found)))  # in order, no gap, nothing twice
        assert not found or found[-1] >= acknowledged


def check_next_process(logdir: Path, expected: list[float]) -> None:
    """Another process goes on in the one file, once it has done what its predecessor did not."""
    following = SharedRun(str(logdir))
    following.open()
    following.append(unnumbered(9.0))
    following.close()
    event_file(logdir)
    assert [(step, value) for _, step, value in scalars(logdir)] == list(enumerate([*expected, 9.0]))


def test_an_append_killed_at_any_byte_is_completed(tmp_path):
    before, _ = two_batches(tmp_path / "whole")
    (name,) = [path.name for path in (tmp_path / "whole").glob("events*")]
    size = (tmp_path / "whole" / name).stat().st_size
    for cut in range(before, size + 1):
        logdir = tmp_path / str(cut)
        shutil.copytree(tmp_path / "whole", logdir)
        os.truncate(logdir / name, cut)
        check_next_process(logdir, [0.0, 1.0, 2.0, 3.0, 4.0])


def test_a_journal_write_killed_at_any_byte_leaves_the_event_file_whole(tmp_path):
    before, old = two_batches(tmp_path / "whole")
    (name,) = [path.name for path in (tmp_path / "whole").glob("events*")]
    new = journal_of(tmp_path / "whole").read_bytes()
    completed = 0
    for cut in range(len(new) + 1):
        logdir = tmp_path / str(cut)
        shutil.copytree(tmp_path / "whole", logdir)
        os.truncate(logdir / name, before)
        journal_of(logdir).write_bytes(new[:cut] + old[cut:])
        written = new[:cut] + old[cut : len(new)] == new
        completed += written
        check_next_process(logdir, [0.0, 1.0, 2.0, 3.0, 4.0] if written else [0.0, 1.0])
    assert 0 < completed < len(new)


def test_a_live_tensorboard_follows_over_a_torn_tail(tmp_path, tensorboard):
    before, _ = two_batches(tmp_path)
    path = next(tmp_path.glob("events*"))
    os.truncate(path, (before + path.stat().st_size) // 2)  # within the second of three events
    tb = tensorboard(tmp_path, reload_interval=1)
    tb.wait_until(lambda: len(served.scalars(tb)["."]["a"]) == 3)
    time.sleep(2.5)  # it reads the torn record again and again
    with GlobalSummaryWriter(tmp_path) as writer:
        for number in range(100):
            writer.add_scalar("a", 5.0 + number)
    expected = [(step, float(step)) for step in range(105)]
    tb.wait_until(lambda: served.scalars(tb)["."]["a"] == expected)


def test_a_fork_s_child_does_not_keep_the_lock_of_its_dead_parent(tmp_path):
    script = """
        from tensorboardX.storage.locks import ExclusiveLock
        with ExclusiveLock(sys.argv[1], 1.0).hold():
            child = os.fork()
            if child == 0:
                signal.alarm(60)
                print(os.getpid(), flush=True)
                os.closerange(0, 3)  # or the test would wait for the end of its output
                signal.pause()
            time.sleep(0.3)
            os._exit(0)
    """
    child = int(run(tmp_path, script, tmp_path / "lock"))
    try:
        with locks.ExclusiveLock(str(tmp_path / "lock"), 1.0).hold():
            os.kill(child, 0)  # it is there
    finally:
        os.kill(child, signal.SIGKILL)


# ---- processes that are stopped, and files that change

needs_little_patience = pytest.mark.usefixtures("_little_patience")


@pytest.fixture
def _little_patience(monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.5)
    monkeypatch.setattr(shared_run, "LOCK_PATIENCE", 0.6)
    monkeypatch.setattr(shared_run, "OPEN_PATIENCE", 0.1)


@needs_little_patience
def test_waiting_for_a_stopped_process_is_bounded(tmp_path):
    with GlobalSummaryWriter(tmp_path / "run") as writer:
        writer.add_scalar("a", 0.0)
        writer.flush()
        with locks.ExclusiveLock(str(journal_of(tmp_path / "run")), 1.0).hold():
            begin = time.monotonic()
            writer.add_scalar("a", 1.0)
            writer.flush()
            late = GlobalSummaryWriter(tmp_path / "run")
            late.add_scalar("a", 2.0)
            late.flush()
            assert time.monotonic() - begin < 5
            assert steps(tmp_path / "run") == [0]
        while writer.smw.stats.written + late.smw.stats.written < 3:  # neither waits for the other any more
            assert time.monotonic() - begin < 60
            time.sleep(0.01)
        late.close()
    event_file(tmp_path / "run")
    assert sorted(value for _, _, value in scalars(tmp_path / "run")) == [0, 1, 2]
    assert steps(tmp_path / "run") == [0, 1, 2]


FULL_DISK = """
    import logging
    logging.disable()  # of the one warning
    writer = GlobalSummaryWriter(sys.argv[1])
    writer.add_text("long", "x" * int(sys.argv[2]))
    writer.flush()
    path = writer.file_writer.event_writer._ev_writer._file_name
    size = os.path.getsize(path)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 500, hard))  # stands for the end of the disk
    for number in range(100):
        writer.add_scalar("a", number)
    time.sleep(0.7)
    print(os.path.getsize(path) - size)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    writer.flush()
    print(writer.smw.stats.written, writer.smw.stats.dropped)
"""


@pytest.mark.parametrize(
    ("length", "written"), [pytest.param(0, 0, id="in-the-journal"), pytest.param(9999, 500, id="in-the-event-file")]
)
def test_a_full_disk_delays_and_repeats_nothing(tmp_path, length, written):
    assert run(tmp_path, FULL_DISK, tmp_path / "run", length).split() == [str(written), "101", "0"]
    event_file(tmp_path / "run")
    assert [(step, value) for _, step, value in scalars(tmp_path / "run")] == [(n, n) for n in range(100)]


@pytest.fixture
def writes(monkeypatch):
    """Counts the writes; from the one that is set as `fails_at` on, the disk is full until that is None again."""

    class Writes:
        count = 0
        fails_at: int | None = None

    def limited(write):
        def limited_write(descriptor, data, *offset):
            Writes.count += 1
            if Writes.fails_at is None or Writes.count < Writes.fails_at:
                return write(descriptor, data, *offset)
            if Writes.count == Writes.fails_at and len(data) > 1:
                return write(descriptor, bytes(data)[: len(data) // 2], *offset)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        return limited_write

    for name in ("write", "pwrite"):
        monkeypatch.setattr(os, name, limited(getattr(os, name)))
    return Writes


def log_two_batches(shared: SharedRun, batches: list[list[bytes]]) -> None:
    shared.open_or_create()
    for batch in batches:
        shared.append(batch)
        assert not batch


@pytest.mark.parametrize("other", [False, True], ids=["the-same-process", "another"])
def test_a_disk_that_is_full_at_any_write_loses_and_repeats_nothing(tmp_path, writes, other):
    batches = [unnumbered(0.0, 1.0), unnumbered(2.0)]
    log_two_batches(SharedRun(str(tmp_path / "whole")), [list(batch) for batch in batches])
    total = writes.count
    assert total >= 6
    for fails_at in range(1, total + 1):
        logdir = tmp_path / str(fails_at)
        writes.count, writes.fails_at = 0, fails_at
        pending = [list(batch) for batch in batches]
        first = SharedRun(str(logdir))
        with pytest.raises(OSError, match="No space left"):
            log_two_batches(first, pending)
        writes.fails_at = None
        # Whatever is not pending any more is written by whoever appends next.
        following = SharedRun(str(logdir)) if other else first
        following.open_or_create()
        for batch in pending:
            following.append(batch)
        first.close()
        following.close()
        event_file(logdir)
        assert scalars(logdir) == [("a", n, float(n)) for n in range(3)]


def test_a_writer_that_cannot_be_made_on_a_full_disk_leaves_nothing_behind(tmp_path, writes):
    for fails_at in (1, 2):  # in the event file, in the journal
        writes.count, writes.fails_at = 0, fails_at
        with pytest.raises(LogdirError, match="No space left"):
            GlobalSummaryWriter(tmp_path / "run")
        assert os.listdir(tmp_path / "run") == []


def test_nor_do_locks_that_there_are_not(tmp_path, monkeypatch, caplog):
    def lock(descriptor, shared):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(locks, "_lock", lock)
    with GlobalSummaryWriter(tmp_path) as writer:
        for value in (0.0, 1.0):
            writer.add_scalar("a", value)
    assert "processes cannot share" in caplog.text
    event_file(tmp_path)
    assert steps(tmp_path) == [0, 1]


READ_ONLY = """
    if os.geteuid() == 0:
        os.seteuid(65534)
    try:
        GlobalSummaryWriter(sys.argv[1])
    except OSError as error:
        print(error.errno == errno.EACCES, os.listdir(sys.argv[1]))
"""


def test_a_directory_that_may_not_be_written_is_refused(tmp_path):
    with tempfile.TemporaryDirectory() as directory:  # those of pytest may be closed to other users
        os.chmod(directory, 0o555)
        assert run(tmp_path, "    import errno\n" + READ_ONLY, directory) == "True []\n"


def test_processes_that_close_at_once_leave_no_journal_behind(tmp_path):
    script = """
        def log(barrier):
            writer = GlobalSummaryWriter(sys.argv[1])
            writer.add_scalar("a", 1.0)
            barrier.wait()
            writer.close()
        context = multiprocessing.get_context("fork")
        for _ in range(15):
            barrier = context.Barrier(6)
            children = [context.Process(target=log, args=(barrier,)) for _ in range(6)]
            for child in children: child.start()
            for child in children: child.join()
            print(len([name for name in os.listdir(sys.argv[1]) if "tfevents" not in name]))
    """
    assert run(tmp_path, script, tmp_path / "run").split() == ["0"] * 15


def test_a_deleted_event_file_is_followed_by_another_where_steps_go_on(tmp_path):
    with GlobalSummaryWriter(tmp_path) as writer:
        writer.add_scalar("a", 0.0)
        writer.flush()
        next(tmp_path.glob("events*")).unlink()
        writer.add_scalar("a", 1.0)
        writer.flush()
        assert scalars(tmp_path) == [("a", 1, 1.0)]
        shutil.rmtree(tmp_path)
        writer.add_scalar("a", 2.0)
    assert scalars(tmp_path) == [("a", 2, 2.0)]


def test_a_torn_tail_of_unknown_content_is_left_behind(tmp_path):
    two_batches(tmp_path)
    journal_of(tmp_path).unlink()
    first = next(tmp_path.glob("events*"))
    os.truncate(first, first.stat().st_size - 5)
    shared = SharedRun(str(tmp_path), event_file=first.name)
    shared.open()
    shared.append(unnumbered(9.0))
    shared.close()
    last = [path for path in sorted(tmp_path.iterdir()) if path != first]  # TensorBoard reads it last
    events = [event for path in (first, *last) for event in map(Event.FromString, read_records(path))]
    found = [(event.step, event.summary.value[0].simple_value) for event in events if not event.file_version]
    assert found == [(0, 0), (1, 1), (2, 2), (3, 3), (4, 9)]
    assert len(stock.records(last[0])) == 2
