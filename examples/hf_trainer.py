"""Train with the Trainer of Hugging Face, which gets a writer of this library.

    pip install ".[examples]" transformers accelerate
    python examples/hf_trainer.py
    tensorboard --logdir runs/hf

The model is a tiny GPT-2 with random weights, so nothing is downloaded.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments, set_seed
from transformers.integrations import TensorBoardCallback

from tensorboardX import SummaryWriter

WORDS, LENGTH = 20, 16


def make_data(rows: int) -> list[dict[str, torch.Tensor]]:
    """Return rows that count up from a random number, which the model can learn."""
    starts = torch.randint(0, WORDS, (rows,))
    counted = [(start + torch.arange(LENGTH)) % WORDS for start in starts]
    return [{"input_ids": row, "labels": row} for row in counted]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Train a tiny GPT-2 with the Trainer.")
    parser.add_argument("--logdir", default="runs/hf", help="(default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=3, help="(default: %(default)s)")
    arguments = parser.parse_args(argv)
    set_seed(0)
    shape = {"n_positions": LENGTH, "n_embd": 32, "n_layer": 1, "n_head": 2}
    model = GPT2LMHeadModel(GPT2Config(vocab_size=WORDS, bos_token_id=0, eos_token_id=0, **shape))
    settings = TrainingArguments(
        output_dir=f"{arguments.logdir}/output",
        report_to="none",  # the callback below takes its place
        num_train_epochs=arguments.epochs,
        per_device_train_batch_size=16,
        learning_rate=0.01,
        logging_steps=1,
        eval_strategy="epoch",
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
    )
    with SummaryWriter(f"{arguments.logdir}/tiny_gpt2") as writer:
        Trainer(
            model=model,
            args=settings,
            train_dataset=make_data(128),
            eval_dataset=make_data(32),
            callbacks=[TensorBoardCallback(writer)],
        ).train()
    print(f"tensorboard --logdir {arguments.logdir}")


if __name__ == "__main__":
    main()
