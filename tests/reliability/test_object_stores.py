"""Stores of whole objects: what is uploaded is written; what is not is bounded, counted and said; no end loses it."""

import errno
import threading
import tracemalloc
from pathlib import Path

import pytest
from actions import log, until, warnings
from judge import event_files, events, torn_bytes
from processes import PRELUDE, run

from tensorboardX import SummaryWriter
from tensorboardX.errors import LogdirError
from tensorboardX.record_writer import REGISTERED_FACTORIES
from tensorboardX.storage import remote
from tensorboardX.storage.memory import MemoryFile, MemoryStore
from tensorboardX.testing import check_store

fsspec = pytest.importorskip("fsspec")


class Bucket:
    """fsspec's file system in memory, which fails and hangs as the test says."""

    def __init__(self, system):
        self.system = system
        self.fault = None  # called with the data of an upload, before it is stored
        self.attempts = 0

    def save(self, directory: Path) -> Path:
        for path in self.system.find("/"):
            target = directory / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.system.cat_file(path))
        return directory

    def steps(self, directory: Path, tag: str = "a") -> list[int]:
        return stored_steps(self.save(directory), tag)


@pytest.fixture
def bucket(monkeypatch):
    system = fsspec.filesystem("memory")
    system.store.clear()
    made = Bucket(system)
    pipe_file = type(system).pipe_file

    def upload(self, path, value, **kwargs):
        made.attempts += 1
        if made.fault is not None:
            made.fault(value)
        pipe_file(self, path, value, **kwargs)

    monkeypatch.setattr(type(system), "pipe_file", upload)
    monkeypatch.setattr(remote, "_object_size", remote._ObjectSize())
    yield made
    made.fault = None
    system.store.clear()


def stored_steps(directory: Path, tag: str = "a") -> list[int]:
    """The steps of a tag, object after object; only the first object of a file begins with its version."""
    found = []
    for path in event_files(directory):
        assert torn_bytes(path) == 0
        of_file = events(path)
        assert of_file[0].file_version == (
            "" if path.suffix[1:].isdigit() and len(path.suffix) == 11 else "brain.Event:2"
        )
        found += [event.step for event in of_file for value in event.summary.value if value.tag == tag]
    return found


def refuse(_):
    raise PermissionError(errno.EACCES, "access denied")


URL = "memory://bucket/run"


# ---- what is written


def test_events_are_written_once_they_are_uploaded(bucket):
    writer = SummaryWriter(URL)
    queue = writer.file_writer.event_writer.queue
    log(writer, range(100))
    until(lambda: not queue.entries and not queue._sink.batch)
    assert (writer.stats.written, queue.pending_events()) == (0, 100)
    writer.flush()
    assert (writer.stats.written, queue.pending_events()) == (100, 0)
    writer.close()


def test_a_place_that_cannot_be_written_raises_at_construction(bucket):
    bucket.fault = refuse
    with pytest.raises(
        LogdirError, match=r"cannot log to 'memory://bucket/run': cannot upload .*access denied"
    ) as raised:
        SummaryWriter(URL)
    assert raised.value.errno == errno.EACCES
    assert not bucket.system.find("/")


def test_a_place_that_does_not_answer_raises_at_construction(bucket, monkeypatch):
    monkeypatch.setattr(remote, "CHECK_SECONDS", 0.2)
    answer = threading.Event()
    bucket.fault = lambda _: answer.wait(60)
    with pytest.raises(LogdirError, match=r"no answer within 0.2 seconds"):
        SummaryWriter(URL)
    answer.set()


def test_sub_runs_cost_no_upload_until_there_is_something_to_store(bucket):
    writer = SummaryWriter(URL)
    writer.add_scalars("sub", {str(number): 1.0 for number in range(20)}, 1)
    writer.flush()
    assert bucket.attempts == 1 + 20
    writer.close()
    assert bucket.attempts == 1 + 20


def test_every_object_holds_whole_records_however_large(bucket, tmp_path):
    writer = SummaryWriter(URL)
    for step in range(3):
        log(writer, range(step * 1000, step * 1000 + 1000))
        writer.add_text("large", "x" * (5 << 20), step)
    writer.close()
    paths = sorted(path for path in bucket.save(tmp_path).rglob("*") if path.is_file())
    assert len(paths) >= 4
    assert sum(path.stat().st_size for path in paths) > 15 << 20
    assert stored_steps(tmp_path) == list(range(3000))
    assert writer.stats.written == 3003


class Buffering(MemoryFile):
    """A file of a registered factory that says what it keeps."""

    def __init__(self, path, content):
        super().__init__(path, content)
        self.kept = []

    @property
    def buffered(self):
        return sum(map(len, self.kept))

    def write(self, data):
        self.kept.append(data)
        return len(data)

    def store_next(self):
        super().write(self.kept.pop(0))

    def flush(self):
        while self.kept:
            self.store_next()

    close = flush


class BufferingStore(MemoryStore):
    def open(self, path):
        super().open(path)
        return Buffering(path, self.files[path])


def test_a_file_of_a_registered_factory_may_report_its_buffer(monkeypatch):
    store = BufferingStore()
    monkeypatch.setitem(REGISTERED_FACTORIES, "buffering", store)
    check_store(store, "buffering:check", lambda path: bytes(store.files[path]))
    writer = SummaryWriter("buffering:run")
    queue = writer.file_writer.event_writer.queue
    log(writer, range(1000))
    until(lambda: not queue.entries and not queue._sink.batch)
    assert (writer.stats.written, queue.pending_events()) == (0, 1000)
    writer.flush()
    assert (writer.stats.written, writer._thread.memory.values) == (1000, 0)
    writer.close()


# ---- a store that fails


def test_a_flush_of_a_failing_store_costs_one_attempt_after_the_first_that_gave_up(bucket, patience, caplog):
    writer = SummaryWriter(URL)
    bucket.fault = refuse
    log(writer, range(1000))
    writer.flush()
    for epoch in range(1, 6):
        log(writer, range(epoch * 1000, epoch * 1000 + 1000))
        before = bucket.attempts
        writer.flush()
        assert bucket.attempts - before <= 2  # one of them may have begun before
        assert (writer.stats.written, writer.stats.dropped) == (0, 0)
    writer.close()
    assert (writer.stats.written, writer.stats.dropped) == (0, 6000)
    until(lambda: any("6000 events are lost" in said for said in warnings(caplog)))


def test_a_store_that_recovers_has_everything_once(bucket, tmp_path, patience):
    writer = SummaryWriter(URL)
    bucket.fault = refuse
    for epoch in range(3):
        log(writer, range(epoch * 1000, epoch * 1000 + 1000))
        writer.flush()
    bucket.fault = None
    log(writer, range(3000, 4000))
    writer.flush()
    assert (writer.stats.written, writer.stats.dropped) == (4000, 0)
    writer.close()
    assert bucket.steps(tmp_path) == list(range(4000))


@pytest.mark.parametrize("sub_runs", [1, 40])
def test_what_waits_for_a_failing_store_is_bounded_by_max_queue_bytes(bucket, patience, sub_runs):
    writer = SummaryWriter(URL, max_queue_bytes=4 << 20)
    for number in range(sub_runs):
        writer.add_scalars("sub", {str(number): 1.0}, 1)
    writer.flush()
    before = writer.stats.written
    bucket.fault = refuse
    writers = [each for each in writer._writer_of_logdir.values() if each is not writer.file_writer]
    tracemalloc.start()
    try:
        for step in range(400):
            text = f"{step}" + "x" * (256 << 10)
            writers[step % sub_runs].add_summary(_text(text), step)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 32 << 20  # 100 MiB were logged; each sub-run may hold one event more
    writer.close()
    assert writer.stats.written == before
    assert writer.stats.dropped == 400
    assert (writer._thread.memory.values, writer._thread.memory.buffered) == (0, 0)


def _text(text):
    from tensorboardX import summary

    return summary.text("t", text)


def test_idle_sub_runs_release_the_memory_of_their_file_buffers(bucket):
    writer = SummaryWriter(URL, max_queue_bytes=8 << 20)
    for number in range(60):
        writer.add_scalars("sub", {str(number): 1.0}, 1)
    for each in list(writer._writer_of_logdir.values()):
        each.add_summary(_text("x" * (256 << 10)), 1)
    until(lambda: all(not each.queue.entries for each in writer._writer_of_logdir.values()))
    until(lambda: writer._thread.memory.buffered <= 1 << 20)
    assert writer.stats.dropped == 0
    writer.close()
    assert writer.stats.written == 60 + 61


def test_events_that_were_uploaded_before_the_store_failed_are_written(bucket, tmp_path, patience):
    writer = SummaryWriter(URL)
    log(writer, range(30_000))
    queue = writer.file_writer.event_writer.queue
    until(lambda: not queue.entries and not queue._sink.batch)
    uploads = []

    def fail_the_second(data):
        if len(uploads) == 1:
            refuse(data)
        uploads.append(data)

    bucket.fault = fail_the_second
    writer.close()
    assert len(uploads) == 1
    stored = bucket.steps(tmp_path)
    assert stored == list(range(len(stored)))
    assert 0 < len(stored) < 30_000
    assert (writer.stats.written, writer.stats.dropped) == (len(stored), 30_000 - len(stored))


def test_an_upload_that_fails_is_tried_again_although_nobody_flushes(bucket, tmp_path, monkeypatch):
    from tensorboardX.background import sink

    monkeypatch.setattr(sink, "_RETRY_SECONDS", 0.1)
    writer = SummaryWriter(URL, flush_secs=0.5)
    bucket.fault = refuse
    log(writer, range(10))
    until(lambda: writer.stats.errors >= 3)
    bucket.fault = None
    until(lambda: writer.stats.written == 10)
    writer.close()
    assert bucket.steps(tmp_path) == list(range(10))


# ---- a store that hangs


def test_what_no_server_has_is_not_written_and_arrives_if_the_store_comes_back(bucket, tmp_path, patience):
    writer = SummaryWriter(URL)
    log(writer, [0])
    writer.flush()
    answer = threading.Event()
    bucket.fault = lambda _: answer.wait(60)
    log(writer, [1])
    writer.flush()
    log(writer, [2])
    assert (writer.stats.written, writer.stats.dropped) == (1, 0)
    threading.Timer(0.3 * patience, answer.set).start()
    assert writer.file_writer.event_writer.queue.close()  # waits once more
    assert (writer.stats.written, writer.stats.dropped) == (3, 0)
    assert bucket.steps(tmp_path) == [0, 1, 2]


# ---- the end of the process

STORE = """
import asyncio, contextlib, errno
import fsspec
from fsspec.asyn import AsyncFileSystem
fault = None
def write(path, value):
    if fault: fault()
    with contextlib.suppress(FileExistsError): os.makedirs(os.path.dirname(path))
    with open(path, "xb") as file: file.write(value)
class Bucket(AsyncFileSystem):
    '''Its objects are local files. Each upload needs a thread, as the look-up of an address does.'''
    protocol = "bucket"
    async def _pipe_file(self, path, value, **kwargs):
        await asyncio.get_running_loop().run_in_executor(None, write, path, value)
fsspec.register_implementation("bucket", Bucket)
"""

LOGS = """
        def log(url):
            global writer
            writer = SummaryWriter(url)
            for step in range(1000):
                writer.add_scalar("a", 1.0, step)
                if step == 500: writer.flush()
"""

LATE = "[writer.add_scalar('late', 1.0, step) for step in range(10)]"
ENDS = {
    "normally": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "uncaught exception": ("raise RuntimeError('a bug')", 1),
    "KeyboardInterrupt": ("signal.raise_signal(signal.SIGINT)", -2),
    "closed": ("writer.close()", 0),
    "unreachable": ("del writer", 0),
    "in a thread that outlives the main one": (
        f"threading.Thread(target=lambda: (time.sleep(0.3), {LATE})).start()",
        0,
    ),
    "in an atexit function": (f"atexit.register(lambda: {LATE})", 0),
}


@pytest.mark.parametrize("end", ENDS)
def test_all_pending_events_are_uploaded(tmp_path, end):
    statement, status = ENDS[end]
    script = f"{LOGS}\n        log('bucket://' + sys.argv[1])\n        {statement}\n"
    done = run(tmp_path, script, tmp_path / "run", prelude=PRELUDE + STORE)
    assert done.returncode == status, done.stderr
    assert "cannot upload" not in done.stderr
    assert stored_steps(tmp_path / "run") == list(range(1000))
    if "late" in statement:
        assert stored_steps(tmp_path / "run", "late") == list(range(10))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_of_multiprocessing_uploads_all_that_is_pending(tmp_path, method):
    script = f"""
        {LOGS}
        if __name__ == "__main__":
            child = multiprocessing.get_context({method!r}).Process(target=log, args=("bucket://" + sys.argv[1],))
            child.start()
            child.join()
            sys.exit(child.exitcode)
    """
    done = run(tmp_path, script, tmp_path / "run", prelude=PRELUDE + STORE)
    assert done.returncode == 0, done.stderr
    assert stored_steps(tmp_path / "run") == list(range(1000))


def test_a_forked_child_that_ends_by_itself_uploads_what_it_logged(tmp_path):
    script = f"""
        {LOGS}
        log("bucket://" + sys.argv[1])
        child = os.fork()
        if child == 0:
            for step in range(100): writer.add_scalar("child", 1.0, step)
            sys.exit(0)
        os.waitpid(child, 0)
    """
    done = run(tmp_path, script, tmp_path / "run", prelude=PRELUDE + STORE)
    assert done.returncode == 0, done.stderr
    assert stored_steps(tmp_path / "run") == list(range(1000))
    assert stored_steps(tmp_path / "run", "child") == list(range(100))


@pytest.mark.parametrize("how", ["time.sleep(60)", "raise_error()"], ids=["hangs", "fails"])
def test_a_hung_store_does_not_keep_the_process_alive_and_the_loss_is_logged(tmp_path, how):
    script = f"""
        from tensorboardX.background import progress
        progress.PATIENCE = 0.5
        writer = SummaryWriter("bucket://" + sys.argv[1])
        def raise_error(): raise OSError(errno.EIO, "broken")
        def fault(): {how}
        for step in range(100): writer.add_scalar("a", 1.0, step)
        # The thread of the event loop's executor that hangs would keep the process, were it not ended here.
        atexit.register(lambda: (print(writer.stats, flush=True), os._exit(0)))
        atexit.register(thread._close_all_at_exit)
    """
    prelude = PRELUDE + STORE + "from tensorboardX.background import thread\n"
    done = run(tmp_path, script, tmp_path / "run", prelude=prelude, timeout=50)
    assert "the process ends, and 100 events could not be written; they are lost" in done.stderr
    assert "written=0, dropped=100" in done.stdout


EXECUTOR_STORE = """
from concurrent.futures import ThreadPoolExecutor
from tensorboardX.record_writer import register_writer_factory
from tensorboardX.storage.memory import MemoryFile, MemoryStore
executor = ThreadPoolExecutor(1)
class UploadingFile(MemoryFile):
    def __init__(self, path, content):
        super().__init__(path, content)
        self.pending = b""
    def write(self, data): self.pending += data
    def flush(self):
        data, self.pending = self.pending, b""
        executor.submit(super().write, data).result()
    close = flush
class Store(MemoryStore):
    def open(self, path):
        super().open(path)
        return UploadingFile(path, self.files[path])
store = Store()
register_writer_factory("uploading", store)
def save():
    os.mkdir(sys.argv[1])
    for path, content in store.files.items():
        with open(os.path.join(sys.argv[1], path.rpartition("/")[2]), "wb") as file: file.write(content)
"""


def test_a_registered_factory_may_upload_through_an_executor(tmp_path):
    """As clients do that send parts of an object at once; `concurrent.futures` is imported after this package."""
    script = f"{LOGS}\n        log('uploading:x/run')\n        atexit.register(save)\n"
    done = run(tmp_path, script, tmp_path / "run", prelude=PRELUDE + EXECUTOR_STORE)
    assert done.returncode == 0, done.stderr
    assert stored_steps(tmp_path / "run") == list(range(1000))
