"""Pretrain a small language model on the reference of Python, and watch it in TensorBoard.

    pip install ".[examples]"
    python examples/language_model/pretrain.py
    tensorboard --logdir runs/language_model

The page docs/language_model.md explains it line by line. It takes less than two minutes of processor time.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from data import python_reference
from logs import QUICK_BYTES, SAMPLE_BYTES, Logs
from model import LanguageModel, Shape, save
from training import Settings, train

from tensorboardX import SummaryWriter

QUICK_SHAPE = Shape(layers=1, width=32, heads=2, context=32)
QUICK_STEPS = 4


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Pretrain a small language model and log it for TensorBoard.")
    parser.add_argument(
        "--logdir", type=Path, default=Path("runs/language_model/pretrain"), help="(default: %(default)s)"
    )
    parser.add_argument("--steps", type=int, default=500, help="updates of the weights (default: %(default)s)")
    parser.add_argument("--learning-rate", type=float, default=3e-3, help="the highest (default: %(default)s)")
    parser.add_argument("--warmup", type=int, default=40, help="steps until it is reached (default: %(default)s)")
    parser.add_argument("--clip", type=float, default=1.0, help="norm of gradients, 0: no limit (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of first weights and batches (default: %(default)s)")
    parser.add_argument(
        "--quick", action="store_true", help=f"a tiny model and {QUICK_STEPS} steps, to try the program"
    )
    arguments = parser.parse_args(argv)
    if arguments.steps < 1:
        parser.error("--steps must be at least 1")
    return arguments


def settings_of(arguments: argparse.Namespace) -> Settings:
    chosen = Settings(arguments.steps, arguments.learning_rate, arguments.warmup, arguments.clip, seed=arguments.seed)
    return chosen._replace(steps=QUICK_STEPS, measure_every=2) if arguments.quick else chosen


def main(argv: Sequence[str] | None = None) -> None:
    arguments = parse_arguments(argv)
    settings, shape = settings_of(arguments), QUICK_SHAPE if arguments.quick else Shape()
    torch.set_num_threads(1)  # beside other programs, the threads of so small a model wait for each other
    torch.manual_seed(settings.seed)
    model = LanguageModel(shape)
    with SummaryWriter(str(arguments.logdir)) as writer:
        logs = Logs(writer, settings.batch * shape.context, QUICK_BYTES if arguments.quick else SAMPLE_BYTES)
        logs.configuration({**asdict(shape), **settings._asdict(), "torch": torch.__version__})
        loss = train(model, python_reference(), settings, logs)
    save(model, arguments.logdir / "model.pt")
    print(f"validation loss {loss:.3f}; to see how it came about, run")
    print(f"tensorboard --logdir {arguments.logdir.parent}")


if __name__ == "__main__":
    main()
