"""Runs in S3 and in Google Cloud Storage, through the clients that users have, on real servers."""

from __future__ import annotations

import subprocess
import threading

import pytest
from processes import PRELUDE, environment, run, write_script
from support.object_stores import without_endpoints
from test_object_stores import ENDS, LOGS, stored_steps


@pytest.fixture
def execute(object_server, tmp_path):
    """`execute(script, *arguments, **environment)` runs a program as a client of the server."""

    def start(script, *arguments, timeout=90, without=(), **changes):
        env = without_endpoints() | object_server.environment | {"PYTHONPATH": environment()["PYTHONPATH"]} | changes
        for name in without:
            env.pop(name, None)
        return run(tmp_path, script, *arguments, timeout=timeout, python=object_server.python, env=env)

    return start


@pytest.fixture
def url(object_server, request):
    return f"{object_server.scheme}://bucket/{_name(request)}"


@pytest.fixture
def stored(object_server, request, tmp_path):
    """`stored()` returns the directory with what the server has of the run."""
    return lambda: object_server.save(_name(request), tmp_path / "stored")


def _name(request):
    return "".join(character if character.isalnum() else "_" for character in request.node.name)


@pytest.mark.parametrize("end", ENDS)
def test_all_pending_events_are_in_the_store(execute, url, stored, end):
    statement, status = ENDS[end]
    done = execute(f"{LOGS}\n        log(sys.argv[1])\n        {statement}\n", url)
    assert done.returncode == status, done.stderr
    assert "cannot upload" not in done.stderr
    assert stored_steps(stored()) == list(range(1000))
    if "late" in statement:
        assert stored_steps(stored(), "late") == list(range(10))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_of_multiprocessing_leaves_nothing_behind(execute, url, stored, method):
    script = f"""
        {LOGS}
        if __name__ == "__main__":
            log(sys.argv[1] + "/parent")
            child = multiprocessing.get_context({method!r}).Process(target=log, args=(sys.argv[1] + "/child",))
            child.start()
            child.join()
            sys.exit(child.exitcode)
    """
    done = execute(script, url)
    assert done.returncode == 0, done.stderr
    for who in ("parent", "child"):
        assert stored_steps(stored() / who) == list(range(1000))


@pytest.mark.parametrize("fault", ["no bucket", "no credentials"])
def test_a_place_that_cannot_be_written_raises_at_construction(execute, object_server, fault):
    if fault == "no credentials" and object_server.scheme == "gs":
        pytest.skip("the server asks for none")
    url = f"{object_server.scheme}://{'missing' if fault == 'no bucket' else 'bucket'}/run"
    without = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") if fault == "no credentials" else ()
    done = execute("SummaryWriter(sys.argv[1])", url, without=without)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("tensorboardX.errors.LogdirError:")
    assert f"cannot log to '{url}': cannot upload" in last


FAILING = """
        import resource
        import fsspec, numpy as np
        name = sys.argv[1].partition("://")[2].partition("/")[0]
        store = fsspec.filesystem(sys.argv[1].partition("://")[0], skip_instance_cache=True)
        store.mkdir(name)
        writer = SummaryWriter(sys.argv[1])
        store.invalidate_cache()
        store.rm(name, recursive=True)
"""


def test_what_a_failing_store_does_not_take_is_bounded_and_dropped(execute, object_server):
    script = f"""
        {FAILING}
        image = np.random.default_rng(0).integers(0, 256, (3, 512, 512), dtype=np.uint8)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for step in range(600):
            writer.add_image("image", image, step)
        writer.close()
        stats = writer.stats
        print(stats.written, stats.dropped, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
    """
    done = execute(script, f"{object_server.scheme}://vanishing/run", timeout=300)
    written, dropped, grown = map(int, done.stdout.split())
    assert (written, dropped) == (0, 600), done.stderr
    assert grown < 250  # MiB; 450 were logged


def test_epochs_on_a_failing_store_cost_one_wait(execute, object_server):
    script = f"""
        from tensorboardX.background import progress
        progress.PATIENCE = 2.0
        {FAILING}
        for epoch in range(6):
            for step in range(1000):
                writer.add_scalar("a", 1.0, step)
            before = writer.stats.errors
            writer.flush()
            print(writer.stats.written, writer.stats.dropped, writer.stats.errors - before)
        writer.close()
        print(writer.stats.written, writer.stats.dropped)
    """
    done = execute(script, f"{object_server.scheme}://vanishing/run")
    *flushes, closed = [line.split() for line in done.stdout.splitlines()]
    assert closed == ["0", "6000"], done.stderr
    assert len(flushes) == 6
    for written, dropped, errors in flushes[1:]:
        assert (written, dropped) == ("0", "0")
        assert int(errors) <= 2


def test_containers_of_one_host_name_and_process_id_do_not_meet(object_server, url, stored, tmp_path):
    script = """
        import socket
        socket.gethostname, os.getpid, time.time = lambda: "host", lambda: 1, lambda: 2_000_000_000.0
        writer = SummaryWriter(sys.argv[1])
        for step in range(100):
            writer.add_scalar(sys.argv[2], 1.0, step)
        writer.close()
    """
    path = write_script(tmp_path, script, PRELUDE)
    env = without_endpoints() | object_server.environment | {"PYTHONPATH": environment()["PYTHONPATH"]}
    commands = [[str(object_server.python), str(path), url, f"of_{number}"] for number in range(3)]
    started = [subprocess.Popen(command, env=env) for command in commands]
    timers = [threading.Timer(90, process.kill) for process in started]
    for timer in timers:
        timer.start()
    assert [process.wait() for process in started] == [0, 0, 0]
    for timer in timers:
        timer.cancel()
    for number in range(3):
        assert stored_steps(stored(), f"of_{number}") == list(range(100))


EVENTS_AND_EMBEDDINGS = """
        for package in sys.argv[2:]:
            sys.modules[package] = None
        with SummaryWriter(sys.argv[1]) as writer:
            writer.add_scalar("a", 1.0, 1)
            writer.flush()
            writer.add_scalar("a", 1.0, 2)
            writer.add_embedding([[1.0, 2.0], [3.0, 4.0]], ["x", "y"], tag="one")
            writer.add_embedding([[1.0, 2.0], [3.0, 4.0]], ["x", "y"], tag="two")
            writer.close()
        print(writer.stats.written)
"""


@pytest.mark.parametrize("packages", ["those of fsspec", "those of the original"])
def test_events_and_embeddings_are_stored_by_the_packages_that_there_are(execute, object_server, url, stored, packages):
    hidden = () if packages == "those of fsspec" else ("s3fs", "gcsfs")
    done = execute(EVENTS_AND_EMBEDDINGS, url, *hidden)
    assert done.stdout == "2\n", done.stderr
    assert stored_steps(stored()) == [1, 2]
    config = (stored() / "projector_config.pbtxt").read_text()
    assert [f'"{tag}:00000"' in config for tag in ("one", "two")] == [True, True]
    assert (stored() / "00000/two/metadata.tsv").read_text() == "x\ny\n"


@pytest.mark.parametrize("packages", ["those of fsspec", "those of the original"])
def test_s3_endpoint_is_where_events_and_embeddings_go(execute, object_server, url, stored, packages):
    if object_server.scheme != "s3":
        pytest.skip("of S3")
    hidden = () if packages == "those of fsspec" else ("s3fs",)
    done = execute(EVENTS_AND_EMBEDDINGS, url, *hidden, without=("AWS_ENDPOINT_URL",), S3_ENDPOINT=object_server.url)
    assert done.stdout == "2\n", done.stderr
    assert stored_steps(stored()) == [1, 2]
    assert (stored() / "projector_config.pbtxt").exists()


def test_what_no_server_has_is_not_counted_as_written(execute, object_server, url, tmp_path):
    """The server ends while the writer is open."""
    script = """
        from tensorboardX.background import progress
        progress.PATIENCE = 1.0
        writer = SummaryWriter(sys.argv[1])
        writer.add_scalar("a", 1.0, 1)
        writer.flush()
        print(writer.stats.written, flush=True)
        os.kill(int(sys.argv[2]), signal.SIGKILL)
        writer.add_scalar("a", 1.0, 2)
        writer.flush()
        writer.close()
        print(writer.stats.written, flush=True)
        atexit.register(lambda: (print(writer.stats, flush=True), os._exit(0)))
        atexit.register(thread._close_all_at_exit)
    """
    try:
        script = "        from tensorboardX.background import thread\n" + script
        done = execute(script, url, object_server._process.pid)
    finally:
        object_server.stop()
        object_server.start()
    assert done.stdout.splitlines()[:2] == ["1", "1"], done.stderr
    assert "written=1, dropped=1" in done.stdout
    assert "are lost" in done.stderr
