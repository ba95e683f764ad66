"""A training that is killed, and goes on from its last checkpoint without a gap or an overlap in its curve.

    pip install ".[examples]"
    python examples/resume.py --kill-step 75    # ends by SIGKILL, as a preempted job does
    python examples/resume.py                   # goes on at step 60
    tensorboard --logdir runs/resume

The first program has logged steps that come after its last checkpoint. `resume_step` removes them from the files,
because the second one takes these steps again.
"""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from tensorboardX import SummaryWriter

SAVE_EVERY = 20


def save(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Save a checkpoint, so that a kill leaves either the old file or the new one."""
    new = path.with_suffix(".new")
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, new)
    os.replace(new, path)


def restore(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int | None:
    """Load the last checkpoint and return the step at which to go on, or None if there is none."""
    if not path.exists():
        return None
    saved = torch.load(path, weights_only=True)
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    return int(saved["step"])


def train(logdir: Path, steps: int, kill_step: int | None) -> int:
    """Train from the last checkpoint on, and return the step at which this program began."""
    torch.manual_seed(0)
    model = nn.Linear(8, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    x = torch.randn(256, 8)
    y = x @ torch.arange(8.0)[:, None]
    checkpoint = logdir / "checkpoint.pt"
    resume_step = restore(checkpoint, model, optimizer)
    with SummaryWriter(str(logdir), resume_step=resume_step) as writer:
        for step in range(resume_step or 0, steps):
            loss = nn.functional.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            writer.add_scalar("train/loss", loss, step)
            if (step + 1) % SAVE_EVERY == 0:
                writer.flush()  # whatever happens now, the curve is there up to the checkpoint
                save(checkpoint, model, optimizer, step + 1)
            if step == kill_step:
                writer.flush()
                os.kill(os.getpid(), signal.SIGKILL)
    return resume_step or 0


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Train, and go on after a kill.")
    parser.add_argument("--logdir", type=Path, default=Path("runs/resume"), help="(default: %(default)s)")
    parser.add_argument("--steps", type=int, default=200, help="of all programs together (default: %(default)s)")
    parser.add_argument("--kill-step", type=int, help="kill this process after this step")
    arguments = parser.parse_args(argv)
    print(f"began at step {train(arguments.logdir, arguments.steps, arguments.kill_step)}")
    print(f"tensorboard --logdir {arguments.logdir}")


if __name__ == "__main__":
    main()
