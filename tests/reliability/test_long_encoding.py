"""Encoding is work, not a store that hangs: however long it takes, nothing is lost and scalars do not wait for it."""

import threading

import numpy as np
from actions import log, until, warnings
from judge import event_files, events, steps
from processes import PRELUDE, run

from tensorboardX import SummaryWriter
from tensorboardX.background.entries import PendingSummary
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.testing import fail


def put_value(writer, encoding, nbytes=200 << 20, step=7, tag="value"):
    """Log a value whose encoding lasts until `encoding` is set; it takes more memory than a queue may."""

    def encode():
        assert encoding.wait(30)
        return Summary(value=[Summary.Value(tag=tag, simple_value=1.0)])

    writer.file_writer.event_writer.queue.put(PendingSummary(tag, encode, step, 1.0, nbytes))


def steps_of_kind(directory, kind):
    found = [event for path in event_files(directory) for event in events(path)]
    return [event.step for event in found for value in event.summary.value if value.WhichOneof("value") == kind]


def test_scalars_are_in_the_file_while_a_large_value_before_them_is_encoded(tmp_path, patience):
    writer = SummaryWriter(tmp_path)
    encoding = threading.Event()
    put_value(writer, encoding)
    log(writer, range(20_000))
    until(lambda: writer.stats.written == 20_000)
    assert steps(tmp_path) == list(range(20_000))
    assert writer.stats.dropped == 0
    encoding.set()
    writer.close()
    assert steps(tmp_path, "value") == [7]


def test_flush_of_what_was_logged_before_does_not_wait(tmp_path, patience):
    """The barrier is in the queue when the value comes."""
    writer = SummaryWriter(tmp_path)
    encoding, flushed = threading.Event(), []
    log(writer, range(100))
    begun = threading.Event()
    queue = writer.file_writer.event_writer.queue
    wait_for = queue.wait_for

    def wait(*arguments):
        begun.set()
        return wait_for(*arguments)

    queue.wait_for = wait
    queue._write_directly = lambda: False  # which would not wait at all
    thread = threading.Thread(target=lambda: flushed.append(queue.flush()))
    thread.start()
    assert begun.wait(10)
    put_value(writer, encoding)
    thread.join(20)
    assert flushed == [True]
    encoding.set()
    writer.close()


def test_flush_and_close_wait_for_the_encoding_and_log_that(tmp_path, patience, caplog):
    writer = SummaryWriter(tmp_path)
    for end, step in ((writer.flush, 1), (writer.close, 2)):
        encoding = threading.Event()
        put_value(writer, encoding, step=step)
        log(writer, [step])
        threading.Timer(2.5 * patience, encoding.set).start()
        end()
        assert steps(tmp_path, "value") == steps(tmp_path) == list(range(1, step + 1))
    assert [said.partition(": ")[2] for said in warnings(caplog)] == ["waiting for 1 values to be encoded"]
    assert writer.stats.dropped == 0


def test_values_of_a_tag_keep_their_order_whatever_their_size(tmp_path):
    writer = SummaryWriter(tmp_path)
    random = np.random.default_rng(0)
    for step in range(30):
        size = 50_000 if step % 3 == 0 else 10
        writer.add_histogram("a", random.normal(size=size), step)
        writer.add_scalar("named", float(step), step, display_name="Name")
        writer.add_scalar("named", float(step), step + 100)
    writer.close()
    assert steps_of_kind(tmp_path, "histo") == list(range(30))
    assert steps(tmp_path, "named") == [step for pair in zip(range(30), range(100, 130), strict=True) for step in pair]


def test_what_is_logged_behind_a_close_waits_for_the_next_file(tmp_path, patience):
    writer = SummaryWriter(tmp_path)
    encoding = threading.Event()
    put_value(writer, encoding)
    queue = writer.file_writer.event_writer.queue
    queue.request_close()
    log(writer, range(1000))
    encoding.set()
    writer.close()
    assert steps(tmp_path, "value") == [7]
    assert steps(tmp_path) == list(range(1000))
    assert len(list(tmp_path.glob("*tfevents*"))) == 2


def test_a_store_that_hangs_is_noticed_while_something_is_encoded(store, patience):
    writer = SummaryWriter(store.logdir())
    encoding = threading.Event()
    put_value(writer, encoding)
    store.die()
    log(writer, range(10))
    assert not writer.file_writer.event_writer.queue.flush()
    store.revive()
    encoding.set()
    writer.close()
    assert (writer.stats.written, writer.stats.dropped) == (11, 0)


def test_values_in_flight_are_counted_where_a_failing_store_is_closed(store, patience):
    writer = SummaryWriter(store.logdir())
    encoding = threading.Event()
    put_value(writer, encoding)
    store.always = fail(5)
    log(writer, range(10))
    memory = writer._thread.memory
    writer.close()
    assert (writer.stats.written, writer.stats.dropped) == (0, 11)
    assert memory.values == 200 << 20  # which is still being encoded
    encoding.set()
    until(lambda: memory.values == 0)


def test_a_video_that_is_slow_to_encode_is_complete_at_exit(tmp_path):
    script = """
        import numpy as np
        from tensorboardX.background import progress
        progress.PATIENCE = 0.2
        writer = SummaryWriter(sys.argv[1])
        writer.add_video("film", np.random.default_rng(0).integers(0, 255, (1, 60, 3, 240, 320), dtype=np.uint8), 1)
        for step in range(500):
            writer.add_scalar("a", 1.0, step)
    """
    done = run(tmp_path, script, tmp_path / "run", prelude=PRELUDE)
    assert done.returncode == 0, done.stderr
    assert steps(tmp_path / "run") == list(range(500))
    assert steps_of_kind(tmp_path / "run", "image") == [1]
