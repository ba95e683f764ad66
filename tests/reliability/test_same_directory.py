"""Writers in one directory within the same second: every event of each."""

import subprocess
import sys

from judge import event_files, scalars
from processes import environment, write_script

from tensorboardX import SummaryWriter


def test_twenty_writers_one_after_the_other(tmp_path):
    for number in range(20):
        with SummaryWriter(tmp_path) as writer:
            writer.add_scalar("a", 1.0, number)
    assert [scalar.step for scalar in scalars(tmp_path)] == list(range(20))
    assert len(event_files(tmp_path)) == 20


def test_twenty_writers_at_once(tmp_path):
    writers = [SummaryWriter(tmp_path) for _ in range(20)]
    for step in range(100):
        for number, writer in enumerate(writers):
            writer.add_scalar(str(number), 1.0, step)
    for writer in writers:
        writer.close()
    found = scalars(tmp_path)
    assert len(set(found)) == len(found) == 2000


def test_one_writer_opened_again_and_again(tmp_path):
    writer = SummaryWriter(tmp_path)
    for step in range(20):
        writer.add_scalar("a", 1.0, step)
        writer.close()
    assert [scalar.step for scalar in scalars(tmp_path)] == list(range(20))


def test_twenty_processes_at_once(tmp_path):
    program = write_script(
        tmp_path,
        """
        time.sleep(max(float(sys.argv[3]) - time.time(), 0))
        with SummaryWriter(sys.argv[1]) as writer:
            for step in range(100):
                writer.add_scalar(sys.argv[2], 1.0, step)
        """,
    )
    import time

    start = f"{time.time() + 2}"
    processes = [
        subprocess.Popen([sys.executable, str(program), str(tmp_path / "run"), str(number), start], env=environment())
        for number in range(20)
    ]
    assert [process.wait(60) for process in processes] == [0] * 20
    found = scalars(tmp_path / "run")
    assert len(set(found)) == len(found) == 2000
    assert len(event_files(tmp_path / "run")) == 20


def test_a_name_that_is_taken_is_left_alone(tmp_path, monkeypatch):
    """As in two containers with the same host name and process id, in the same second."""
    import itertools

    import tensorboardX.records.events as module

    for _ in range(3):
        monkeypatch.setattr(module, "_counter", itertools.count())
        with SummaryWriter(tmp_path) as writer:
            writer.add_scalar("a", 1.0, 1)
    assert len(event_files(tmp_path)) == 3
    assert len(scalars(tmp_path)) == 3
