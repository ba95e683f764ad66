"""Train in several processes, of which each has a run of its own, or rank 0 alone writes.

    pip install ".[examples]"
    torchrun --nproc-per-node 2 examples/tutorials/many_processes.py
    torchrun --nproc-per-node 2 examples/tutorials/many_processes.py --distributed rank0 --logdir runs/rank0
    tensorboard --logdir runs

It uses gloo, which needs no GPU. With GPUs, take nccl, and move model and data to the device `LOCAL_RANK`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from tensorboardX import SummaryWriter


def train(logdir: str, distributed: str, steps: int) -> None:
    """Fit a line on data that differ between the ranks, and log the loss of each rank and the mean of all."""
    torch.manual_seed(dist.get_rank())
    model = DistributedDataParallel(nn.Linear(1, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with SummaryWriter(logdir, distributed=distributed) as writer:
        for step in range(steps):
            x = torch.randn(32, 1)
            loss = nn.functional.mse_loss(model(x), 3 * x + 1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            writer.add_scalar("loss/of_this_rank", loss, step)
            # All ranks take part in the exchange, those that do not write too.
            mean = loss.detach().clone()
            dist.all_reduce(mean)
            writer.add_scalar("loss/mean", mean / dist.get_world_size(), step)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Train in several processes.")
    parser.add_argument("--logdir", default="runs/many_processes", help="the same for all ranks (default: %(default)s)")
    parser.add_argument("--distributed", choices=["rank0", "per_rank", "last_rank"], default="per_rank")
    parser.add_argument("--steps", type=int, default=50, help="(default: %(default)s)")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    try:
        train(arguments.logdir, arguments.distributed, arguments.steps)
        if dist.get_rank() == 0:
            print(f"tensorboard --logdir {arguments.logdir}")
    finally:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
