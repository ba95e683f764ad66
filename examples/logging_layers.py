"""The logging layers of three large-model programs, each in a few lines over `SummaryWriter.log`.

    pip install ".[examples]"
    python examples/logging_layers.py
    tensorboard --logdir runs/logging_layers

torchtitan, verl and Megatron-LM each keep a layer over `add_scalar`: a loop over a dict, a prefix, a second x axis,
conversions of tensors, tests for None. `TitanLogger`, `Tracking` and `training_log` do the same, and log what the
originals log under the same tags. One small training on the CPU feeds all three.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from tensorboardX import SummaryWriter

BATCH_SIZE = 32
TOKENS = 8  # numbers of a sample, which stand for the tokens of a text


# ---- torchtitan: a dict of metrics whose names have groups and units, below a tag if there is one


class TitanLogger:
    """torchtitan's TensorBoardLogger: what its MetricsProcessor calls every `log_freq` steps."""

    def __init__(self, writer: SummaryWriter, tag: str | None = None) -> None:
        self.writer = writer
        self.tag = tag

    def log(self, metrics: Mapping[str, Any], step: int) -> None:
        self.writer.log({self.tag: metrics} if self.tag else metrics, step)


# ---- verl: one call for all trackers, with metrics of the actor, the critic and the data, and generated texts


class Tracking:
    """verl's Tracking with its TensorBoard adapter, and its logger of generations."""

    def __init__(self, writer: SummaryWriter, config: Mapping[str, Any]) -> None:
        self.writer = writer
        writer.add_table("config", list(config.items()), 0, headers=["setting", "value"])

    def log(self, data: Mapping[str, Any], step: int) -> None:
        self.writer.log(data, step)

    def log_generations(self, samples: Sequence[Sequence[Any]], step: int) -> None:
        """Log (prompt, answer, score) of each sample."""
        self.writer.add_table("val/generations", samples, step, headers=["prompt", "answer", "score"])


# ---- Megatron-LM: every value over the iterations, and once more over the samples that were consumed


def training_log(
    writer: SummaryWriter, losses: Mapping[str, Any], state: Mapping[str, Any], iteration: int, samples: int
) -> None:
    """Megatron-LM's function of that name. What is None, such as a norm that is not computed, is left out."""
    values = {**losses, **state}
    writer.log(values, iteration)
    writer.log({f"{name} vs samples": value for name, value in values.items()}, samples)


# ---- a training, and what each program makes of it


class Step(NamedTuple):
    """What is measured at a step; the tensors are not read before they are logged."""

    number: int
    losses: Tensor  # of each sample, shape (BATCH_SIZE,)
    gradient_norm: Tensor
    learning_rate: float
    seconds: float


def train(steps: int, seed: int) -> Iterator[Step]:
    """Fit a small network to the running sum of its inputs."""
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(TOKENS, 32), nn.GELU(), nn.Linear(32, TOKENS))
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=steps)
    for number in range(1, steps + 1):
        start = time.perf_counter()
        inputs = torch.randn(BATCH_SIZE, TOKENS)
        losses = (network(inputs) - inputs.cumsum(1)).square().mean(1)
        optimizer.zero_grad()
        losses.mean().backward()
        norm = nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        yield Step(number, losses.detach(), norm, schedule.get_last_lr()[0], time.perf_counter() - start)
        schedule.step()


def titan_metrics(step: Step) -> dict[str, Any]:
    return {
        "loss_metrics/global_avg_loss": step.losses.mean(),
        "loss_metrics/global_max_loss": step.losses.max(),
        "grad_norm": step.gradient_norm,
        "throughput(tps)": BATCH_SIZE * TOKENS / step.seconds,
        "time_metrics/end_to_end(s)": step.seconds,
        "lr": step.learning_rate,
    }


def verl_metrics(step: Step) -> dict[str, Any]:
    """As the parts of a trainer return them: dicts within a dict, in place of names with slashes."""
    return {
        "actor": {"pg_loss": step.losses.mean(), "grad_norm": step.gradient_norm, "lr": step.learning_rate},
        "critic": {"score": {"mean": -step.losses.mean(), "max": -step.losses.min(), "min": -step.losses.max()}},
        "timing_s": {"step": step.seconds},
        "training": {"global_step": step.number, "epoch": None},
    }


def generations(step: Step) -> list[tuple[str, str, float]]:
    return [
        (f"sample {number}", f"loss `{loss:.3f}` | rank", -loss) for number, loss in enumerate(step.losses[:3].tolist())
    ]


def megatron_state(step: Step) -> dict[str, Any]:
    state = {"learning-rate": step.learning_rate, "batch-size": BATCH_SIZE, "loss-scale": 1.0}
    return {**state, "grad-norm": step.gradient_norm, "num-zeros": None, "iteration-time": step.seconds}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Log one training as torchtitan, verl and Megatron-LM do.")
    parser.add_argument("--logdir", type=Path, default=Path("runs/logging_layers"))
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    with (
        SummaryWriter(arguments.logdir / "torchtitan") as titan,
        SummaryWriter(arguments.logdir / "verl") as verl,
        SummaryWriter(arguments.logdir / "megatron") as megatron,
    ):
        titan_logger = TitanLogger(titan, "train")
        tracking = Tracking(verl, vars(arguments))
        for step in train(arguments.steps, arguments.seed):
            titan_logger.log(titan_metrics(step), step.number)
            tracking.log(verl_metrics(step), step.number)
            if step.number % 100 == 0:
                tracking.log_generations(generations(step), step.number)
            losses = {"lm loss": step.losses.mean()}
            training_log(megatron, losses, megatron_state(step), step.number, step.number * BATCH_SIZE)
    print(f"tensorboard --logdir {arguments.logdir}")


if __name__ == "__main__":
    main()
