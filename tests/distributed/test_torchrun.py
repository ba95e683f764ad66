"""torchrun with gloo: each mode judged by TensorBoard, a rank that is killed, and the example with DDP and FSDP2."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from support import events, served
from support.ranks import save, torchrun

pytest.importorskip("torch.distributed")

EXAMPLE = Path(__file__).parents[2] / "examples" / "ddp_digits.py"
STEPS = 30
MODES = ("rank0", "per_rank", "last_rank")

DDP = f"""
    import json
    import sys
    import torch
    import torch.distributed as dist
    from tensorboardX import SummaryWriter

    def train(mode):
        torch.manual_seed(0)
        model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(4, 1))
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        logged = []
        with SummaryWriter(f"{{sys.argv[1]}}/{{mode}}", distributed=mode) as writer:
            for step in range({STEPS}):
                loss = model(torch.full((2, 4), dist.get_rank() + 1.0)).square().mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                writer.add_scalar("loss", loss, step)
                logged.append(loss.item())
        gathered = [None] * dist.get_world_size()
        dist.all_gather_object(gathered, logged)
        return gathered

    dist.init_process_group("gloo")
    losses = {{mode: train(mode) for mode in {MODES}}}
    if dist.get_rank() == 0:
        print(json.dumps(losses))
    dist.destroy_process_group()
"""

KILLED = """
    import os, signal, sys
    import torch.distributed as dist
    from tensorboardX import SummaryWriter

    dist.init_process_group("gloo")
    rank, tries = dist.get_rank(), int(os.environ["TORCHELASTIC_RESTART_COUNT"])
    writer = SummaryWriter(sys.argv[1], distributed="per_rank", reduce="loss", purge_step=tries * 20 or None)
    for step in range(tries * 20, tries * 20 + 40):
        writer.add_scalar("loss", 100 * tries + rank + step / 64, step)
        if step % 5 == 0:
            writer.flush()
            os.write(1, f"flushed {rank} {tries} {step}\\n".encode())  # `print` under torchrun writes each word alone
        if step == 33 and rank == 1 and tries == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        dist.barrier()
    writer.close()
    dist.destroy_process_group()
"""


def points(series):
    return [(step, float(np.float32(value))) for step, value in enumerate(series)]


@pytest.fixture(scope="module", params=[2, pytest.param(4, marks=pytest.mark.slow)], ids=["two ranks", "four ranks"])
def logged(request, tmp_path_factory):
    """The log directory, with one below it for each mode, and the losses of each rank by mode."""
    directory = tmp_path_factory.mktemp("torchrun") / "runs"
    done = torchrun(request.param, save(directory.parent, DDP), directory)
    assert done.returncode == 0, done.stderr
    return directory, json.loads(done.stdout)


def test_what_is_served_is_what_was_logged(tensorboard, logged):
    directory, losses = logged
    found = served.scalars(tensorboard(directory))
    expected = {"rank0": {"loss": points(losses["rank0"][0])}, "last_rank": {"loss": points(losses["last_rank"][-1])}}
    for rank, series in enumerate(losses["per_rank"]):
        expected[f"per_rank/rank_{rank}"] = {"loss": points(series)}
    assert found == expected


def test_nothing_that_was_flushed_is_lost_when_a_rank_is_killed(tmp_path):
    """The agent starts all ranks again, two thirds back. Each tells what `flush` has acknowledged."""
    done = torchrun(2, save(tmp_path, KILLED), tmp_path / "run", restarts=1)
    assert done.returncode == 0, done.stderr
    flushed = {tuple(map(int, line.split())) for line in re.findall(r"flushed (\d+ \d+ \d+)", done.stdout)}
    assert {(1, 0, 30), (0, 1, 55), (1, 1, 55)} <= flushed
    for rank in range(2):
        found = events.scalars(tmp_path / "run" / f"rank_{rank}")
        of_try = {0: [], 1: []}
        for tag, step, value in found:
            assert tag == "loss"
            of_try[int(value // 100)].append((step, value % 100 - rank))
        for number, first in ((0, 0), (1, 20)):
            acknowledged = max(step for of, tries, step in flushed if (of, tries) == (rank, number))
            assert [step for step, _ in of_try[number]] == list(range(first, first + len(of_try[number])))
            assert of_try[number][-1][0] >= acknowledged
            assert all(value == pytest.approx(step / 64, abs=1e-4) for step, value in of_try[number])
    reduced = [(step, value) for tag, step, value in events.scalars(tmp_path / "run") if tag == "loss/min"]
    assert [point for point in reduced if point[1] >= 100] == [(step, 100 + step / 64) for step in range(20, 60)]
    first = sorted(step for step, value in reduced if value < 100)  # of two files
    assert first == list(range(len(first)))
    assert len(first) >= 20


@pytest.fixture(scope="module", params=[(2, "ddp"), (4, "fsdp2")], ids=["ddp", "fsdp2"])
def trained(request, tmp_path_factory):
    """The number of ranks of the example, and their log directory."""
    processes, sharding = request.param
    logdir = tmp_path_factory.mktemp("example") / "run"
    done = torchrun(processes, EXAMPLE, "--logdir", logdir, "--epochs", 3, "--accumulate", 2, "--sharding", sharding)
    assert done.returncode == 0, done.stderr
    assert float(re.search(r"validation accuracy ([\d.]+)%", done.stdout)[1]) > 50
    return processes, logdir


@pytest.mark.slow
def test_the_example_is_served(tensorboard, trained):
    processes, logdir = trained
    found = served.scalars(tensorboard(logdir))
    runs = [f"rank_{rank}" for rank in range(processes)]
    assert sorted(found) == [".", *runs]
    losses = np.array([[value for _, value in found[run]["train/loss"]] for run in runs])
    assert losses.shape == (processes, 1347 // processes // 32 * 3)
    np.testing.assert_allclose([value for _, value in found["."]["train/loss/mean"]], losses.mean(0), rtol=1e-6)
    assert [value for _, value in found["."]["train/loss/max_rank"]] == losses.argmax(0).tolist()


@pytest.fixture(scope="module", params=["ddp", "fsdp2"])
def restarted(request, tmp_path_factory):
    """The log directory of the example, one rank of which was killed."""
    logdir = tmp_path_factory.mktemp("restarted") / "run"
    options = ["--epochs", 3, "--sharding", request.param, "--kill-rank", 1, "--kill-step", 30]
    done = torchrun(2, EXAMPLE, "--logdir", logdir, *options, restarts=1)
    assert done.returncode == 0, done.stderr
    return logdir


@pytest.mark.slow
def test_the_example_goes_on_after_a_rank_was_killed(tensorboard, restarted):
    found = served.scalars(tensorboard(restarted))
    for run in ("rank_0", "rank_1"):
        assert [step for step, _ in found[run]["train/loss"]] == list(range(63))
        assert [step for step, _ in found[run]["validation/accuracy"]] == [0, 1, 2]
    assert [step for step, _ in found["."]["train/loss/mean"]] == list(range(63))
