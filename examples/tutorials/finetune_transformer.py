"""Fine-tune a transformer, and log loss, learning rate, gradient norm and what the model writes.

    pip install ".[examples]"
    python examples/tutorials/finetune_transformer.py
    tensorboard --logdir runs/finetune

The model is tiny and its first weights are random, so that the program needs no download and takes seconds. A real
one is loaded in `make_model`; the loop stays as it is. examples/language_model/ does all of it on real text.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from tensorboardX import SummaryWriter

TEXT = "the cat sat on the mat. the dog sat on the log. " * 20
LETTERS = sorted(set(TEXT))
CONTEXT = 32  # letters that the model sees
WIDTH = 32


class TinyTransformer(nn.Module):
    """Predicts the next letter: embeddings, two blocks with causal attention, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.letters = nn.Embedding(len(LETTERS), WIDTH)
        self.positions = nn.Embedding(CONTEXT, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 4 * WIDTH, dropout=0.0, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, len(LETTERS))

    def forward(self, tokens: Tensor) -> Tensor:
        """From letters, shape (batch, length), to scores of the next ones, shape (batch, length, letters)."""
        length = tokens.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        x = self.letters(tokens) + self.positions(torch.arange(length))
        return self.head(self.blocks(x, mask=mask, is_causal=True))


def make_model() -> TinyTransformer:
    """Return the model to fine-tune. The embeddings stay as they are."""
    torch.manual_seed(0)
    model = TinyTransformer()
    model.letters.requires_grad_(False)
    return model


@torch.no_grad()
def generate(model: TinyTransformer, prompt: str, length: int = 24) -> str:
    """Let the model go on with a text, always with the most probable letter."""
    for _ in range(length):
        tokens = torch.tensor([[LETTERS.index(letter) for letter in prompt[-CONTEXT:]]])
        prompt += LETTERS[int(model(tokens)[0, -1].argmax())]
    return prompt


def fine_tune(logdir: str, steps: int) -> float:
    """Train the model, log it, and return the last loss."""
    torch.set_num_threads(1)  # more threads do not help a model of this size
    model = make_model()
    tokens = torch.tensor([LETTERS.index(letter) for letter in TEXT])
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=5e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps + 1)  # warm-up and decay
    with SummaryWriter(logdir) as writer:
        for step in range(steps):
            starts = torch.randint(0, len(tokens) - CONTEXT, (16,))
            windows = torch.stack([tokens[start : start + CONTEXT + 1] for start in starts])
            scores = model(windows[:, :-1])
            loss = functional.cross_entropy(scores.flatten(0, 1), windows[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(parameters, 1.0)  # the norm before clipping
            optimizer.step()
            writer.add_scalar("train/loss", loss, step)
            writer.add_scalar("train/gradient_norm", norm, step)
            writer.add_scalar("train/learning_rate", schedule.get_last_lr()[0], step)
            schedule.step()
            if step % 20 == 0 or step == steps - 1:
                rows = [{"prompt": prompt, "model": generate(model, prompt)} for prompt in ("the c", "the dog ")]
                writer.add_table("samples", rows, step)
                for name, parameter in model.named_parameters():
                    writer.add_histogram(f"weights/{name}", parameter, step)
    return loss.item()


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Fine-tune a tiny transformer.")
    parser.add_argument("--logdir", default="runs/finetune", help="(default: %(default)s)")
    parser.add_argument("--steps", type=int, default=120, help="(default: %(default)s)")
    arguments = parser.parse_args(argv)
    print(f"last loss: {fine_tune(arguments.logdir, arguments.steps):.3f}")
    print(f"tensorboard --logdir {arguments.logdir}")


if __name__ == "__main__":
    main()
