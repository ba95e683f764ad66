"""Compare runs: a run for each learning rate, two curves in one chart, and a table of hyperparameters.

    pip install ".[examples]"
    python examples/tutorials/comparing_runs.py
    tensorboard --logdir runs/comparing

Charts of one tag show all runs, in a colour each. The dashboard HParams sorts the runs by their accuracy.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from tensorboardX import SummaryWriter

RATES = (0.01, 0.1, 1.0)


def make_data() -> tuple[Tensor, Tensor]:
    """Return 400 points of the plane, and whether each lies above a parabola: shapes (400, 2) and (400,)."""
    points = 2 * torch.rand(400, 2, generator=torch.Generator().manual_seed(0)) - 1
    return points, (points[:, 1] > points[:, 0] ** 2 - 0.3).float()


def train(logdir: Path, rate: float, steps: int) -> float:
    """Train one network, log it as a run of its own, and return the accuracy on points that it has not seen."""
    torch.manual_seed(0)
    points, labels = make_data()
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1), nn.Flatten(0))
    loss_function = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    with SummaryWriter(str(logdir)) as writer:
        for step in range(steps):
            loss = loss_function(model(points[:300]), labels[:300])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                scores = model(points[300:])
            # Both in one chart. Each name becomes a run below this one: <logdir>/loss/train.
            held_out = loss_function(scores, labels[300:])
            writer.add_scalars("loss", {"train": loss, "validation": held_out}, step)
            accuracy = ((scores > 0) == (labels[300:] > 0)).float().mean().item()
            writer.add_scalar("accuracy", accuracy, step)
        # name=".": in this run. Without it, the hyperparameters would become one more run.
        writer.add_hparams({"rate": rate, "hidden": 16}, {"final/accuracy": accuracy}, name=".")
    return accuracy


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Compare learning rates.")
    parser.add_argument("--logdir", default="runs/comparing", help="above all runs (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=100, help="of each run (default: %(default)s)")
    arguments = parser.parse_args(argv)
    for rate in RATES:
        accuracy = train(Path(arguments.logdir, f"rate{rate:g}"), rate, arguments.steps)
        print(f"learning rate {rate:g}: accuracy {accuracy:.1%}")
    print(f"tensorboard --logdir {arguments.logdir}")


if __name__ == "__main__":
    main()
