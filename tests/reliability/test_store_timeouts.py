"""Each flush, close and end tries anew, and what is given up is counted and said."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from actions import log, until, warnings
from judge import event_files, steps
from processes import DEAD_STORE, PRELUDE, environment, run, write_script

from tensorboardX import SummaryWriter
from tensorboardX.errors import WriteError
from tensorboardX.storage import local
from tensorboardX.testing import slow

SAVE = "import atexit, sys, time\natexit.register(lambda: (store.save(sys.argv[1]), print(writer.stats)))\n"


def test_a_store_that_is_well_again_gets_everything_although_a_flush_gave_up(tmp_path):
    script = """
        from tensorboardX.background import progress
        progress.PATIENCE = 0.5
        writer = SummaryWriter("faulty:run")
        well = threading.Event()
        store.always = block(well)
        for step in range(1000):
            writer.add_scalar("a", 1.0, step)
        writer.flush()
        store.always = slow(0.02)
        for step in range(1000, 60_000):
            writer.add_scalar("a", 1.0, step)
        threading.Timer(0.1, well.set).start()
    """
    done = run(
        tmp_path, script, tmp_path, prelude=SAVE + PRELUDE + DEAD_STORE + "from tensorboardX.testing import slow\n"
    )
    assert done.returncode == 0, done.stderr
    assert "written=60000, dropped=0" in done.stdout
    assert steps(tmp_path / "run") == list(range(60_000))


def test_time_for_which_a_process_was_suspended_does_not_count(tmp_path):
    script = """
        from tensorboardX.background import progress
        progress.PATIENCE = 1.0
        writer = SummaryWriter("faulty:run")
        store.always = slow(0.05)
        for step in range(40_000):
            writer.add_scalar("a", 1.0, step)
        print("flushing", flush=True)
        writer.flush()
    """
    path = write_script(tmp_path, script, SAVE + PRELUDE + DEAD_STORE)
    command = [sys.executable, str(path), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(), cwd=tmp_path) as process:
        try:
            assert process.stdout.readline() == "flushing\n"
            os.kill(process.pid, signal.SIGSTOP)
            time.sleep(3)
            os.kill(process.pid, signal.SIGCONT)
            said, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert "written=40000, dropped=0" in said
    assert steps(tmp_path / "run") == list(range(40_000))


def test_every_flush_and_close_of_a_hung_store_raises_where_errors_are_to_be_raised(store, patience):
    writer = SummaryWriter(store.logdir(), on_error="raise")
    store.die()
    log(writer, range(10))
    for end in (writer.flush, writer.flush, writer.flush, writer.close, writer.close):
        with pytest.raises(WriteError, match="gave up") as raised:
            end()
        assert raised.value.errno == errno.ETIMEDOUT
    store.revive()
    writer.close()
    assert (writer.stats.written, writer.stats.dropped) == (10, 0)


def test_close_tries_anew_after_a_flush_gave_up(store, patience):
    writer = SummaryWriter(store.logdir())
    store.die()
    log(writer, range(10))
    writer.flush()
    threading.Timer(0.3 * patience, store.revive).start()
    assert writer.file_writer.event_writer.queue.close()
    assert writer.stats.written == 10


def test_a_dropped_event_raises_where_errors_are_to_be_raised(store, patience):
    writer = SummaryWriter(store.logdir(), on_error="raise", max_queue_bytes=256 * 100)
    store.die()
    with pytest.raises(WriteError, match="dropped"):
        log(writer, range(1000))
    assert writer.stats.dropped == 1
    store.revive()
    writer.close()


@pytest.mark.parametrize("fault", ["dead", "fail(errno.EIO)"])
def test_the_number_of_lost_events_is_logged_at_exit(tmp_path, fault):
    script = f"""
        from tensorboardX.background import progress
        progress.PATIENCE = 0.3
        writer = SummaryWriter("faulty:run")
        store.always = {fault}
        for step in range(100):
            writer.add_scalar("a", 1.0, step)
            writer.add_scalars("b", {{"x": 1.0}}, step)
    """
    done = run(tmp_path, script, tmp_path, prelude=SAVE + PRELUDE + DEAD_STORE)
    assert done.returncode == 0, done.stderr
    assert "the process ends, and 200 events could not be written; they are lost" in done.stderr
    assert "written=0, dropped=200" in done.stdout


def test_one_error_of_many_files_keeps_none_from_being_closed(store, tmp_path, patience):
    writer = SummaryWriter(store.logdir(), on_error="raise")
    writer.add_scalars("a", {"x": 1.0, "y": 1.0}, 1)
    writer.flush()
    store.always = slow(0.01)
    log(writer, range(10))
    writer.add_scalars("a", {"x": 1.0, "y": 1.0}, 2)
    store.sync_error = OSError(errno.EIO, "broken")
    with pytest.raises(WriteError):
        writer.close()
    store.sync_error = None
    assert all(file.queue.closed for file in writer._writer_of_logdir.values())


def test_a_file_that_goes_on_failing_is_left_for_a_new_one(tmp_path, monkeypatch):
    """As a handle of NFS that answers ESTALE for ever, where a fresh open works."""
    stale, write = set(), local.LocalFile.write

    def stale_write(self, data):
        if self.path in stale:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return write(self, data)

    monkeypatch.setattr(local.LocalFile, "write", stale_write)
    writer = SummaryWriter(tmp_path)
    log(writer, range(1000))
    writer.flush()
    stale.update(map(str, event_files(tmp_path)))
    log(writer, range(1000, 3000))
    until(lambda: writer.stats.written == 3000)
    writer.close()
    assert steps(tmp_path) == list(range(3000))
    assert (len(event_files(tmp_path)), writer.stats.dropped) == (2, 0)


def test_what_a_write_stored_before_it_failed_is_not_stored_again(tmp_path, monkeypatch):
    class Broken:
        def __getattr__(self, name):
            return getattr(os, name)

        def pwrite(self, descriptor, data, position):
            if len(data) > 100 and errors:
                errors.pop()
                os.pwrite(descriptor, data[:77], position)
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return os.pwrite(descriptor, data, position)

    errors = [None] * 3
    monkeypatch.setattr(local, "os", Broken())
    writer = SummaryWriter(tmp_path)
    log(writer, range(1000))
    writer.close()
    assert not errors
    assert steps(tmp_path) == list(range(1000))


def test_no_warning_hides_how_a_flapping_store_goes_on(store, caplog, patience):
    writer = SummaryWriter(store.logdir())
    for step in range(3):
        store.die()
        log(writer, [step])
        writer.flush()
        store.revive()
        until(lambda written=step + 1: writer.stats.written == written)
    assert ["nothing could be written" in said for said in warnings(caplog)] == [True, False]
    writer.close()


def test_the_thread_does_not_leave_between_the_request_to_close_and_its_barrier(tmp_path, monkeypatch):
    writer = SummaryWriter(tmp_path)
    queue = writer.file_writer.event_writer.queue
    update, finished = queue._update_limit, []

    def look():
        finished.append(queue.is_finished)
        update()

    monkeypatch.setattr(queue, "_update_limit", look)
    writer.close()
    assert finished[0] is False  # when it is closed and the barrier is not in the queue yet
    assert queue.is_finished
