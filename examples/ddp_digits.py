"""Train the network of train_digits.py in several processes, and watch every one of them in TensorBoard.

    pip install ".[examples]"
    torchrun --nproc-per-node 2 examples/ddp_digits.py --logdir runs/ddp
    torchrun --nproc-per-node 4 examples/ddp_digits.py --logdir runs/fsdp --sharding fsdp2 --accumulate 2
    tensorboard --logdir runs

Each process has a run of its own, `runs/ddp/rank_0` and so on. The run `runs/ddp` shows the minimum, mean and maximum
of all ranks and which rank has the maximum, a few seconds behind; nothing is sent between the processes for it.

- `--slow-rank 1` lets that rank take longer for its data. It is named by a warning, and under the tag `slow_rank` of
  the texts.
- `--kill-rank 1 --kill-step 30` kills that rank once. With `torchrun --max-restarts 1`, all ranks begin again at the
  last checkpoint, and TensorBoard shows one line without a gap.
"""

from __future__ import annotations

import argparse
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_state_dict, set_state_dict
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset
from train_digits import DigitNet, accuracy_of, evaluate, load_data, make_network

from tensorboardX import SummaryWriter

BATCH_SIZE = 32  # of each rank
REDUCED = ["train/loss", "time/*"]  # what the run of all ranks shows
SLOWER = 0.3  # the part by which `--slow-rank` takes longer
WORK_SECONDS = 0.01  # that loading a batch is made to take, as if the data lay on a disk


# ---- one network in many processes


def shard(network: DigitNet, sharding: str) -> nn.Module:
    """Return a network whose gradients, or with FSDP2 whose weights too, are divided among the ranks."""
    if sharding == "ddp":
        return DistributedDataParallel(network)
    from torch.distributed.fsdp import fully_shard

    for layer in network.children():
        fully_shard(layer)
    fully_shard(network)
    return network


@contextmanager
def gradients_stay_here(model: nn.Module, stay: bool) -> Iterator[None]:
    """Let backward add to the gradients of this rank, without the exchange with the others, within the block."""
    if isinstance(model, DistributedDataParallel):
        with model.no_sync() if stay else nullcontext():
            yield
    else:
        model.set_requires_gradient_sync(not stay)
        yield


# ---- checkpoints, from which the ranks begin again after one of them died


def save(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, epoch: int) -> None:
    """Save everything in one file: rank 0 writes it, all take part."""
    options = StateDictOptions(full_state_dict=True, cpu_offload=True)
    weights, state = get_state_dict(model, optimizer, options=options)
    if dist.get_rank() == 0:
        torch.save({"model": weights, "optimizer": state, "epoch": epoch}, path.with_suffix(".new"))
        os.replace(path.with_suffix(".new"), path)
    dist.barrier()


def restore(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Take everything from the last checkpoint, and return how many epochs are done."""
    if not path.exists():
        return 0
    saved = torch.load(path, weights_only=True)
    options = StateDictOptions(full_state_dict=True)
    set_state_dict(
        model, optimizer, model_state_dict=saved["model"], optim_state_dict=saved["optimizer"], options=options
    )
    return int(saved["epoch"])


# ---- training


def train(arguments: argparse.Namespace) -> float:
    """Train on this rank's share of the digits, log it, and return the accuracy on the validation images."""
    train_data, val_data = load_data(arguments.seed)
    network = make_network(arguments.seed)
    model = shard(network, arguments.sharding)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    sampler: DistributedSampler[TensorDataset] = DistributedSampler(train_data, seed=arguments.seed)
    batches = DataLoader(train_data, BATCH_SIZE, sampler=sampler, drop_last=True)
    checkpoint = Path(arguments.logdir) / "checkpoint.pt"
    done = restore(checkpoint, model, optimizer)
    purge_step = done * len(batches) if done else None
    settings = {"distributed": "per_rank", "reduce": REDUCED, "purge_step": purge_step}
    with SummaryWriter(arguments.logdir, **settings) as writer:
        for epoch in range(done, arguments.epochs):
            sampler.set_epoch(epoch)
            train_epoch(writer, model, optimizer, batches, epoch, arguments)
            result = evaluate(model, val_data)
            writer.add_scalar("validation/accuracy", result.accuracy, epoch)
            writer.flush()  # what is logged until here is there, whatever happens to this process
            save(checkpoint, model, optimizer, epoch + 1)
    return evaluate(model, val_data).accuracy


def train_epoch(
    writer: SummaryWriter,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: DataLoader,
    epoch: int,
    arguments: argparse.Namespace,
) -> None:
    """Take one step for each batch. The weights change every `accumulate` steps."""
    began = time.perf_counter()
    for index, batch in enumerate(batches):
        step = epoch * len(batches) + index
        images, labels = load(batch, arguments.slow_rank == dist.get_rank())
        data_time = time.perf_counter() - began  # until here no rank has waited for another one in this step
        is_last = (index + 1) % arguments.accumulate == 0 or index + 1 == len(batches)
        with gradients_stay_here(model, stay=not is_last):
            scores = model(images)
            loss = functional.cross_entropy(scores, labels)
            (loss / arguments.accumulate).backward()
        if is_last:
            optimizer.step()
            optimizer.zero_grad()
        log_step(writer, loss, scores, labels, step)
        writer.add_scalar("time/data", data_time, step)  # differs between the ranks: it tells which one is slow
        writer.add_scalar("time/step", time.perf_counter() - began, step)  # all wait for the slowest: nearly the same
        die_if_asked(arguments, step)
        began = time.perf_counter()


def load(batch: Sequence[Tensor], is_slow: bool) -> Sequence[Tensor]:
    """Return a batch, as late as if it came from a disk."""
    time.sleep(WORK_SECONDS * (1 + SLOWER if is_slow else 1))
    return batch


def log_step(writer: SummaryWriter, loss: Tensor, scores: Tensor, labels: Tensor, step: int) -> None:
    """Log what this rank sees of its own batch."""
    writer.add_scalar("train/loss", loss.item(), step)
    writer.add_scalar("train/accuracy", accuracy_of(scores, labels), step)


def die_if_asked(arguments: argparse.Namespace, step: int) -> None:
    """Kill this process as a lack of memory would, but not after a restart."""
    is_first_try = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") == "0"
    if is_first_try and (arguments.kill_rank, arguments.kill_step) == (dist.get_rank(), step):
        os.kill(os.getpid(), signal.SIGKILL)


# ---- command line


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train a network on handwritten digits in several processes.")
    parser.add_argument("--logdir", required=True, help="directory of the runs, the same for all ranks")
    parser.add_argument("--epochs", type=int, default=5, help="how often each image is seen (default: 5)")
    parser.add_argument("--seed", type=int, default=0, help="of the split, first weights and order (default: 0)")
    parser.add_argument("--sharding", choices=["ddp", "fsdp2"], default="ddp", help="what the ranks share")
    parser.add_argument("--accumulate", type=int, default=1, help="batches for each change of the weights (default: 1)")
    parser.add_argument("--slow-rank", type=int, help="let this rank take 30 %% longer for its data")
    parser.add_argument("--kill-rank", type=int, help="kill this rank once")
    parser.add_argument("--kill-step", type=int, default=30, help="when (default: 30)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    arguments = parse_arguments(argv)
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    try:
        accuracy = train(arguments)
        if dist.get_rank() == 0:
            print(f"validation accuracy {accuracy:.1%}; to see how it came about, run")
            print(f"tensorboard --logdir {arguments.logdir}")
    finally:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
