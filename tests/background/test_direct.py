"""A caller that flushes writes itself: each event once and in order, whatever interrupts it at whatever line."""

import errno
import os
import sys
import threading

import pytest

from tensorboardX import SummaryWriter
from tensorboardX.background import direct
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.records.reader import read_records
from tensorboardX.storage import local, mounts

SOURCE = os.path.dirname(os.path.dirname(direct.__file__))


class Interrupted(BaseException):
    """As KeyboardInterrupt, which pytest would take for the user's."""


class At:
    """Calls a function at the n-th line that the package runs in this thread."""

    def __init__(self, number, call):
        self.left, self.call, self.called = number, call, False

    def __enter__(self):
        sys.settrace(self._trace)

    def __exit__(self, *_):
        sys.settrace(None)

    def _trace(self, frame, event, argument):
        if not frame.f_code.co_filename.startswith(SOURCE):
            return None
        if event == "line" and not self.called:
            self.left -= 1
            if self.left < 0:
                self.called = True
                sys.settrace(None)
                self.call()
        return self._trace


def steps(directory):
    return [
        event.step
        for path in sorted(directory.glob("*tfevents*"))
        for event in map(Event.FromString, read_records(path))
        if event.HasField("summary")
    ]


def interrupt():
    raise Interrupted


@pytest.fixture
def handed_over(monkeypatch):
    """Counts what callers leave to the writer thread."""
    waits = []
    from tensorboardX.background.queue import EventQueue

    wait_for = EventQueue.wait_for
    monkeypatch.setattr(EventQueue, "wait_for", lambda *args: (waits.append(None), wait_for(*args))[1])
    return waits


def test_flush_wakes_no_thread(tmp_path, handed_over):
    writer = SummaryWriter(tmp_path)
    for step in range(1000):
        writer.add_scalar("a", float(step), step)
        writer.flush()
        assert writer.stats.written == step + 1
    assert len(handed_over) < 100  # where the thread was at work just then
    assert steps(tmp_path) == list(range(1000))
    writer.close()
    assert steps(tmp_path) == list(range(1000))


@pytest.mark.parametrize("afterwards", ["flush", "close", "nothing"])
def test_exception_at_any_line(tmp_path, afterwards):
    for line in range(10_000):
        writer = SummaryWriter(tmp_path / str(line))
        for step in range(3):
            writer.add_scalar("a", float(step), step)
        at = At(line, interrupt)
        try:
            with at:
                writer.flush()
        except Interrupted:
            pass
        writer.add_scalar("a", 3.0, 3)
        if afterwards != "nothing":
            getattr(writer, afterwards)()
        stats = writer.stats
        writer.close()
        assert steps(tmp_path / str(line)) == [0, 1, 2, 3], line
        assert writer.stats.written == 4, line
        if afterwards != "nothing":
            assert stats.written == 4, line
        if not at.called:
            break
    assert line > 50


def test_signal_handler_at_any_line_that_flushes_too(tmp_path):
    for line in range(10_000):
        writer = SummaryWriter(tmp_path / str(line))

        def handle(writer=writer):
            writer.add_scalar("a", 3.0, 3)
            writer.flush()
            writer.add_scalar("a", 4.0, 4)

        for step in range(3):
            writer.add_scalar("a", float(step), step)
        at = At(line, handle)
        with at:
            writer.flush()
        if not at.called:
            writer.close()
            break
        writer.add_scalar("a", 5.0, 5)
        writer.flush()
        assert steps(tmp_path / str(line)) == [0, 1, 2, 3, 4, 5], line
        writer.close()
        assert (writer.stats.written, steps(tmp_path / str(line))) == (6, [0, 1, 2, 3, 4, 5]), line
    assert line > 50


def test_handler_that_flushes_and_then_raises(tmp_path):
    for line in range(10_000):
        writer = SummaryWriter(tmp_path / str(line))

        def handle(writer=writer):
            writer.add_scalar("a", 2.0, 2)
            writer.flush()
            raise Interrupted

        for step in range(2):
            writer.add_scalar("a", float(step), step)
        at = At(line, handle)
        try:
            with at:
                writer.flush()
        except Interrupted:
            pass
        writer.close()
        if not at.called:
            break
        assert (writer.stats.written, steps(tmp_path / str(line))) == (3, [0, 1, 2]), line
    assert line > 50


def test_a_kept_traceback_does_not_block_writing(tmp_path):
    writer = SummaryWriter(tmp_path)
    writer.add_scalar("a", 0.0, 0)
    kept = []

    def write_at(self, position, data):
        raise Interrupted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local.LocalFile, "write_at", write_at)
        try:
            writer.flush()
        except Interrupted as error:
            kept.append(error)
    assert kept
    writer.add_image("image", [[0.0]], 1, dataformats="HW")
    writer.add_scalar("a", 2.0, 2)
    writer.flush()
    assert sorted(steps(tmp_path)) == [0, 1, 2]
    writer.close()
    assert writer.stats.written == 3


def test_threads_that_flush_at_once(tmp_path):
    writer = SummaryWriter(tmp_path)

    def log(tag):
        for step in range(2000):
            writer.add_scalar(tag, 0.0, step)
            writer.flush()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=log, args=(str(number),)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    writer.close()
    found = {}
    for path in tmp_path.glob("*tfevents*"):
        for event in map(Event.FromString, read_records(path)):
            for value in event.summary.value:
                found.setdefault(value.tag, []).append(event.step)
    assert found == {str(number): list(range(2000)) for number in range(4)}
    assert writer.stats.written == 8000


@pytest.mark.parametrize("stored", [0, 10, 100])
def test_error_of_the_disk_is_left_to_the_thread(tmp_path, monkeypatch, stored):
    class Broken:
        def __getattr__(self, name):
            return getattr(os, name)

        def pwrite(self, descriptor, data, position):
            if errors:
                raise errors.pop()
            if stored and not errors and data and not written:
                written.append(os.pwrite(descriptor, data[:stored], position))
                errors.append(OSError(errno.ENOSPC, "full"))
                return written[0]
            return os.pwrite(descriptor, data, position)

    writer = SummaryWriter(tmp_path)
    errors, written = ([] if stored else [OSError(errno.ENOSPC, "full")]), []
    monkeypatch.setattr(local, "os", Broken())
    for step in range(5):
        writer.add_scalar("a", float(step), step)
    writer.flush()
    assert not errors
    assert (writer.stats.written, steps(tmp_path)) == (5, list(range(5)))
    writer.close()
    assert steps(tmp_path) == list(range(5))


def test_value_that_is_encoded_at_length_is_left_to_the_thread(tmp_path, handed_over):
    writer = SummaryWriter(tmp_path)
    writer.add_scalar("a", 0.0, 0)
    writer.add_histogram("b", [1.0, 2.0], 1)
    writer.add_text("c", "text", 2)
    writer.flush()
    assert handed_over
    assert steps(tmp_path) == [0, 1, 2]
    writer.close()


def test_deleted_directory_is_made_again(tmp_path):
    import shutil

    writer = SummaryWriter(tmp_path / "run")
    for step in range(3):
        writer.add_scalar("a", 0.0, step)
        writer.flush()
    shutil.rmtree(tmp_path / "run")
    for step in range(3, 6):
        writer.add_scalar("a", 0.0, step)
        writer.flush()
        assert steps(tmp_path / "run") == list(range(3, step + 1))
    writer.close()


def test_file_system_that_is_not_local_is_left_to_the_thread(tmp_path, monkeypatch, handed_over):
    monkeypatch.setattr(local, "is_local", lambda path: False)
    writer = SummaryWriter(tmp_path)
    for step in range(10):
        writer.add_scalar("a", 0.0, step)
        writer.flush()
    assert len(handed_over) == 10
    assert steps(tmp_path) == list(range(10))
    writer.close()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/runs", True),
        ("/home/nfs/runs/x", False),
        ("/home/nfs", False),
        ("/home/nfs2", True),
        ("/mnt/with space/runs", False),
        ("/mnt/with", True),
        ("/mnt/covered/runs", False),
        ("/mnt/unknown/x", False),
    ],
)
def test_which_file_systems_are_local(tmp_path, monkeypatch, path, expected):
    table = tmp_path / "mountinfo"
    table.write_text(
        "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
        "23 22 0:5 / /home/nfs rw - nfs4 server:/ rw,vers=4.2\n"
        "24 22 0:6 / /mnt/with\\040space rw - fuse.sshfs host:/ rw\n"
        "25 22 0:7 / /mnt/covered rw - tmpfs tmpfs rw\n"
        "26 22 0:8 / /mnt/covered rw - cifs //server/share rw\n"
        "27 22 0:9 / /mnt/unknown rw master:3 propagate_from:2 - newfs none rw\n"
    )
    monkeypatch.setattr(mounts, "_MOUNTS", str(table))
    assert mounts.is_local(path) is expected


def test_nothing_is_local_where_there_is_no_table_of_mounts(tmp_path, monkeypatch):
    monkeypatch.setattr(mounts, "_MOUNTS", str(tmp_path / "absent"))
    assert not mounts.is_local("/")
