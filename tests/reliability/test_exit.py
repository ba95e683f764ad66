"""However a process ends, what it logged is written where Python still runs, and nothing keeps it from ending."""

import signal
import sys

import pytest
from judge import steps
from processes import DEAD_STORE, PRELUDE, run

BOUND = 5.0  # seconds, as documented
SLACK = 10.0  # for starting Python on a busy machine

LOGS = """
    writer = SummaryWriter(sys.argv[1])
    for step in range(5_000):
        writer.add_scalar("a", 1.0, step)
"""

ENDS = {
    "normally": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "uncaught exception": ("raise RuntimeError('a bug')", 1),
    "KeyboardInterrupt": ("signal.raise_signal(signal.SIGINT)", -signal.SIGINT),
    "os._exit after flush": ("writer.flush(); os._exit(4)", 4),
    "os._exit after close": ("writer.close(); os._exit(4)", 4),
    "closed in a signal handler": (
        "signal.signal(signal.SIGTERM, lambda *_: (writer.close(), sys.exit(5))); signal.raise_signal(signal.SIGTERM)",
        5,
    ),
    "unreachable": ("del writer", 0),
    "collected in a cycle": ("cycle = [writer]; cycle.append(cycle); del writer, cycle; gc.collect()", 0),
    "in a thread that outlives the main one": (
        "threading.Thread(target=lambda: (time.sleep(0.3), writer.add_scalar('late', 1.0, 1))).start()",
        0,
    ),
    "in an atexit function": ("atexit.register(lambda: writer.add_scalar('late', 1.0, 1))", 0),
}


@pytest.mark.parametrize("end", ENDS)
def test_all_pending_events_are_written(tmp_path, end):
    statement, status = ENDS[end]
    done = run(tmp_path, f"{LOGS}\n    {statement}\n", tmp_path / "run")
    assert done.returncode == status, done.stderr
    assert steps(tmp_path / "run") == list(range(5_000))
    if "late" in statement:
        assert steps(tmp_path / "run", "late") == [1]


def test_atexit_functions_that_run_after_ours_log_too(tmp_path):
    script = """
        import atexit, sys
        def late():
            for step in range(100):
                open_writer.add_scalar("a", 1.0, step)
            closed_writer.add_scalar("b", 1.0, 1)
            new_writer = SummaryWriter(sys.argv[1])
            new_writer.add_scalar("c", 1.0, 1)
        atexit.register(late)
        from tensorboardX import SummaryWriter
        open_writer, closed_writer = SummaryWriter(sys.argv[1]), SummaryWriter(sys.argv[1])
        closed_writer.close()
    """
    done = run(tmp_path, script, tmp_path / "run", prelude="")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert steps(tmp_path / "run") == list(range(100))
    assert steps(tmp_path / "run", "b") == steps(tmp_path / "run", "c") == [1]


def test_terminated_process_has_written_what_is_older_than_a_second(tmp_path):
    done = run(tmp_path, f"{LOGS}\n    time.sleep(1.5)\n    os.kill(os.getpid(), signal.SIGTERM)\n", tmp_path / "run")
    assert done.returncode == -signal.SIGTERM
    assert steps(tmp_path / "run") == list(range(5_000))


def test_daemon_threads_that_still_log_do_not_disturb_the_end(tmp_path):
    script = """
        writer = SummaryWriter(sys.argv[1])
        def log(tag):
            for step in range(10**9):
                writer.add_scalar(tag, 1.0, step)
                if step > 1000: time.sleep(0.001)
        for number in range(4):
            threading.Thread(target=log, args=(f"daemon{number}",), daemon=True).start()
        time.sleep(0.3)
        for step in range(1000):
            writer.add_scalar("a", 1.0, step)
    """
    done = run(tmp_path, script, tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert steps(tmp_path / "run") == list(range(1000))
    for number in range(4):
        found = steps(tmp_path / "run", f"daemon{number}")
        assert found == list(range(len(found)))  # as far as the thread came; nothing twice, no gap


def test_finalizers_after_the_end_do_not_hang(tmp_path):
    script = """
        class Model:
            def __init__(self): self.writer = SummaryWriter(sys.argv[1])
            def __del__(self):
                self.writer.add_scalar("a", 1.0, 1); self.writer.flush(); self.writer.close()
        def log():
            while True: model.writer.add_scalar("daemon", 1.0, 1)
        model = sys.model = Model()
        threading.Thread(target=log, daemon=True).start()
        time.sleep(0.1)
    """
    assert run(tmp_path, script, tmp_path / "run", timeout=30).returncode == 0


LAST_WORD = """
import atexit, time
atexit.register(lambda: print(time.monotonic() - begin))  # before the package registers its own, so it runs after
"""
DEAD = {
    "blocked": "store.always = dead",
    "failing": "store.always = fail(errno.EIO)",
}
LAST_STEPS = {
    "a pending event": "writer.add_scalar('a', 1.0, 1)",
    "a full queue": "[writer.add_scalar('a', 1.0, step) for step in range(5000)]",
    "a hundred files": "[writer.add_scalars('a', {str(n): 1.0}, 1) for n in range(100)]",
    "many runs": "[w.add_scalar('a', 1.0, 1) for w in writers]",
    "a daemon thread in flush": (
        "writer.add_scalar('a', 1.0, 1); threading.Thread(target=writer.flush, daemon=True).start()"
    ),
    "a collected writer": "writer.add_scalar('a', 1.0, 1); del writer; gc.collect()",
    "a finalizer": "writer.add_scalar('a', 1.0, 1); sys.keep = writer",
    "close": "[writer.add_scalars('a', {str(n): 1.0}, 1) for n in range(100)]; writer.close()",
    "flush": "[writer.add_scalars('a', {str(n): 1.0}, 1) for n in range(100)]; writer.flush(); writer.flush()",
}


@pytest.mark.parametrize("fault", DEAD)
@pytest.mark.parametrize(("last", "patience"), [*((last, 0.3) for last in LAST_STEPS), ("a full queue", BOUND)])
def test_the_process_ends_although_the_store_hangs(tmp_path, fault, last, patience):
    script = f"""
        from tensorboardX.background import progress
        progress.PATIENCE = {patience}
        writers = [SummaryWriter(f"faulty:{{number}}") for number in range(10)]
        writer = SummaryWriter("faulty:run", on_full="drop", max_queue_bytes=1 << 19)
        begin = time.monotonic()
        {DEAD[fault]}
        {LAST_STEPS[last]}
    """
    prelude = LAST_WORD + PRELUDE + DEAD_STORE
    done = run(tmp_path, script, prelude=prelude)
    assert done.returncode == 0, done.stderr
    assert "program.py" not in done.stderr  # no traceback
    assert float(done.stdout) < patience + SLACK


def test_slow_store_is_waited_for_as_long_as_it_makes_progress(tmp_path):
    script = """
        from tensorboardX.background import progress
        progress.PATIENCE = 2.0
        writer = SummaryWriter("faulty:run")
        store.always = slow(bytes_per_second=500_000)
        for step in range(30_000):
            writer.add_scalar("a", 1.0, step)
    """
    prelude = "import atexit, sys, time\natexit.register(lambda: store.save(sys.argv[1]))\n" + PRELUDE + DEAD_STORE
    done = run(tmp_path, script, tmp_path, prelude=prelude)
    assert done.returncode == 0, done.stderr
    assert steps(tmp_path / "run") == list(range(30_000))


if sys.version_info >= (3, 12):

    def test_no_thread_can_start_any_more(tmp_path):
        """From Python 3.12 on a thread cannot start at shutdown: whoever logs then writes by itself."""
        script = """
            def late():
                writer = SummaryWriter(sys.argv[1])
                for step in range(100):
                    writer.add_scalar("a", 1.0, step)
                writer.close()
            atexit.register(late)
        """
        assert run(tmp_path, script, tmp_path / "run").returncode == 0
        assert steps(tmp_path / "run") == list(range(100))


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")
def test_programs_of_these_tests_hear_ctrl_c_wherever_the_tests_were_started(tmp_path):
    """A shell ignores SIGINT for what it starts in the background, and whoever is started from there ignores it too."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        done = run(tmp_path, "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)")
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.stdout == "True\n"
