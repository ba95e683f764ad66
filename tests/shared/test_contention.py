"""Processes that wait for one another: as long as there is progress, and no longer."""

from __future__ import annotations

import os
import threading
import time

import pytest
from support.shared_runs import event_file, journal_of, run, scalars, steps

from tensorboardX import GlobalSummaryWriter
from tensorboardX.background import progress
from tensorboardX.storage import locks
from tensorboardX.storage.locks import ExclusiveLock
from tensorboardX.testing import read_events

pytestmark = pytest.mark.skipif(not locks.HAS_SHARED_LOCKS, reason="processes share no files here")

SLOW_STORE = """
    from tensorboardX.shared.journal import Journal

    plain = Journal.write
    def write(self, *arguments):
        plain(self, *arguments)
        time.sleep(0.025)
    Journal.write = write

    def log(n):
        writer = GlobalSummaryWriter(sys.argv[1], on_error="raise")
        for number in range(2000):
            writer.add_scalar("a", 10_000 * n + number)
            if number % 200 == 199:
                writer.flush()
        writer.close()

    children = [multiprocessing.get_context("fork").Process(target=log, args=(n,)) for n in range(16)]
    for child in children: child.start()
    for child in children: child.join()
    print([child.exitcode for child in children])
"""


def test_sixteen_processes_with_a_slow_store_wait_their_turn_without_an_error(tmp_path):
    """Each holds the lock for 25 ms, so that some wait for seconds in all. Nobody dies, and there is no warning."""
    assert run(tmp_path, SLOW_STORE, tmp_path / "run", timeout=120) == f"{[0] * 16}\n"
    event_file(tmp_path / "run")
    assert steps(tmp_path / "run") == list(range(16 * 2000))
    values = [value for _, _, value in scalars(tmp_path / "run")]
    for n in range(16):  # of one process in the order of its calls
        assert [value for value in values if value // 10_000 == n] == list(range(10_000 * n, 10_000 * n + 2000))


def test_flush_waits_while_another_process_makes_progress(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(progress, "PATIENCE", 1.0)
    held = threading.Event()

    def work() -> None:
        with ExclusiveLock(str(journal_of(tmp_path)), 1.0).hold() as lock:
            held.set()
            for _ in range(150):
                time.sleep(0.02)
                os.utime(lock.descriptor)

    with GlobalSummaryWriter(tmp_path, on_error="raise") as writer:
        thread = threading.Thread(target=work)
        thread.start()
        held.wait()
        writer.add_scalar("a", 1.0)
        writer.flush()
        thread.join()
        assert steps(tmp_path) == [0]
    assert not caplog.records


STOPPED = """
    from tensorboardX.background import progress
    from tensorboardX.shared import run
    from tensorboardX.shared.event_file import SharedEventFile

    progress.PATIENCE, run.LOCK_PATIENCE = 1.0, 1.5
    plain = SharedEventFile.append

    def append(self, data):
        SharedEventFile.append = plain
        plain(self, data[:20])
        os.kill(os.getpid(), signal.SIGSTOP)  # while it holds the lock, in the middle of a record
        time.sleep(0.1)  # it may take a moment
        plain(self, data[20:])

    def log():
        SharedEventFile.append = append
        writer.add_scalar("a", 1.0)
        writer.close()

    writer = GlobalSummaryWriter(sys.argv[1], on_error="raise")
    writer.add_scalar("a", 0.0)
    writer.flush()
    child = multiprocessing.get_context("fork").Process(target=log)
    child.start()
    os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
    raised, values = 0, [2.0, 3.0]
    while values or not raised:
        try:
            while values: writer.add_scalar("a", values.pop(0))
            writer.flush()
        except OSError as error:
            raised += "does nothing" in str(error)
    os.kill(child.pid, signal.{signal})
    child.join()
    while True:
        try: writer.flush(); break
        except OSError: pass
    print(raised, writer.smw.stats.dropped)
"""


@pytest.mark.parametrize("signal", ["SIGCONT", "SIGKILL"])
def test_waiting_for_a_process_stopped_in_an_append_times_out(tmp_path, signal):
    """The others say so, keep their events, and write them once it goes on or is gone."""
    program = "    import logging; logging.disable()\n" + STOPPED.replace("{signal}", signal)
    raised, dropped = run(tmp_path, program, tmp_path / "run").split()
    assert int(raised) > 0
    assert dropped == "0"
    event_file(tmp_path / "run")
    assert scalars(tmp_path / "run") == [("a", n, float(n)) for n in range(4)]


def test_runs_with_different_suffixes_in_one_directory_have_nothing_to_do_with_each_other(tmp_path):
    suffixes = ["", ".b", ".tfevents.c"]
    writers = [GlobalSummaryWriter(tmp_path, filename_suffix=suffix) for suffix in suffixes for _ in range(2)]
    for number in range(50):
        for index, writer in enumerate(writers):
            writer.add_scalar(f"tag{index // 2}", number)
            writer.flush()
    # TensorBoard reads whatever has `tfevents` in its name: no journal has.
    files = [path.name for path in tmp_path.iterdir() if "tfevents" in path.name]
    assert len(files) == len(suffixes)
    for writer in writers:
        writer.close()
    assert sorted(files) == sorted(path.name for path in tmp_path.iterdir())
    for index in range(len(suffixes)):
        assert [step for tag, step, _ in scalars(tmp_path) if tag == f"tag{index}"] == list(range(100))


@pytest.mark.parametrize("step", [2**63 - 1, 2**63 - 2, 2**62, 2**62 - 2, -(2**63)])
def test_a_step_at_the_end_of_the_range_is_written_and_blocks_no_later_event(tmp_path, step):
    with GlobalSummaryWriter(tmp_path, on_error="raise") as writer:
        writer.add_scalar("a", 0.0)
        writer.smw.add_scalar("a", 1.0, step)
        writer.smw.add_scalar_series("a", [2.0], [step])
        for value in (3.0, 4.0):
            writer.add_scalar("a", value)
        writer.add_scalar("b", 5.0)
    following = step + 1 if 0 < step < 2**62 else 1
    assert [
        (event.step, event.summary.value[0].simple_value) for event in read_events(tmp_path) if event.summary.value
    ] == [
        (0, 0.0),
        (step, 1.0),
        (step, 2.0),
        (following, 3.0),
        (following + 1, 4.0),
        (0, 5.0),
    ]


def test_a_descriptor_that_the_program_took_away_is_neither_written_nor_closed(tmp_path):
    """A program closes all descriptors that it does not know, and opens files of its own under their numbers."""
    logdir = tmp_path / "run"
    with GlobalSummaryWriter(logdir, on_error="raise") as writer:
        writer.add_scalar("a", 0.0)
        writer.flush()
        writer.add_scalar("a", 1.0)
        writer.flush()
        ours = [lock.descriptor for lock in locks._open_locks if lock.path.startswith(str(logdir))]
        assert ours
        for number in ours:
            other = os.open(tmp_path / f"program-{number}", os.O_RDWR | os.O_CREAT)
            os.dup2(other, number)
            os.close(other)
        writer.add_scalar("a", 2.0)
        writer.flush()
    for number in ours:
        os.write(number, b"kept")
        os.close(number)
        assert (tmp_path / f"program-{number}").read_bytes() == b"kept"
    event_file(logdir)
    assert scalars(logdir) == [("a", n, float(n)) for n in range(3)]
