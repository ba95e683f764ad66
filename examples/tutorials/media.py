"""Images, a video, histograms, audio, text and the graph of a model, each by one call.

pip install ".[examples]"
python examples/tutorials/media.py
tensorboard --logdir runs/media
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from tensorboardX import SummaryWriter

SAMPLE_RATE = 8000  # samples of sound per second


def make_model() -> nn.Sequential:
    """Return a small network for grey images of 16 x 16 pixels."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 8 * 8, 10)
    )


def disc(radius: float) -> np.ndarray:
    """Return a white disc on black, shape (16, 16), float32 in [0, 1]."""
    y, x = np.mgrid[-7.5:8.5, -7.5:8.5]
    return (np.hypot(x, y) < radius).astype(np.float32)


def tone(frequency: float) -> np.ndarray:
    """Return half a second of a sine, shape (4000,), float32 in [-1, 1]."""
    time = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    return (0.5 * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def log_step(writer: SummaryWriter, model: nn.Module, step: int) -> None:
    """Log what a step would show, one call for each kind of data."""
    discs = np.stack([disc(radius + step) for radius in range(1, 5)])  # shape (4, 16, 16)
    writer.add_image("disc", discs[0], step, dataformats="HW")
    writer.add_images("discs", discs[:, None], step)  # the default is NCHW
    writer.add_video("growing", discs[None, :, None], step, fps=2)  # the default is NTCHW
    writer.add_audio("tone", tone(220 * (step + 1)), step, sample_rate=SAMPLE_RATE)
    writer.add_text("note", f"At step **{step}** the smallest disc has the radius `{step + 1}`.", step)
    writer.add_histogram("scores", model(torch.from_numpy(discs[:, None])), step)
    for name, parameter in model.named_parameters():
        writer.add_histogram(f"weights/{name}", parameter, step)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Log every kind of media.")
    parser.add_argument("--logdir", default="runs/media", help="(default: %(default)s)")
    parser.add_argument("--steps", type=int, default=3, help="(default: %(default)s)")
    arguments = parser.parse_args(argv)
    model = make_model()
    with SummaryWriter(arguments.logdir) as writer:
        writer.add_graph(model, torch.zeros(1, 1, 16, 16))
        for step in range(arguments.steps):
            log_step(writer, model, step)
    print(f"tensorboard --logdir {arguments.logdir}")


if __name__ == "__main__":
    main()
