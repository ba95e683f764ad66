"""What runs in the middle of a call: signal handlers, Ctrl-C, finalizers, log handlers that raise."""

import errno
import gc
import logging
import os
import signal
import threading
import time

import numpy as np
import pytest
from actions import log, until
from judge import steps

from tensorboardX import SummaryWriter
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.record_writer import RecordWriter
from tensorboardX.testing import fail, read_events
from tensorboardX.values.copies import copy_buffers

SIGNALS = 400

needs_timers = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")


class Stop(BaseException):
    """What a signal handler raises, as Python's own does for Ctrl-C."""


@pytest.fixture
def every_millisecond():
    """`start(handler)` calls it every millisecond in the main thread, wherever that is."""

    def start(handler):
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)

    before, callbacks = signal.getsignal(signal.SIGALRM), gc.callbacks[:]
    gc.callbacks.clear()  # Python reports what a handler raises within them, and pytest takes that for a failure
    yield start
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    gc.callbacks[:] = callbacks


@needs_timers
@pytest.mark.parametrize("array", [False, True], ids=["scalars", "arrays"])
def test_a_signal_handler_that_logs_and_flushes_never_waits_for_what_it_interrupted(tmp_path, every_millisecond, array):
    writer = SummaryWriter(tmp_path, max_queue_bytes=8 << 20)
    main, handled, longest, inside = 0, 0, 0.0, False
    values = np.zeros(30_000, np.float32)

    def handler(number, frame):
        nonlocal handled, longest, inside
        if inside:
            return
        inside = True
        begin = time.monotonic()
        if array:
            writer.add_histogram("handler", values, handled)
        else:
            writer.add_scalar("handler", 1.0, handled)
        writer.flush()
        handled += 1
        longest = max(longest, time.monotonic() - begin)
        inside = False

    every_millisecond(handler)
    while handled < SIGNALS:
        if array:
            writer.add_histogram("main", values, main)
        else:
            writer.add_scalar("main", 1.0, main)
        main += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    writer.close()
    assert longest < 4
    assert writer.stats.dropped == 0
    logged = [(value.tag, event.step) for event in read_events(tmp_path) for value in event.summary.value]
    assert sorted(logged) == sorted([("main", i) for i in range(main)] + [("handler", i) for i in range(handled)])


@needs_timers
def test_ctrl_c_at_any_moment_stops_no_writer(tmp_path, every_millisecond):
    writer = SummaryWriter(tmp_path)
    accepted, interrupted, armed = [], 0, False

    def handler(number, frame):
        nonlocal armed
        if armed:
            armed = False
            raise Stop

    step = 0
    every_millisecond(handler)
    while interrupted < SIGNALS:
        try:
            armed = True
            step += 1
            writer.add_histogram("h", [1.0], step)
            accepted.append(step)
            if step % 10 == 0:
                writer.flush()
            armed = False
        except Stop:
            interrupted += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    begin = time.monotonic()
    writer.close()
    assert time.monotonic() - begin < 4
    found = [event.step for event in read_events(tmp_path)]
    assert set(accepted) <= set(found)
    assert len(found) == len(set(found))


def test_a_finalizer_may_log_an_array_while_its_thread_copies_one(tmp_path):
    array = np.ones(50_000, np.float32)
    with SummaryWriter(tmp_path) as writer:
        with copy_buffers._lock:
            writer.add_histogram("finalizer", array, 1)
        writer.add_histogram("main", array, 2)
    assert [event.step for event in read_events(tmp_path)] == [1, 2]


def test_a_log_handler_that_raises_does_not_end_the_writing(store, tmp_path):
    class Handler(logging.Handler):
        def handle(self, record):
            raise RuntimeError("a broken handler")

    handler, logger = Handler(), logging.getLogger("tensorboardX")
    logger.addHandler(handler)
    try:
        writer = SummaryWriter(store.logdir())
        store.next.append(fail(errno.EIO))
        log(writer, range(10))
        until(lambda: writer.stats.written == 10)
        assert writer.stats.errors == 1
        writer.close()
    finally:
        logger.removeHandler(handler)


def test_where_no_thread_can_be_started_callers_write_themselves(tmp_path, monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        writer = SummaryWriter(tmp_path)
        log(writer, range(100))
        assert steps(tmp_path, "a") == list(range(100))
        assert writer.file_writer.queue.flush()
    log(writer, range(100, 200))
    until(lambda: writer.stats.written == 200)
    writer.close()
    assert steps(tmp_path, "a") == list(range(200))


def test_a_batch_for_which_there_is_no_memory_is_neither_lost_nor_called_written(tmp_path, monkeypatch):
    take = RecordWriter.take_batch
    failing = True

    def take_if_there_is_memory(self, batch):
        if failing:
            raise MemoryError
        take(self, batch)

    monkeypatch.setattr(RecordWriter, "take_batch", take_if_there_is_memory)
    writer = SummaryWriter(tmp_path)
    log(writer, range(10))
    until(lambda: writer.stats.errors)
    assert writer.stats.written == 0
    failing = False
    assert writer.file_writer.queue.flush()
    assert (writer.stats.written, writer.stats.dropped) == (10, 0)
    assert steps(tmp_path, "a") == list(range(10))
    writer.close()


def test_a_tool_whose_write_event_raises_once_gets_the_event_again(tmp_path, monkeypatch):
    plain, calls = EventsWriter.write_event, []

    def sometimes(self, event):
        calls.append(event.step)
        if len(calls) == 3:
            raise RuntimeError("the tool's queue is full")
        plain(self, event)

    monkeypatch.setattr(EventsWriter, "write_event", sometimes)
    writer = SummaryWriter(tmp_path)
    log(writer, range(1, 10))
    assert writer.file_writer.queue.flush()
    writer.close()
    assert steps(tmp_path, "a") == list(range(1, 10))
    assert calls == [0, 1, 2, *range(2, 10)]


@pytest.mark.skipif(os.name == "nt", reason="descriptors are not numbered so on Windows")
def test_a_descriptor_that_the_program_took_over_is_left_alone(tmp_path):
    writer = SummaryWriter(tmp_path / "run")
    log(writer, [0])
    writer.flush()
    descriptor = writer.file_writer.event_writer._ev_writer._py_recordio_writer._file.fileno()
    os.close(descriptor)
    other = os.open(tmp_path / "checkpoint", os.O_WRONLY | os.O_CREAT)
    assert other == descriptor
    os.write(other, b"precious")
    log(writer, [1])
    writer.close()
    os.write(other, b" data")
    os.close(other)
    assert (tmp_path / "checkpoint").read_bytes() == b"precious data"
    assert steps(tmp_path / "run", "a") == [0, 1]


def test_a_flush_that_interrupts_an_opening_does_not_wait_for_a_thread_that_waits_for_it(tmp_path):
    """The handler runs within `attach`, whose lock another thread needs to open the queue again."""
    writer = SummaryWriter(tmp_path)
    writer.add_scalars("a", {"x": 1.0}, 1)
    sub_run = writer.all_writers[str(tmp_path / "a" / "x")]
    sub_run.close()  # the thread of the run goes on
    queue = sub_run.event_writer.queue
    with queue._thread._lock:
        logging = threading.Thread(target=writer.add_scalars, args=("a", {"x": 1.0}, 2))
        logging.start()
        until(lambda: queue.entries and not queue.closed)
        assert queue.flush()
        assert steps(tmp_path / "a" / "x") == [1, 2]
    logging.join()
    writer.close()
