"""Children log to files of their own and never touch what is their parent's; copies of writers go on in the run."""

import copy
import multiprocessing
import os
import pickle
import re

import pytest
from judge import event_files, file_scalars, scalars, steps
from processes import DEAD_STORE, PRELUDE, run

from tensorboardX import SummaryWriter

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

JOIN = """
def join(pid, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done: return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    sys.exit("a child hangs")
"""


def check_files_are_of_one_process_each(logdir):
    """The tag of every event begins with the id of the process that logged it, and so does the file's name say."""
    for path in event_files(logdir):
        (pid,) = re.findall(r"\.(\d+)\.\d+$", path.name)
        assert {scalar.tag.split("/")[0] for scalar in file_scalars(path)} <= {pid}


@needs_fork
def test_children_of_a_program_that_logs_all_the_time(tmp_path):
    script = """
        writer = SummaryWriter(sys.argv[1])
        done = False
        def log(tag):
            step = 0
            while not done:
                writer.add_scalar(tag, 1.0, step)
                step += 1
                if step % 10 == 0: time.sleep(0.001)
        threads = [threading.Thread(target=log, args=(f"{os.getpid()}/{n}",)) for n in range(4)]
        for thread in threads: thread.start()
        children = []
        for number in range(20):
            pid = os.fork()
            if pid == 0:
                for step in range(100):
                    writer.add_scalar(f"{os.getpid()}/child", 1.0, step)
                [writer.flush, writer.close][number % 2]()
                os._exit(0)
            children.append(pid)
        assert [join(pid) for pid in children] == [0] * 20
        done = True
        for thread in threads: thread.join()
    """
    done = run(tmp_path, script, tmp_path / "run", prelude=PRELUDE + JOIN)
    assert done.returncode == 0, done.stderr
    check_files_are_of_one_process_each(tmp_path / "run")
    found = scalars(tmp_path / "run")
    assert len(set(found)) == len(found)
    assert sum(scalar.tag.endswith("child") for scalar in found) == 20 * 100
    for number in range(4):
        mine = [scalar.step for scalar in found if scalar.tag.endswith(f"/{number}")]
        assert mine == list(range(len(mine)))


@needs_fork
def test_fork_while_every_lock_is_held(tmp_path):
    script = """
        from tensorboardX.storage.descriptors import open_files
        writer = SummaryWriter(sys.argv[1])
        writer.add_scalar(f"{os.getpid()}/a", 1.0, 1)
        queue = writer.file_writer.queue
        held, release = threading.Event(), threading.Event()
        def hold():
            with queue._lock, queue._draining, queue._thread._lock, queue._thread.memory._lock, open_files._lock:
                held.set()
                release.wait()
        holder = threading.Thread(target=hold)
        holder.start()
        held.wait()
        pid = os.fork()
        if pid == 0:
            for step in range(100):
                writer.add_scalar(f"{os.getpid()}/a", 1.0, step)
                writer.add_scalars(f"{os.getpid()}/b", {"x": 1.0}, step)
            writer.close()
            os._exit(0)
        status = join(pid)
        release.set()
        holder.join()
        sys.exit(status)
    """
    done = run(tmp_path, script, tmp_path / "run", prelude=PRELUDE + JOIN)
    assert done.returncode == 0, done.stderr
    check_files_are_of_one_process_each(tmp_path / "run")
    assert len(scalars(tmp_path / "run")) == 201


@needs_fork
def test_pending_events_of_the_parent_are_written_once(tmp_path):
    """The queue is full of them when the child comes to life; the child ends in every way there is."""
    script = """
        store.always = slow(0.2)
        writer = SummaryWriter(sys.argv[1])
        slow_writer = SummaryWriter("faulty:run")
        ends = [sys.exit, os._exit, lambda status: writer.close(), lambda status: None, lambda status: os.fork()]
        for end in ends:
            for step in range(1000): writer.add_scalar(f"{os.getpid()}/{step}", 1.0, ends.index(end))
            slow_writer.add_scalar("a", 1.0, ends.index(end))
            pid = os.fork()
            if pid == 0:
                end(0)
                sys.exit(0)
            assert join(pid) == 0
        slow_writer.close()
        store.save(sys.argv[2])
    """
    done = run(tmp_path, script, tmp_path / "run", tmp_path / "slow", prelude=PRELUDE + JOIN + DEAD_STORE)
    assert done.returncode == 0, done.stderr
    found = scalars(tmp_path / "run")
    assert len(found) == len(set(found)) == 5000
    assert len(event_files(tmp_path / "run")) == 1
    assert steps(tmp_path / "slow") == list(range(5))


@needs_fork
def test_fork_of_a_fork(tmp_path):
    script = """
        writer = SummaryWriter(sys.argv[1])
        def log(depth):
            for step in range(50): writer.add_scalar(f"{os.getpid()}/{depth}", 1.0, step)
            if depth == 4: return
            pid = os.fork()
            if pid == 0:
                log(depth + 1)
                sys.exit(0)
            for step in range(50, 100): writer.add_scalar(f"{os.getpid()}/{depth}", 1.0, step)
            assert join(pid) == 0
        log(0)
    """
    done = run(tmp_path, script, tmp_path / "run", prelude=PRELUDE + JOIN)
    assert done.returncode == 0, done.stderr
    check_files_are_of_one_process_each(tmp_path / "run")
    assert len(event_files(tmp_path / "run")) == 5
    assert len(scalars(tmp_path / "run")) == 4 * 100 + 50


@needs_fork
def test_fork_while_the_store_hangs(tmp_path):
    script = """
        writer = SummaryWriter("faulty:run")
        store.always = dead
        writer.add_scalar("a", 1.0, 1)
        time.sleep(0.2)
        pid = os.fork()
        if pid == 0:
            other = SummaryWriter(sys.argv[1])
            other.add_scalar("a", 1.0, 1)
            other.close()
            sys.exit(0)
        assert join(pid) == 0
        os._exit(0)
    """
    done = run(tmp_path, script, tmp_path / "run", prelude=PRELUDE + JOIN + DEAD_STORE)
    assert done.returncode == 0, done.stderr
    assert steps(tmp_path / "run") == [1]


CHILDREN = """
def log(writer, last):
    for step in range(1000):
        writer.add_scalar(f"{os.getpid()}/a", 1.0, step)
    if last == "raise": raise RuntimeError("a bug")
    if last == "exit": sys.exit(3)
    if last == "os._exit": writer.flush(); os._exit(4)
    if last == "thread": threading.Thread(target=log_late, args=(writer,)).start()
    if last == "unreachable": return
    if last == "keep": sys.keep = writer

def log_late(writer):
    time.sleep(0.3)
    for step in range(1000, 1010):
        writer.add_scalar(f"{os.getpid()}/a", 1.0, step)

def main():
    context = multiprocessing.get_context(sys.argv[2])
    writer = SummaryWriter(sys.argv[1])
    writer.add_scalar(f"{os.getpid()}/a", 1.0, 1)
    lasts = ["return", "raise", "exit", "os._exit", "thread", "unreachable", "keep"]
    children = [context.Process(target=log, args=(writer, last)) for last in lasts]
    for child in children: child.start()
    for child in children: child.join(40)
    assert [child.exitcode for child in children] == [0, 1, 3, 4, 0, 0, 0], [child.exitcode for child in children]
    with context.Pool(2) as pool:
        pool.map(log_pooled, [sys.argv[1]] * 4)
        pool.close()
        pool.join()

def log_pooled(logdir):
    writer = SummaryWriter(logdir)
    for step in range(100):
        writer.add_scalar(f"{os.getpid()}/pool", 1.0, step)

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_children_of_multiprocessing_lose_nothing(tmp_path, method):
    """They leave through os._exit, which runs no atexit functions."""
    done = run(tmp_path, "", tmp_path / "run", method, prelude=PRELUDE + CHILDREN)
    assert done.returncode == 0, done.stderr
    check_files_are_of_one_process_each(tmp_path / "run")
    found = scalars(tmp_path / "run")
    assert sum(scalar.tag.endswith("/a") for scalar in found) == 7 * 1000 + 10 + 1
    assert sum(scalar.tag.endswith("/pool") for scalar in found) == 400


ARGUMENTS = """
from tensorboardX import FileWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary

def scalar():
    return Summary(value=[Summary.Value(tag=f"{os.getpid()}/a", simple_value=1.0)])

def log_events(writer):
    for step in range(1000): writer.add_event(Event(step=step, summary=scalar()))

def log_summaries(writer):
    for step in range(1000): writer.add_summary(scalar(), step)

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[2])
    writer = FileWriter(sys.argv[1])
    arguments = [(log_summaries, writer), (log_events, writer.event_writer)]
    children = [context.Process(target=log, args=(argument,)) for log, argument in arguments]
    for child in children: child.start()
    for child in children: child.join(40)
    assert [child.exitcode for child in children] == [0, 0], [child.exitcode for child in children]
"""


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_writers_of_events_that_are_arguments_of_children(tmp_path, method):
    """Their queue begins while the child unpickles its arguments, before it is marked as a child."""
    done = run(tmp_path, "", tmp_path / "run", method, prelude=PRELUDE + ARGUMENTS)
    assert done.returncode == 0, done.stderr
    check_files_are_of_one_process_each(tmp_path / "run")
    assert sorted(scalar.step for scalar in scalars(tmp_path / "run")) == sorted([*range(1000)] * 2)


def test_workers_of_a_data_loader(tmp_path):
    pytest.importorskip("torch")
    script = """
        from torch.utils.data import DataLoader, Dataset

        class Numbers(Dataset):
            def __init__(self, writer): self.writer = writer
            def __len__(self): return 64
            def __getitem__(self, index):
                self.writer.add_scalar(f"{os.getpid()}/sample", float(index), index)
                return index

        if __name__ == "__main__":
            writer = SummaryWriter(sys.argv[1])
            for epoch in range(2):
                for batch in DataLoader(Numbers(writer), batch_size=8, num_workers=2):
                    writer.add_scalar(f"{os.getpid()}/batch", 1.0, int(batch[0]))
    """
    done = run(tmp_path, script, tmp_path / "run", timeout=120)
    assert done.returncode == 0, done.stderr
    check_files_are_of_one_process_each(tmp_path / "run")
    found = scalars(tmp_path / "run")
    assert sorted(int(scalar.value) for scalar in found if scalar.tag.endswith("sample")) == sorted([*range(64)] * 2)
    assert sum(scalar.tag.endswith("batch") for scalar in found) == 16


@needs_fork
def test_a_child_needs_no_lock_that_a_thread_of_its_parent_had(tmp_path):
    """The threads of the parent are within the look at the mount table, and within a reading of the clock."""
    script = """
        import tensorboardX.storage.local as local
        from tensorboardX.background.clock import RunningClock
        from tensorboardX.background import clock
        held, done = threading.Barrier(3), threading.Event()
        def wait(*_):
            held.wait()
            done.wait()
            return True
        is_local, local.is_local = local.is_local, wait
        def read_clock():
            with clock.now.__self__._lock: wait()
        files = [local.LocalFile(f"{sys.argv[1]}/{name}") for name in "ab"]
        def look(): files[0].is_on_local_disk
        threads = [threading.Thread(target=target) for target in (look, read_clock)]
        for thread in threads: thread.start()
        held.wait()
        local.is_local = is_local
        pid = os.fork()
        if pid == 0:
            files[1].is_on_local_disk
            clock.now()
            with SummaryWriter(f"{sys.argv[1]}/run") as writer:
                writer.add_scalar("child", 1.0, 1)
                writer.flush()
            os._exit(0)
        status = join(pid)
        done.set()
        for thread in threads: thread.join()
        sys.exit(status)
    """
    done = run(tmp_path, script, tmp_path, prelude=PRELUDE + JOIN)
    assert done.returncode == 0, done.stderr
    assert steps(tmp_path / "run", "child") == [1]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda writer: pickle.loads(pickle.dumps(writer))])
def test_copies_go_on_in_files_of_their_own(tmp_path, duplicate):
    with SummaryWriter(tmp_path, max_queue_bytes=1 << 20, on_full="drop") as writer:
        writer.add_scalar("a", 1.0, 1)
        writer.add_scalars("s", {"x": 1.0}, 1)
        with duplicate(writer) as other:
            assert other.kwargs == writer.kwargs
            other.add_scalar("a", 2.0, 2)
            writer.add_scalar("a", 3.0, 3)
        writer.add_scalar("a", 4.0, 4)
    assert sorted(steps(tmp_path)) == [1, 2, 3, 4]
    assert sorted(sorted(scalar.step for scalar in file_scalars(path)) for path in tmp_path.glob("*tfevents*")) == [
        [1, 3, 4],
        [2],
    ]


def test_parts_of_a_writer_can_be_copied_too(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        for part in (writer.file_writer, writer.file_writer.event_writer):
            other = pickle.loads(pickle.dumps(part))
            assert other.get_logdir() == str(tmp_path)
            other.close()


@pytest.mark.parametrize("start", ["fork", "spawn", "forkserver"])
def test_a_thread_that_begins_to_log_after_the_end_of_the_main_thread_of_a_child(tmp_path, start):
    script = """
        def work(writer):
            end = threading.Event()
            sys.modules["multiprocessing.util"].Finalize(None, end.set, exitpriority=-1)  # the last to be called
            def log():
                end.wait()
                for step in range(100): writer.add_scalar("a", 1.0, step)
            threading.Thread(target=log).start()
        if __name__ == "__main__":
            writer = SummaryWriter(sys.argv[1])
            child = multiprocessing.get_context(sys.argv[2]).Process(target=work, args=(writer,))
            child.start()
            child.join()
            sys.exit(child.exitcode)
    """
    done = run(tmp_path, script, tmp_path / "run", start)
    assert done.returncode == 0, done.stderr
    assert steps(tmp_path / "run") == list(range(100))
