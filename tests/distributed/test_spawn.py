"""Processes of torch.multiprocessing.spawn, which have no launcher: their rank is that of the process group."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support import served
from support.ranks import environment, save

pytest.importorskip("torch.distributed")
pytestmark = pytest.mark.slow

PROGRAM = """
    import sys
    import torch.distributed as dist
    import torch.multiprocessing
    from tensorboardX import SummaryWriter

    def train(rank, logdir):
        dist.init_process_group("gloo", init_method=f"file://{logdir}.store", rank=rank, world_size=2)
        writer = SummaryWriter(logdir, distributed="per_rank")
        for step in range(5):
            writer.add_scalar("loss", rank + step / 2, step)
        dist.barrier()
        dist.destroy_process_group()

    if __name__ == "__main__":
        torch.multiprocessing.spawn(train, (sys.argv[1],), nprocs=2)
"""


def test_each_process_has_a_run(tensorboard, tmp_path):
    """Without `close`: a process of multiprocessing ends without exit functions, and still everything is written."""
    command = [sys.executable, str(save(tmp_path, PROGRAM)), str(tmp_path / "run")]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    found = served.scalars(tensorboard(tmp_path / "run"))
    assert found == {f"rank_{rank}": {"loss": [(step, rank + step / 2) for step in range(5)]} for rank in range(2)}
