"""Fine-tune the model of pretrain.py on the docstrings of NumPy with LoRA, three times, and compare the trials.

    python examples/language_model/pretrain.py
    python examples/language_model/finetune.py
    tensorboard --logdir runs/language_model

Each trial is a run of its own. The dashboard HParams compares them by the last validation loss.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from data import numpy_docstrings
from logs import QUICK_BYTES, SAMPLE_BYTES, Logs
from lora import add_lora, merge_lora, trainable
from model import load, save
from training import Settings, train

from tensorboardX import SummaryWriter

ALPHA = 16.0  # LoRA's scale is alpha / rank
QUICK_STEPS = 2


class Trial(NamedTuple):
    """One choice of hyperparameters."""

    rank: int
    learning_rate: float

    @property
    def name(self) -> str:
        return f"rank{self.rank}_lr{self.learning_rate:g}"


TRIALS = [Trial(2, 3e-3), Trial(16, 3e-3), Trial(16, 3e-4)]


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fine-tune a language model with LoRA and log it for TensorBoard.")
    pretrained, logdir = Path("runs/language_model/pretrain/model.pt"), Path("runs/language_model/finetune")
    parser.add_argument("--pretrained", type=Path, default=pretrained, help="(default: %(default)s)")
    parser.add_argument("--logdir", type=Path, default=logdir, help="of all trials (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=100, help="updates of the weights (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_STEPS} steps a trial, to try the program")
    arguments = parser.parse_args(argv)
    if arguments.steps < 1:
        parser.error("--steps must be at least 1")
    if not arguments.pretrained.exists():
        parser.error(f"{arguments.pretrained} does not exist; run pretrain.py first")
    return arguments


def run(trial: Trial, arguments: argparse.Namespace) -> float:
    """Fine-tune a fresh copy of the pretrained model; return the last validation loss."""
    settings = Settings(arguments.steps, trial.learning_rate, warmup=10, clip=1.0, weight_decay=0.0)
    if arguments.quick:
        settings = settings._replace(steps=QUICK_STEPS, measure_every=1)
    model = load(arguments.pretrained)
    torch.manual_seed(settings.seed)
    add_lora(model, trial.rank, ALPHA)
    directory = arguments.logdir / trial.name
    with SummaryWriter(str(directory)) as writer:
        logs = Logs(writer, settings.batch * model.shape.context, QUICK_BYTES if arguments.quick else SAMPLE_BYTES)
        parameters = sum(parameter.numel() for parameter in trainable(model))
        logs.configuration({**trial._asdict(), **settings._asdict(), "trained parameters": parameters})
        loss = train(model, numpy_docstrings(), settings, logs)
        writer.add_hparams(trial._asdict(), {"final/validation_loss": loss}, name=".")
    merge_lora(model)
    save(model, directory / "model.pt")
    return loss


def main(argv: Sequence[str] | None = None) -> None:
    arguments = parse_arguments(argv)
    torch.set_num_threads(1)  # as in pretrain.py
    for trial in TRIALS:
        print(f"{trial.name}: validation loss {run(trial, arguments):.3f}")
    print(f"tensorboard --logdir {arguments.logdir.parent}")


if __name__ == "__main__":
    main()
