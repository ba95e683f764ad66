"""Rank 0 writes what is known of all ranks: judged by TensorBoard, with processes of their own for the ranks."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import threading
import time

import numpy as np
import pytest
from support import events, served
from support.ranks import end, run, save, start

from tensorboardX import SummaryWriter
from tensorboardX.testing import read_events

RANKS = """
    import os, sys, time
    from tensorboardX import SummaryWriter
    rank, steps, pause = int(os.environ["RANK"]), int(sys.argv[2]), float(sys.argv[3])
    writer = SummaryWriter(sys.argv[1], distributed="per_rank", reduce=["loss", "time/*"])
    for step in range(steps):
        taken = pause * (1.3 if os.environ.get("SLOW") == str(rank) else 1)
        time.sleep(taken)
        writer.add_scalar("loss", (rank * 3 + step) % 7, step)
        writer.add_scalar("time/data", taken, step)
        writer.add_scalar("accuracy", rank, step)
        writer.add_image("image", [[rank / 4]], step, dataformats="HW")
    if sys.argv[4:] != ["leave"]:
        writer.close()
"""


@pytest.fixture
def program(tmp_path):
    return save(tmp_path, RANKS)


def expected(world_size, steps):
    values = np.array([[(rank * 3 + step) % 7 for rank in range(world_size)] for step in range(steps)])
    numbers = {"min": values.min(1), "mean": values.mean(1), "max": values.max(1), "max_rank": values.argmax(1)}
    return {
        f"loss/{name}": [(step, float(np.float32(value))) for step, value in enumerate(series)]
        for name, series in numbers.items()
    }


@pytest.mark.parametrize("how", ["close", "leave"])
def test_the_run_of_all_ranks_is_served(tensorboard, tmp_path, program, how):
    """Also without `close`, at the end of the process."""
    run(program, 3, tmp_path / "run", 40, 0.005, how)
    found = served.scalars(tensorboard(tmp_path / "run"))
    assert sorted(found) == [".", "rank_0", "rank_1", "rank_2"]
    assert {tag: points for tag, points in found["."].items() if tag.startswith("loss")} == expected(3, 40)
    assert sorted(found["."]) == sorted(
        f"{tag}/{name}" for tag in ("loss", "time/data") for name in ("min", "mean", "max", "max_rank")
    )


def test_a_slow_rank_is_named(tensorboard, tmp_path, program):
    outputs = run(program, 3, tmp_path / "run", 60, 0.04, SLOW=1)
    assert "rank 1 is slow: its time/data is 1.30 times the median of the other ranks" in outputs[0][1]
    assert [error for _, error in outputs[1:]] == ["", ""]
    [(_, text)] = served.text(tensorboard(tmp_path / "run"))["."]["slow_rank/text_summary"]
    assert "rank 1 is slow" in text


def test_the_steps_come_while_the_ranks_are_running(tmp_path, program):
    processes = [start(program, rank, 2, tmp_path / "run", 10_000, 0.01) for rank in range(2)]
    deadline = time.monotonic() + 60
    try:
        found = []
        while len(found) < 100 and time.monotonic() < deadline:
            time.sleep(0.5)
            with contextlib.suppress(FileNotFoundError):
                found = [step for tag, step, _ in events.scalars(tmp_path / "run") if tag == "loss/mean"]
        assert found[:100] == list(range(100))
        processes[1].kill()  # rank 0 goes on, and reduces what is left of the ranks
        last = found[-1]
        while found[-1] < last + 1000 and time.monotonic() < deadline:
            time.sleep(0.5)
            found = [step for tag, step, _ in events.scalars(tmp_path / "run") if tag == "loss/mean"]
        assert found == list(range(len(found)))
        assert len(found) > last + 1000
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_a_smaller_world_goes_on(tmp_path, program):
    """What is there is not reduced again; the run of the rank that is gone stays."""
    run(program, 3, tmp_path / "run", 20, 0.005)
    before = events.scalars(tmp_path / "run")
    time.sleep(1.1)  # the names of files tell their order by the second
    run(program, 2, tmp_path / "run", 30, 0.005)
    points = [(tag, step, value) for tag, step, value in events.scalars(tmp_path / "run") if tag.startswith("loss")]
    first = [point for point in before if point[0].startswith("loss")]
    again = [(tag, step, value) for tag, series in expected(2, 30).items() for step, value in series]
    assert sorted(points) == sorted(first + again)
    assert [step for tag, step, _ in events.scalars(tmp_path / "run" / "rank_2") if tag == "loss"] == list(range(20))


def log(rank, logdir, steps, value=0.0, **options):
    """What a rank of another process writes."""
    with SummaryWriter(logdir / f"rank_{rank}", **options) as writer:
        for step in steps:
            writer.add_scalar("loss", value + step, step)


def reduced(logdir, tag="loss/mean"):
    return [(step, value) for name, step, value in events.scalars(logdir) if name == tag]


def test_a_restart_with_purge_step_keeps_what_was_not_reduced(tmp_path, launched):
    """An earlier process was killed before it reduced anything."""
    for rank in range(2):
        log(rank, tmp_path, range(10), 100.0)
    time.sleep(1.5)
    launched(0, 2)
    log(1, tmp_path, range(6, 12), purge_step=6)
    with SummaryWriter(tmp_path, distributed="per_rank", reduce="loss", purge_step=6) as writer:
        for step in range(6, 12):
            writer.add_scalar("loss", step, step)
    assert reduced(tmp_path) == [(step, 100.0 + step) for step in range(6)] + [(step, step) for step in range(6, 12)]
    starts = [event.step for event in read_events(tmp_path) if event.HasField("session_log")]
    assert starts == [6, 6]


def test_a_writer_that_is_closed_and_used_again(tmp_path, launched):
    launched(0, 1)
    writer = SummaryWriter(tmp_path, distributed="per_rank", reduce=["loss"])
    for begin in (0, 10):
        for step in range(begin, begin + 10):
            writer.add_scalar("loss", step, step)
        writer.close()
        assert "tensorboardX-ranks" not in {thread.name for thread in threading.enumerate()}
    assert reduced(tmp_path) == [(step, float(step)) for step in range(20)]


def test_close_does_not_wait_long_for_a_rank_that_is_gone(tmp_path, launched):
    launched(0, 2)
    log(1, tmp_path, range(5))
    writer = SummaryWriter(tmp_path, distributed="per_rank", reduce=["loss"])
    for step in range(8):
        writer.add_scalar("loss", step, step)
    writer.close()
    assert reduced(tmp_path) == [(step, float(step)) for step in range(8)]


def test_other_ranks_and_copies_reduce_nothing(tmp_path, launched):
    launched(1, 2)
    with SummaryWriter(tmp_path, distributed="per_rank", reduce=["loss"]):
        assert "tensorboardX-ranks" not in {thread.name for thread in threading.enumerate()}
    launched(0, 2)
    with SummaryWriter(tmp_path, distributed="per_rank", reduce=["loss"]) as writer:
        copy = pickle.loads(pickle.dumps(writer))
        copy.add_scalar("loss", 1.0, 1)
        assert copy.logdir == writer.logdir == tmp_path / "rank_0"
        assert [thread.name for thread in threading.enumerate()].count("tensorboardX-ranks") == 1
        copy.close()


def test_a_writer_without_references_ends_its_thread(tmp_path, launched):
    launched(0, 1)
    writer = SummaryWriter(tmp_path, distributed="per_rank", reduce=["loss"])
    [thread] = [thread for thread in threading.enumerate() if thread.name == "tensorboardX-ranks"]
    del writer
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_leaves_the_reduction_to_its_parent(tmp_path, launched):
    launched(0, 1)
    writer = SummaryWriter(tmp_path, distributed="per_rank", reduce=["loss"])
    writer.add_scalar("loss", 0.0, 0)
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        writer.add_scalar("loss", 1.0, 1)
        writer.close()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    writer.add_scalar("loss", 2.0, 2)
    writer.close()
    assert reduced(tmp_path) == [(0, 0.0), (1, 1.0), (2, 2.0)]


def test_a_reader_that_fails_is_one_warning_and_training_goes_on(tmp_path, launched, caplog, monkeypatch):
    launched(0, 1)
    monkeypatch.setattr("tensorboardX.reader.follow.Follower.poll", lambda self: 1 / 0)
    with SummaryWriter(tmp_path, distributed="per_rank", reduce=["loss"]) as writer:
        writer.add_scalar("loss", 1.0, 1)
        deadline = time.monotonic() + 30
        while not caplog.records and time.monotonic() < deadline:
            time.sleep(0.05)
    [record] = caplog.records
    assert "the ranks cannot be reduced: division by zero" in record.getMessage()
    assert events.scalars(tmp_path / "rank_0") == [("loss", 1, 1.0)]


def test_ranks_in_an_object_store(tmp_path, launched):
    pytest.importorskip("fsspec")
    launched(0, 1)
    url = f"memory://{tmp_path.name}"
    with SummaryWriter(url, distributed="per_rank", reduce=["loss"]) as writer:
        writer.add_scalar("loss", 3.0, 1)
    from tensorboardX.reader import open_logdir

    found = open_logdir(url).scalars(runs=".", tags="loss/max")
    assert (found["step"].tolist(), found["value"].tolist()) == ([1], [3.0])


def test_ranks_end_by_themselves(tmp_path, program):
    """The processes are started one after the other: rank 0 waits for nobody."""
    for rank in (1, 0):
        end(start(program, rank, 2, tmp_path / "run", 5, 0.0))
    assert reduced(tmp_path / "run") == expected(2, 5)["loss/mean"]


def test_no_collective_is_made(tmp_path):
    """The other rank of the group does nothing: a collective would wait for it for ever."""
    pytest.importorskip("torch.distributed")
    program = save(
        tmp_path,
        """
        import os, sys
        import torch.distributed as dist
        from tensorboardX import SummaryWriter

        rank = int(os.environ["RANK"])
        dist.init_process_group("gloo", init_method=f"file://{sys.argv[2]}", rank=rank, world_size=2)
        if rank == 1:
            sys.stdin.readline()
            os._exit(0)
        with SummaryWriter(sys.argv[1], distributed="per_rank", reduce="*") as writer:
            for step in range(10):
                writer.add_scalar("loss", step, step)
            writer.flush()
        os._exit(0)
        """,
    )
    processes = [start(program, rank, 2, tmp_path / "run", tmp_path / "store") for rank in range(2)]
    try:
        end(processes[0])
        assert processes[1].poll() is None
    finally:
        processes[1].communicate("\n")
    assert reduced(tmp_path / "run") == [(step, float(step)) for step in range(10)]
