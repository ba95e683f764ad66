"""Trains a small model on one process or on several, and watches it. Run as a program, by test_watching_ranks.py.

    python sharded_training.py LOGDIR MODE RANK RANKS RENDEZVOUS_FILE

MODE is "plain", "ddp", "fsdp", or "fsdp-some", in which only the first process watches. Each process takes its share of
the same batch, so that all of them do the same training. Clipping makes the difference between gradients before and
after it large.
"""

from __future__ import annotations

import sys

import torch
import torch.distributed as dist
from torch import nn

from tensorboardX import SummaryWriter

STEPS = 4
ACCUMULATED = 2  # backward passes of a step


class Net(nn.Module):
    """With a parameter of one row, which only one of two processes has, and two that are unused."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs = nn.Linear(6, 13)
        self.gain = nn.Parameter(torch.ones(1))
        self.outputs = nn.Linear(13, 3)
        self.unused = nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.outputs(torch.tanh(self.inputs(x)) * self.gain)


def prepared(model: nn.Module, mode: str) -> nn.Module:
    if mode == "ddp":
        return nn.parallel.DistributedDataParallel(model, find_unused_parameters=True)
    if mode.startswith("fsdp"):
        from torch.distributed.fsdp import fully_shard

        fully_shard(model.outputs)
        fully_shard(model)
    return model


def main(logdir: str, mode: str, rank: int, ranks: int, rendezvous: str) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    if mode != "plain":
        dist.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=ranks)
    model = prepared(Net(), mode)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05)
    data = torch.randn(STEPS, ACCUMULATED, 8, 6, generator=torch.Generator().manual_seed(1))
    with SummaryWriter(logdir, write_to_disk=rank == 0) as writer:
        watch = writer.watch(model, optimizer, every=3) if rank == 0 or mode != "fsdp-some" else None
        for batches in data:
            optimizer.zero_grad()
            for batch in batches:
                mine = batch.chunk(ranks)[rank]
                (model(mine).square().mean() / ACCUMULATED).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.01)
            optimizer.step()
        if watch is not None:
            watch.remove()
    if mode != "plain":
        dist.barrier()
        dist.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
