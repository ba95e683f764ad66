"""A scripted store that fails: callers go on after one warning, nothing that had room is lost, the file stays whole."""

import errno
import logging
import os
import threading
import time

import pytest
from actions import log, until, warnings
from judge import event_files, events, steps

from tensorboardX import EventFileWriter, SummaryWriter
from tensorboardX.errors import WriteError
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.testing import block, fail, short, slow


def saved_steps(store, directory, tag="a"):
    store.save(directory)
    return steps(directory / "run", tag)


@pytest.mark.parametrize(
    ("faults", "errors"),
    [
        pytest.param([short(1)] * 50 + [short(7)] * 50, 0, id="short writes"),
        pytest.param([fail(errno.EINTR)] * 3, 3, id="EINTR"),
        pytest.param([fail(errno.EIO)], 1, id="EIO once"),
        pytest.param([short(5), fail(errno.ENOSPC), short(5), fail(errno.ENOSPC)], 2, id="full within a record"),
        pytest.param([slow(0.3)], 0, id="slow once"),
        pytest.param([short(0), short(3)], 1, id="nothing taken"),
    ],
)
@pytest.mark.parametrize("end", ["flush", "close"])
def test_passing_fault_loses_nothing(store, tmp_path, faults, errors, end):
    writer = SummaryWriter(store.logdir())
    store.next.extend(faults)
    log(writer, range(1000))
    getattr(writer, end)()
    assert saved_steps(store, tmp_path) == list(range(1000))
    assert (writer.stats.written, writer.stats.dropped) == (1000, 0)
    assert writer.stats.errors == errors
    writer.close()


def test_lasting_failure_is_one_warning_and_writing_goes_on_after_it(store, tmp_path, caplog, patience):
    writer = SummaryWriter(store.logdir())
    log(writer, range(10))
    writer.flush()
    store.next += [short(3)]
    store.always = fail(errno.EIO)
    log(writer, range(10, 20))
    until(lambda: writer.stats.errors >= 4)
    assert saved_steps(store, tmp_path) == list(range(10))  # readable, with a torn record at the end
    store.always = None
    log(writer, range(20, 30))
    writer.close()
    assert saved_steps(store, tmp_path) == list(range(30))
    first, second = warnings(caplog)
    assert store.logdir() in first
    assert "Input/output error" in first
    assert "writing goes on; 0 events were dropped" in second
    assert writer.stats.written == 30


def test_a_flapping_store_is_not_a_flood_of_warnings(store, caplog):
    writer = SummaryWriter(store.logdir())
    for step in range(20):
        store.next.append(fail(errno.EIO))
        log(writer, [step])
        writer.flush()
    assert writer.stats.errors == 20
    assert len(warnings(caplog)) == 2
    writer.close()


def test_callers_of_a_failing_store_wait_once_and_no_longer_than_their_patience(store, patience):
    writer = SummaryWriter(store.logdir())
    store.always = fail(errno.EIO)
    begin = time.monotonic()
    log(writer, range(10))
    for _ in range(20):
        writer.flush()
    writer.close()
    assert time.monotonic() - begin < patience + 5
    assert (writer.stats.written, writer.stats.dropped) == (0, 10)


@pytest.mark.parametrize("end", ["flush", "close"])
def test_a_timeout_on_a_failing_store_is_logged(store, caplog, patience, end):
    writer = SummaryWriter(store.logdir())
    store.always = fail(errno.ENOSPC)
    log(writer, range(10))
    until(lambda: writer.stats.errors)
    getattr(writer, end)()
    expected = {"flush": "flush gave up, while writing fails; 10 events wait", "close": "fails; 10 events are lost"}
    until(lambda: any(store.logdir() in said and expected[end] in said for said in warnings(caplog)))
    getattr(writer, end)()
    assert sum(expected[end] in said for said in warnings(caplog)) == 1
    store.always = None
    writer.close()
    assert (writer.stats.written, writer.stats.dropped) == ((10, 0) if end == "flush" else (0, 10))


def test_callers_that_wait_for_room_trigger_no_retries_of_a_failing_store(store, patience):
    writer = SummaryWriter(store.logdir(), max_queue_bytes=256 * 100)
    store.always = fail(errno.EIO)
    log(writer, range(2000))
    assert writer.stats.dropped > 1000
    assert writer.stats.errors < 200
    store.always = None
    writer.close()


@pytest.mark.parametrize("on_full", ["block", "drop"])
def test_a_blocked_write_delays_callers_until_their_timeout_only(store, tmp_path, caplog, patience, on_full):
    writer = SummaryWriter(store.logdir(), on_full=on_full, max_queue_bytes=256 * 100)
    store.die()
    begin, longest = time.monotonic(), 0.0
    for step in range(5000):
        before = time.monotonic()
        writer.add_scalar("a", float(step), step)
        longest = max(longest, time.monotonic() - before)
    for _ in range(200):
        writer.flush()
    assert longest < patience + 3
    assert time.monotonic() - begin < patience + 8
    assert len(writer.file_writer.queue.entries) <= 200  # the flushes left nothing behind
    dropped = writer.stats.dropped
    assert dropped > 4000
    assert len(warnings(caplog)) == 1
    store.revive()
    until(lambda: writer.stats.written)
    log(writer, range(5000, 5010))
    writer.close()
    found = saved_steps(store, tmp_path)
    assert found == sorted(set(found))
    assert found[-10:] == list(range(5000, 5010))
    assert writer.stats.dropped == dropped
    assert len(found) == writer.stats.written == 5010 - dropped


@pytest.mark.slow
def test_write_that_blocks_for_thirty_seconds(store, tmp_path):
    writer = SummaryWriter(store.logdir(), max_queue_bytes=256 * 1000)
    store.die()
    threading.Timer(30, store.revive).start()
    longest, end, step = 0.0, time.monotonic() + 31, 0
    while time.monotonic() < end:
        before = time.monotonic()
        writer.add_scalar("a", float(step), step)
        longest = max(longest, time.monotonic() - before)
        step += 1
        if step > 1000:
            time.sleep(0.001)
    assert 4 < longest < 8  # five seconds, once
    writer.close()
    found = saved_steps(store, tmp_path)
    assert len(found) == writer.stats.written == step - writer.stats.dropped
    assert found == sorted(set(found))


def test_five_hundred_files_on_a_hung_store_cost_one_timeout_and_one_budget(store, patience, caplog):
    writer = SummaryWriter(store.logdir(), max_queue_bytes=1 << 20)
    writer.add_scalars("warm", {str(number): 0.0 for number in range(500)}, 0)
    writer.flush()
    store.die()
    begin = time.monotonic()
    for step in range(50):
        writer.add_scalars("warm", {str(number): 0.0 for number in range(500)}, step)
    queues = [each.queue for each in writer.all_writers.values()]
    # Every queue may always hold 64 entries; beyond that they share a megabyte.
    assert sum(len(queue.entries) for queue in queues) <= 500 * 65 + (1 << 20) // 256
    writer.flush()
    writer.close()
    assert time.monotonic() - begin < patience + 10
    assert len(warnings(caplog)) == 1


def test_raise_raises_at_the_next_call(store, patience):
    writer = SummaryWriter(store.logdir(), on_error="raise")
    store.always = fail(errno.ENOSPC)
    writer.add_scalar("a", 1.0, 1)
    until(lambda: writer.stats.errors)
    with pytest.raises(WriteError, match="No space left") as raised:
        writer.add_scalar("a", 2.0, 2)
    assert raised.value.errno == errno.ENOSPC
    assert store.logdir() in str(raised.value)
    for call in (writer.flush, writer.close):
        with pytest.raises(WriteError):
            call()
    store.always = None
    writer.add_scalar("a", 3.0, 3)
    writer.close()


def test_raise_takes_back_only_what_it_raised_for(store, tmp_path):
    writer = SummaryWriter(store.logdir(), on_error="raise")
    store.next.append(fail(errno.EIO))
    writer.add_scalar("a", 1.0, 1)
    until(lambda: writer.stats.errors)
    with pytest.raises(WriteError):
        writer.add_histogram("h", [1.0], 2)
    writer.add_scalar("a", 3.0, 3)
    writer.close()
    assert saved_steps(store, tmp_path) == [1, 3]
    assert [event.step for path in event_files(tmp_path) for event in events(path)] == [0, 1, 3]


@pytest.mark.parametrize("end", ["flush", "close"])
def test_a_passing_fault_is_raised_and_loses_nothing(store, tmp_path, end):
    writer = SummaryWriter(store.logdir(), on_error="raise")
    store.next.append(fail(errno.EINTR))
    log(writer, range(100))
    with pytest.raises(WriteError, match="Interrupted"):
        getattr(writer, end)()
    writer.close()
    assert saved_steps(store, tmp_path) == list(range(100))
    assert (writer.stats.written, writer.stats.dropped) == (100, 0)


def test_a_store_that_exits_does_not_end_the_thread(store, tmp_path):
    def exit_once(_: bytes) -> int:
        raise SystemExit

    writer = SummaryWriter(store.logdir())
    store.next.append(exit_once)
    log(writer, range(100))
    writer.close()
    assert saved_steps(store, tmp_path) == list(range(100))
    assert (writer.stats.errors, writer.stats.dropped) == (1, 0)


def test_failed_fsync_is_said_and_counted(store, caplog):
    writer = SummaryWriter(store.logdir())
    store.sync_error = OSError(errno.EIO, "the disk is broken")
    writer.add_scalar("a", 1.0, 1)
    writer.close()
    assert writer.stats.errors == 1
    assert "the disk is broken" in warnings(caplog)[0]


def test_flush_raises_a_failed_fsync_where_errors_are_to_be_raised(store):
    writer = SummaryWriter(store.logdir(), on_error="raise", flush_secs=0.1)
    writer.add_scalar("a", 1.0, 1)
    writer.flush()
    store.sync_error = OSError(errno.EIO, "the disk is broken")
    until(lambda: writer.stats.errors)
    with pytest.raises(WriteError, match="the disk is broken"):
        writer.flush()
    store.sync_error = None
    writer.close()


def test_fsync_comes_every_flush_secs_also_while_events_keep_coming_and_only_then(store):
    writer = SummaryWriter(store.logdir(), flush_secs=0.3)
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        writer.add_scalar("a", 1.0, 1)
        time.sleep(0.005)
    assert 2 <= store.syncs <= 6
    until(lambda: writer.stats.written and not writer.file_writer.queue.entries)
    time.sleep(0.8)
    synced = store.syncs
    time.sleep(0.8)
    assert store.syncs == synced  # nothing was written since
    writer.close()


def test_flush_flushes_a_buffered_file_that_was_written_before(store):
    """The events have left the queue long ago, but not yet the buffer of the file."""
    flushed = []
    opened = store.open

    def open_buffered(path):
        file = opened(path)
        file.flush = lambda: flushed.append(path)
        return file

    store.open = open_buffered
    writer = SummaryWriter(store.logdir())
    writer.add_scalar("a", 1.0, 1)
    until(lambda: writer.stats.written == 1)
    flushed.clear()
    writer.flush()
    assert flushed
    writer.close()


def test_texts_take_of_the_memory_what_they_are_long(store, patience):
    writer = SummaryWriter(store.logdir(), on_full="drop", max_queue_bytes=1 << 20)
    go_on = threading.Event()
    store.always = block(go_on)
    for step in range(40):
        writer.add_text("long", "x" * (100 << 10), step)
    go_on.set()
    store.always = None
    writer.close()
    assert writer.stats.dropped >= 28
    assert writer.stats.written + writer.stats.dropped == 40


def test_log_handler_that_logs_to_the_same_writer_does_not_deadlock(store, patience):
    writer = SummaryWriter(store.logdir(), max_queue_bytes=256 * 100)

    class Handler(logging.Handler):
        def emit(self, record):
            time.sleep(0.2)
            writer.add_text("log", record.getMessage())
            writer.flush()

    handler = Handler()
    logger = logging.getLogger("tensorboardX")
    logger.addHandler(handler)
    try:
        store.always = fail(errno.EIO)
        chatter = threading.Thread(target=lambda: [logger.warning("chatter") for _ in range(3)])
        begin = time.monotonic()
        chatter.start()
        log(writer, range(1000))
        writer.flush()
        chatter.join(20)
        assert not chatter.is_alive()
        assert time.monotonic() - begin < 15
    finally:
        logger.removeHandler(handler)
        writer.close()


def test_record_writer_put_in_from_outside_may_fail_in_the_middle_of_a_batch(tmp_path, monkeypatch):
    import tensorboardX.event_file_writer as module

    taken, errors = [], [None, None, OSError(errno.EIO, "once")]

    class Foreign:
        def __init__(self, path):
            self.path = path

        def write(self, data):
            if not self.path.startswith(str(tmp_path)):
                return  # a writer that another test has left behind
            error = errors.pop() if errors and len(taken) == 3 else None
            if error:
                raise error
            taken.append(Event.FromString(data).step)

        def flush(self): ...

        def close(self): ...

    monkeypatch.setattr(module, "RecordWriter", Foreign)
    writer = EventFileWriter(str(tmp_path))
    for step in range(1, 10):
        writer.add_event(Event(step=step))
    writer.close()
    assert taken == list(range(10))
    assert writer.stats.written == 9


@pytest.mark.parametrize("steps_before", [0, 5])
def test_full_store_while_a_file_is_opened_leaves_no_litter(tmp_path, steps_before, monkeypatch, patience):
    """Every attempt to open the file of a sub-run makes a file, whose first record then finds no room."""
    import tensorboardX.storage.local as local

    descriptors = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    full = threading.Event()
    write = local.LocalFile.write
    monkeypatch.setattr(
        local.LocalFile, "write", lambda self, data: fail(errno.ENOSPC)(data) if full.is_set() else write(self, data)
    )
    writer = SummaryWriter(tmp_path)
    log(writer, range(steps_before))
    writer.flush()
    full.set()
    writer.add_scalars("a", {"x": 1.0}, 7)
    until(lambda: writer.stats.errors >= 4)
    assert len(event_files(tmp_path)) == 1
    if descriptors:
        assert len(os.listdir("/proc/self/fd")) <= descriptors + 2
    full.clear()
    writer.close()
    assert sorted(steps(tmp_path)) == [*range(steps_before), 7]


def test_blocked_scripted_write_ends_with_everything_written(store, tmp_path):
    """Less than anybody's patience: nothing is noticed."""
    released = threading.Event()
    writer = SummaryWriter(store.logdir())
    store.next.append(block(released))
    threading.Timer(0.5, released.set).start()
    log(writer, range(100))
    writer.flush()
    assert saved_steps(store, tmp_path) == list(range(100))
    assert writer.stats.errors == 0
    writer.close()


def test_close_says_what_waits_where_another_thread_goes_on_logging(store, caplog, patience):
    writer = SummaryWriter(store.logdir())
    store.always = fail(errno.EIO)
    log(writer, range(10))
    until(lambda: writer.stats.errors)
    closing = threading.Thread(target=writer.file_writer.close)
    closing.start()
    until(lambda: writer.file_writer.queue.closed)
    log(writer, range(10, 20))  # opens the queue again
    closing.join()
    assert any("close gave up, while writing fails; 20 events wait" in text for text in warnings(caplog))
    store.always = None
    writer.close()
    assert (writer.stats.written, writer.stats.dropped) == (20, 0)
