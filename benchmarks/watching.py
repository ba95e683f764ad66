"""What watching a model costs a training loop, beside wandb.watch (offline).

    PYTHONPATH=src python -m benchmarks.watching [--rounds 20] [--log all]

Needs torch and wandb. A small transformer is trained on the CPU in one thread, in blocks of 100 steps of about 10 ms,
of which one is measured. The blocks without a watch, with `SummaryWriter.watch` and with `wandb.watch` take turns; each
block with a watch is compared with the one without in its round. Times are processor time of the training's thread,
which other programs affect little; what threads and processes of a logger do behind it is not in them. It prints the
medians over the rounds with their quartiles: how much longer a block takes, how long the measured step takes beyond
the others, and the bytes on disk.
wandb measures gradients only by default (`--log gradients`), as histograms of each parameter; with `--log all` weights
too.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

EVERY = 100
VARIANTS = ("without", "ours", "ours, with histograms", "wandb")
Step = Callable[[], None]


def make_training(width: int, layers: int) -> tuple[nn.Module, torch.optim.Optimizer, Step]:
    """Return a model, its optimizer and what takes one step: forward, backward, clipping and update."""
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(width, 4, 4 * width, dropout=0.0, batch_first=True)
    model = nn.Sequential(nn.TransformerEncoder(layer, layers, enable_nested_tensor=False), nn.Linear(width, width))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    batch = torch.randn(4, 32, width)

    def step() -> None:
        optimizer.zero_grad()
        (model(batch) - batch).square().mean().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return model, optimizer, step


def timed_block(step: Step, after: Callable[[int], None], first: int) -> list[float]:
    """Take `EVERY` steps; return the seconds of each. `after` is called with the number of each step."""
    seconds = []
    for number in range(first, first + EVERY):
        start = time.thread_time()
        step()
        after(number)
        seconds.append(time.thread_time() - start)
    return seconds


class Variants:
    """The ways of watching, each attached for one block and removed after it."""

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, directory: Path, wandb_log: str) -> None:
        import wandb

        from tensorboardX import SummaryWriter

        self.model, self.optimizer, self.wandb_log = model, optimizer, wandb_log
        self.wandb = wandb
        self.run = wandb.init(mode="offline", dir=directory, settings=wandb.Settings(silent=True))
        self.writers = {
            name: SummaryWriter(directory / name.replace(", ", "_").replace(" ", "_"))
            for name in VARIANTS
            if name.startswith("ours")
        }

    def block(self, name: str, step: Step, first: int) -> list[float]:
        """Take a block of steps; what is queued is written after it, outside of the time."""
        if name == "wandb":
            self.wandb.watch(self.model, log=self.wandb_log, log_freq=EVERY)
            seconds = timed_block(step, lambda number: self.run.log({"step": number}), first)
            self.wandb.unwatch(self.model)
        elif name in self.writers:
            writer = self.writers[name]
            options: dict[str, Any] = {"every": EVERY, "histograms": "histograms" in name, "step": first + 1}
            watch = writer.watch(self.model, self.optimizer, **options)
            seconds = timed_block(step, lambda number: writer.add_scalar("step", number, number), first)
            watch.remove()
            writer.flush()
        else:
            seconds = timed_block(step, lambda number: None, first)
        return seconds

    def close(self) -> None:
        """End the runs."""
        for writer in self.writers.values():
            writer.close()
        self.run.finish()


def bytes_below(directory: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in directory.glob(pattern) if path.is_file())


def beyond_usual(block: list[float]) -> float:
    """How long the last two steps take beyond two usual ones: all variants measure the last and prepare before it."""
    return sum(block[-2:]) - 2 * statistics.median(block)


def quartiles(values: list[float]) -> str:
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def measure(rounds: int, width: int, layers: int, wandb_log: str) -> None:
    model, optimizer, step = make_training(width, layers)
    parameters = list(model.parameters())
    times: dict[str, list[list[float]]] = {name: [] for name in VARIANTS}
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        variants = Variants(model, optimizer, directory, wandb_log)
        for name in VARIANTS:  # warm up
            variants.block(name, step, 0)
        for number in range(rounds):
            order = VARIANTS[number % len(VARIANTS) :] + VARIANTS[: number % len(VARIANTS)]
            for name in order:
                times[name].append(variants.block(name, step, (number + 1) * EVERY))
        variants.close()
        size = sum(parameter.numel() for parameter in parameters)
        print(
            f"{len(parameters)} parameters, {size:,} numbers; torch {torch.__version__}, wandb.watch(log={wandb_log!r})"
        )
        usual = [statistics.median(block) for block in times["without"]]
        print(f"a step without a watch: {quartiles([1e3 * seconds for seconds in usual])} ms;", end=" ")
        print(f"the last two by {quartiles([1e3 * beyond_usual(block) for block in times['without']])} ms more")
        for name in VARIANTS[1:]:
            slower = [100 * (sum(w) / sum(n) - 1) for w, n in zip(times[name], times["without"], strict=True)]
            measured = [1e3 * beyond_usual(block) for block in times[name]]
            others = [1e6 * (statistics.median(w) - u) for w, u in zip(times[name], usual, strict=True)]
            share = [100 * ms / 1e3 / (EVERY * u) for ms, u in zip(measured, usual, strict=True)]
            print(f"{name}: a block is slower by {quartiles(slower)} %;")
            print(f"    the measured step takes {quartiles(measured)} ms more, {quartiles(share)} % of the block;")
            print(f"    the median step takes {quartiles(others)} us more")
        for name in VARIANTS[1:]:
            pattern = "wandb/**/*.wandb" if name == "wandb" else f"{name.replace(', ', '_').replace(' ', '_')}/*"
            print(f"{name}: {bytes_below(directory, pattern) / (rounds + 1) / 1000:.0f} kB a block")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--width", type=int, default=96)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--log", choices=["gradients", "parameters", "all"], default="gradients")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    os.environ.setdefault("WANDB_SILENT", "true")
    measure(arguments.rounds, arguments.width, arguments.layers, arguments.log)


if __name__ == "__main__":
    main()
