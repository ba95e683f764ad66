"""Locks on files: whom they exclude, how long they are waited for, and what becomes of them at a fork."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

import tensorboardX
from tensorboardX.storage import locks
from tensorboardX.storage.locks import ExclusiveLock, FileLock, LockingError, is_locked

posix = pytest.mark.skipif(os.name == "nt", reason="signals, forks and shared locks of POSIX")

PRELUDE = """
import os, signal, sys, time
from tensorboardX.storage import locks
from tensorboardX.storage.locks import ExclusiveLock, FileLock
path = sys.argv[1]
"""


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "lock")


@pytest.fixture
def start(path):
    """Start a program that uses the lock; it is killed at the end."""
    programs = []

    def start(text: str) -> subprocess.Popen[str]:
        environment = os.environ | {"PYTHONPATH": str(Path(tensorboardX.__file__).parents[1])}
        command = [sys.executable, "-c", PRELUDE + textwrap.dedent(text), path]
        pipe = subprocess.PIPE
        programs.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment))
        return programs[-1]

    yield start
    for program in programs:
        program.kill()
        program.communicate()


HOLD = """
    with ExclusiveLock(path, 5.0).hold() as lock:
        os.write(lock.descriptor, b"x")
        print(lock.descriptor, flush=True)
        sys.stdin.readline()
"""


def locked(path: str, *shared: bool) -> FileLock:
    lock = FileLock(path)
    lock.open(os.O_CREAT)
    assert lock.try_lock(*shared)
    return lock


# ---- exclusion


def test_an_exclusive_lock_excludes_every_other_one(path):
    lock = locked(path)
    other = FileLock(path)
    other.open()
    assert not other.try_lock()
    assert is_locked(path)
    lock.release()
    assert other.try_lock()
    other.release()
    assert not is_locked(path)
    assert not is_locked(path + "-missing")
    assert os.listdir(os.path.dirname(path)) == ["lock"]


@posix
def test_shared_locks_exclude_exclusive_ones_only(path):
    first, second = locked(path, True), locked(path, True)
    assert is_locked(path)
    first.release()
    assert is_locked(path)
    second.release()
    assert not is_locked(path)


def test_a_process_that_is_killed_holds_nothing(path, start):
    program = start(HOLD)
    program.stdout.readline()
    assert is_locked(path)
    program.kill()
    program.wait()
    assert not is_locked(path)


def test_an_empty_lock_file_is_deleted_at_the_end_and_any_other_is_kept(path):
    with ExclusiveLock(path, 1.0).hold():
        assert os.path.exists(path)
    assert not os.path.exists(path)
    with pytest.raises(KeyError), ExclusiveLock(path, 1.0).hold():
        raise KeyError
    assert not os.path.exists(path)
    with pytest.raises(FileNotFoundError), ExclusiveLock(path, 1.0).hold(create=False):
        pass
    with ExclusiveLock(path, 1.0).hold() as lock:
        os.write(lock.descriptor, b"x")
    assert os.path.exists(path)


ONE_AT_A_TIME = """
    for _ in range(200):
        with ExclusiveLock(path, 5.0).hold():  # which deletes the file
            os.close(os.open(path + "-held", os.O_CREAT | os.O_EXCL))
            os.unlink(path + "-held")
    print("done")
"""


def test_holders_that_delete_the_file_exclude_each_other_all_the_same(path, start):
    programs = [start(ONE_AT_A_TIME) for _ in range(6)]
    assert [program.communicate()[0] for program in programs] == ["done\n"] * 6
    assert os.listdir(os.path.dirname(path)) == []


def test_a_file_in_the_place_of_another_is_locked_already(path):
    with ExclusiveLock(path, 1.0).hold() as lock:
        os.write(lock.descriptor, b"old")
        os.link(path, path + "-other-name")
        new = FileLock(path + "-new")
        new.open(os.O_CREAT | os.O_EXCL)
        assert new.try_lock()
        os.write(new.descriptor, b"new")
        lock.replace_file(new)
        assert is_locked(path)
        assert os.pread(lock.descriptor, 9, 0) == b"new"
    assert not is_locked(path)
    assert Path(path).read_bytes() == b"new"
    assert Path(path + "-other-name").read_bytes() == b"old"
    assert len(os.listdir(os.path.dirname(path))) == 2


def test_a_file_system_without_locks_is_distinguished_from_other_errors(path, monkeypatch):
    def lock(descriptor, shared):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(locks, "_lock", lock)
    with pytest.raises(LockingError) as caught, ExclusiveLock(path, 1.0).hold():
        pass
    assert caught.value.errno in locks.NO_LOCKS
    assert not os.path.exists(path)


# ---- waiting


def test_a_holder_without_progress_times_out_and_is_not_waited_for_again(path, start):
    program = start(HOLD)
    program.stdout.readline()
    lock = ExclusiveLock(path, 0.5)
    for _ in range(3):
        with pytest.raises(TimeoutError, match="does nothing"), lock.hold():
            pass
    begin = time.monotonic()
    lock.patience = 1000.0  # not exhausted, so the next wait ends with the program's
    os.utime(path)  # that is progress
    program.stdin.write("\n")
    program.stdin.flush()
    with lock.hold():
        pass
    assert time.monotonic() - begin < 60


def test_waiting_is_no_error_while_the_holder_makes_progress(path):
    held, done = threading.Event(), threading.Event()

    def work() -> None:
        with ExclusiveLock(path, 1.0).hold() as lock:
            for _ in range(150):
                os.write(lock.descriptor, b"x")
                held.set()
                time.sleep(0.02)
            done.set()

    thread = threading.Thread(target=work)
    thread.start()
    held.wait()
    seen = []
    with ExclusiveLock(path, 1.0, on_progress=lambda: seen.append(1)).hold():
        assert done.is_set()
    thread.join()
    assert len(seen) > 10


def test_waiting_for_a_lock_is_bounded_in_any_case(path, monkeypatch):
    monkeypatch.setattr(locks, "_LONGEST_WAIT", 0.5)
    lock = locked(path)
    state = iter(range(10**9))
    waiting = ExclusiveLock(path, 1000.0, lambda: next(state))
    with pytest.raises(TimeoutError, match=r"others have kept it locked for 0\.5 s"), waiting.hold():
        pass
    lock.release()


@posix
def test_the_time_in_which_a_process_is_suspended_is_no_waiting(path, start):
    lock = locked(path)
    program = start("""
        print("waits", flush=True)
        with ExclusiveLock(path, 2.0).hold():
            print("got it")
    """)
    program.stdout.readline()
    time.sleep(0.3)
    program.send_signal(signal.SIGSTOP)
    time.sleep(3)
    program.send_signal(signal.SIGCONT)
    time.sleep(0.3)
    lock.release()
    assert program.communicate()[0] == "got it\n"


def test_a_lock_on_a_deleted_file_blocks_no_other_lock(path, start):
    program = start(HOLD)
    program.stdout.readline()
    unlink = threading.Timer(0.3, os.unlink, [path])
    unlink.start()
    with ExclusiveLock(path, 60.0).hold():
        assert program.poll() is None
    unlink.join()


def test_the_program_s_random_numbers_are_its_own(path):
    lock = locked(path)
    random.seed(1)
    state = random.getstate()
    with pytest.raises(TimeoutError), ExclusiveLock(path, 0.05).hold():
        pass
    assert random.getstate() == state
    lock.release()


# ---- descriptors and forks


@posix
@pytest.mark.parametrize("end", ["release", "close", "unlink"])
def test_a_descriptor_that_the_program_uses_for_another_file_is_left_alone(path, end):
    lock = locked(path)
    number = lock.descriptor
    program = os.open(path + "-program", os.O_RDWR | os.O_CREAT)
    os.dup2(program, number)  # closes ours
    locks._lock(number, False)
    assert lock.stat() is None
    getattr(lock, end)()
    assert os.path.samestat(os.fstat(number), os.fstat(program))
    assert is_locked(path + "-program")
    assert os.path.exists(path)
    for descriptor in (number, program):
        os.close(descriptor)


@posix
def test_a_descriptor_that_the_program_uses_stays_open_in_a_fork_s_child(path, start):
    program = start("""
        lock = FileLock(path)
        lock.open(os.O_CREAT)
        number = lock.descriptor
        os.dup2(os.open(path + "-program", os.O_RDWR | os.O_CREAT), number)
        if os.fork() == 0:
            os.write(number, b"x")
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.wait()[1]))
    """)
    assert program.communicate()[0] == "0\n"
    assert Path(path + "-program").read_bytes() == b"x"


@posix
def test_a_fork_s_child_keeps_no_lock_of_its_parent(path, start):
    program = start("""
        with ExclusiveLock(path, 5.0).hold() as lock:
            os.write(lock.descriptor, b"x")
            child = os.fork()
            if child == 0:
                signal.alarm(60)
                print(os.getpid(), flush=True)
                os.close(1)
                signal.pause()
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    child = int(program.stdout.readline())
    program.wait()
    try:
        os.kill(child, 0)  # it is there
        assert not is_locked(path)
    finally:
        os.kill(child, signal.SIGKILL)


@posix
def test_nor_does_one_that_is_forked_just_after_the_file_was_opened(path, start):
    """Another thread forks before the descriptor is noted, so that the child does not know that it is to close it."""
    program = start("""
        import threading
        plain, children = locks.open_trusted, []

        def fork():
            child = os.fork()
            if child == 0:
                signal.alarm(60)
                os.close(1)
                signal.pause()
            children.append(child)

        def open_trusted(path, flags):
            descriptor = plain(path, flags)
            if not children:
                thread = threading.Thread(target=fork)
                thread.start()
                thread.join()
            return descriptor

        locks.open_trusted = open_trusted
        with ExclusiveLock(path, 5.0).hold() as lock:
            os.write(lock.descriptor, b"x")
            print(*children, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    (child,) = map(int, program.communicate()[0].split())
    try:
        os.kill(child, 0)  # it is there
        assert not is_locked(path)
    finally:
        os.kill(child, signal.SIGKILL)


@posix
def test_a_fork_that_waits_for_the_opening_thread_delays_it_only(path):
    locks._forks.running.add(-1)  # a thread whose hook before the fork waits for this one
    try:
        with ExclusiveLock(path, 1.0).hold():
            assert is_locked(path)
    finally:
        locks._forks.running.clear()


@posix
def test_a_link_in_the_place_of_the_file_is_not_followed(path, tmp_path):
    os.symlink(tmp_path / "made-elsewhere", path)
    with pytest.raises(OSError, match="symbolic link"), ExclusiveLock(path, 1.0).hold():
        pass
    assert os.listdir(tmp_path) == ["lock"]
