"""First steps: fit a line, and watch the loss fall in TensorBoard while the program runs.

pip install ".[examples]"
python examples/tutorials/first_steps.py
tensorboard --logdir runs/first_steps
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch
from torch import nn

from tensorboardX import SummaryWriter


def train(logdir: str, steps: int) -> float:
    """Fit y = 3x + 1 by gradient descent, log every step, and return the last loss."""
    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 64).unsqueeze(1)
    y = 3 * x + 1 + 0.1 * torch.randn_like(x)
    model = nn.Linear(1, 1)
    loss_function = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with SummaryWriter(logdir) as writer:
        for step in range(steps):
            loss = loss_function(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            writer.add_scalar("train/loss", loss, step)
            writer.add_scalar("line/slope", model.weight, step)
            writer.add_scalar("line/intercept", model.bias, step)
            # What was logged before is now in the file. Without this line it is there within a second.
            writer.flush()
    return loss.item()


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Fit a line and log the loss.")
    parser.add_argument("--logdir", default="runs/first_steps", help="(default: %(default)s)")
    parser.add_argument("--steps", type=int, default=100, help="(default: %(default)s)")
    arguments = parser.parse_args(argv)
    print(f"last loss: {train(arguments.logdir, arguments.steps):.4f}")
    print(f"tensorboard --logdir {arguments.logdir}")


if __name__ == "__main__":
    main()
