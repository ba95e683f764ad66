"""A directory that its user removed stays removed, unless something is logged after that."""

import os
import shutil
import threading
import time

from actions import log, until, warnings
from judge import steps
from processes import PRELUDE, run

from tensorboardX import SummaryWriter
from tensorboardX.background.entries import PendingSummary
from tensorboardX.proto.summary_pb2 import Summary


def pending(writer, number):
    """Log events that the thread does not write for now."""
    queue = writer.file_writer.event_writer.queue
    queue._draining.acquire()
    log(writer, range(number))
    return queue._draining.release


def test_what_was_pending_goes_with_the_directory(tmp_path, caplog):
    writer = SummaryWriter(tmp_path / "run")
    release = pending(writer, 10)
    time.sleep(0.02)  # a file system counts time in ticks
    shutil.rmtree(tmp_path / "run")
    release()
    writer.close()
    assert not (tmp_path / "run").exists()
    assert (writer.stats.written, writer.stats.dropped) == (0, 10)
    assert not warnings(caplog)


def test_it_is_made_again_for_what_is_logged_afterwards_and_then_nothing_is_lost(tmp_path):
    writer = SummaryWriter(tmp_path / "run")
    release = pending(writer, 10)
    time.sleep(0.02)
    shutil.rmtree(tmp_path / "run")
    release()
    until(lambda: not writer.file_writer.event_writer.queue.entries)
    assert not (tmp_path / "run").exists()
    log(writer, range(10, 20))
    writer.flush()
    assert steps(tmp_path / "run") == list(range(20))
    log(writer, range(20, 30))
    writer.close()
    assert steps(tmp_path / "run") == list(range(30))
    assert (writer.stats.written, writer.stats.dropped) == (30, 0)


def test_flush_drops_what_went_with_the_directory(tmp_path):
    writer = SummaryWriter(tmp_path / "run")
    release = pending(writer, 10)
    time.sleep(0.02)
    shutil.rmtree(tmp_path / "run")
    release()
    writer.flush()
    assert not (tmp_path / "run").exists()
    assert (writer.stats.written, writer.stats.dropped) == (0, 10)
    log(writer, range(10, 20))
    writer.close()
    assert steps(tmp_path / "run") == list(range(10, 20))
    assert writer.stats.dropped_by_reason == {"removed directory": 10}


def test_flush_waits_for_a_value_that_was_logged_after_the_removal(tmp_path):
    encoded = threading.Event()
    writer = SummaryWriter(tmp_path / "run")
    release = pending(writer, 10)
    shutil.rmtree(tmp_path / "run")
    time.sleep(0.02)
    value = Summary(value=[Summary.Value(tag="slow", simple_value=1.0)])
    queue = writer.file_writer.event_writer.queue
    release()
    queue.put(PendingSummary("slow", lambda: encoded.wait() and value, 10, time.time(), 0, waits=True))
    threading.Timer(0.2, encoded.set).start()
    writer.flush()
    assert steps(tmp_path / "run") == list(range(10))
    assert steps(tmp_path / "run", "slow") == [10]
    assert (writer.stats.written, writer.stats.dropped) == (11, 0)
    writer.close()


def test_an_event_logged_after_the_removal_is_written_although_it_was_not_noticed_yet(tmp_path):
    writer = SummaryWriter(tmp_path / "run")
    release = pending(writer, 10)
    shutil.rmtree(tmp_path / "run")
    time.sleep(0.02)
    log(writer, [10])
    release()
    writer.flush()
    assert steps(tmp_path / "run") == list(range(11))
    writer.close()


def test_a_temporary_directory_of_a_writer_that_is_never_closed_leaves_nothing(tmp_path):
    script = """
        import tempfile
        with tempfile.TemporaryDirectory(dir=sys.argv[1]) as directory:
            writer = SummaryWriter(directory + "/runs/first")
            for step in range(100):
                writer.add_scalar("a", 1.0, step)
            time.sleep(0.02)
    """
    done = run(tmp_path, script, tmp_path, prelude=PRELUDE)
    assert done.returncode == 0
    assert not done.stderr
    assert os.listdir(tmp_path) == ["program.py"]


def test_a_file_that_was_deleted_alone_is_followed_by_a_new_one(tmp_path):
    writer = SummaryWriter(tmp_path)
    release = pending(writer, 10)
    time.sleep(0.02)
    for path in tmp_path.glob("*tfevents*"):
        path.unlink()
    release()
    writer.flush()
    assert steps(tmp_path) == list(range(10))
    writer.close()
