"""Train a small convolutional network on handwritten digits, and watch it in TensorBoard.

    pip install ".[examples]"
    python examples/train_digits.py

The digits are 1797 real scans of 8 x 8 pixels, which scikit-learn ships: nothing is downloaded. The last line that
is printed is the command that shows the run. What to look at there:

- Scalars: loss, accuracy and learning rate of every step; the chart `loss` compares training and validation.
- Images: the digits that the network gets wrong, epoch by epoch, and the confusion matrix.
- Histograms and Distributions: every weight of the network, and its gradient.
- Text: the configuration of the run.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm

from tensorboardX import SummaryWriter

BATCH_SIZE = 32
PEAK_LEARNING_RATE = 0.01
MOST_WRONG_DIGITS = 32  # four rows of the grid
ZOOM = 8  # a scan of 8 x 8 pixels is tiny on a screen


class DigitNet(nn.Module):
    """Two convolutions, then one linear layer that gives a score to each of the ten digits."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=3, padding=1)
        self.output = nn.Linear(32 * 2 * 2, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Take images of shape (N, 1, 8, 8); return scores of shape (N, 10)."""
        x = functional.max_pool2d(functional.relu(self.conv1(images)), 2)
        x = functional.max_pool2d(functional.relu(self.conv2(x)), 2)
        return self.output(x.flatten(start_dim=1))


class Evaluation(NamedTuple):
    """How a network does on images that it was not trained on."""

    loss: float
    accuracy: float
    predictions: Tensor  # the digit that got the highest score, for each image: shape (N,)


# ---- data, network


def load_data(seed: int) -> tuple[TensorDataset, TensorDataset]:
    """Return three quarters of the digits for training, and the rest for validation.

    Each dataset holds images of shape (N, 1, 8, 8), float32 from 0 (background) to 1 (ink), and labels of shape (N,).
    """
    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)[:, np.newaxis]  # the scans have 17 shades, 0 to 16
    parts = train_test_split(images, digits.target, test_size=0.25, stratify=digits.target, random_state=seed)
    train_images, val_images, train_labels, val_labels = map(torch.from_numpy, parts)
    return TensorDataset(train_images, train_labels), TensorDataset(val_images, val_labels)


def make_network(seed: int) -> DigitNet:
    """Return a network whose random first weights depend on `seed` alone."""
    with torch.random.fork_rng(devices=[]):  # leaves the global random numbers as they were
        torch.manual_seed(seed)
        return DigitNet()


def accuracy_of(scores: Tensor, labels: Tensor) -> float:
    """Return the share of images whose highest score is that of their label, 0 to 1."""
    return (scores.argmax(dim=1) == labels).float().mean().item()


@torch.no_grad()
def evaluate(network: DigitNet, dataset: TensorDataset) -> Evaluation:
    """Run all images of a small dataset through the network at once."""
    images, labels = dataset.tensors
    scores = network(images)
    loss = functional.cross_entropy(scores, labels)
    return Evaluation(loss.item(), accuracy_of(scores, labels), scores.argmax(dim=1))


# ---- what TensorBoard shows


def log_configuration(writer: SummaryWriter, configuration: Mapping[str, object]) -> None:
    """Log settings as a Markdown table."""
    rows = [f"| {name} | {value} |" for name, value in configuration.items()]
    writer.add_text("configuration", "\n".join(["| setting | value |", "| --- | --- |", *rows]), 0)


def log_step(writer: SummaryWriter, loss: float, accuracy: float, learning_rate: float, step: int) -> None:
    """Log what is measured with each batch. A tag's part before the slash names its group on the page."""
    writer.add_scalar("train/loss", loss, step)
    writer.add_scalar("train/accuracy", accuracy, step)
    writer.add_scalar("train/learning_rate", learning_rate, step)


def log_losses(writer: SummaryWriter, train_loss: float, result: Evaluation, epoch: int) -> None:
    """Log what is measured once in an epoch. The x axis of these charts counts epochs, not steps."""
    writer.add_scalars("loss", {"train": train_loss, "validation": result.loss}, epoch)
    writer.add_scalar("validation/accuracy", result.accuracy, epoch)


def log_parameters(writer: SummaryWriter, network: DigitNet, epoch: int) -> None:
    """Log how the numbers of every parameter, and its gradients in the last batch, are distributed."""
    for name, parameter in network.named_parameters():
        writer.add_histogram(f"weights/{name}", parameter, epoch)
        writer.add_histogram(f"gradients/{name}", parameter.grad, epoch)


def log_mistakes(writer: SummaryWriter, dataset: TensorDataset, predictions: Tensor, epoch: int) -> None:
    """Log the images that were taken for another digit, as many as fit, and which digit was taken for which."""
    images, labels = dataset.tensors
    wrong = images[predictions != labels][:MOST_WRONG_DIGITS]
    if len(wrong) > 0:
        large = functional.interpolate(wrong, scale_factor=ZOOM, mode="bicubic")  # easier to read than large squares
        writer.add_images("misclassified", large.clamp(0, 1), epoch)
    writer.add_figure("confusion_matrix", draw_confusion_matrix(confusion_matrix(labels, predictions)), epoch)


def draw_confusion_matrix(counts: np.ndarray) -> Figure:
    """Return a figure of counts of shape (10, 10): a row for each true digit, a column for each predicted one."""
    figure = Figure(figsize=(3, 3), dpi=100)
    place = 0.16, 0.16, 0.82, 0.82  # left, bottom, width, height
    axes = figure.add_axes(place, xlabel="predicted digit", ylabel="true digit", xticks=range(10), yticks=range(10))
    axes.imshow(counts, cmap="Blues")
    for (row, column), count in np.ndenumerate(counts):
        color = "white" if count > counts.max() / 2 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=color)
    return figure


# ---- training


def train(writer: SummaryWriter, epochs: int, seed: int) -> float:
    """Train a network, log all of it, and return its accuracy on the validation images after the last epoch."""
    train_data, val_data = load_data(seed)
    network = make_network(seed)
    batches = DataLoader(train_data, BATCH_SIZE, shuffle=True, generator=torch.Generator().manual_seed(seed))
    steps = epochs * len(batches)
    optimizer = torch.optim.Adam(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=steps)

    step = 0
    with tqdm(total=steps, unit="step") as progress:
        for epoch in range(1, epochs + 1):
            losses = []
            for images, labels in batches:
                loss, accuracy = train_step(network, optimizer, images, labels)
                log_step(writer, loss, accuracy, schedule.get_last_lr()[0], step)
                losses.append(loss)
                schedule.step()
                step += 1
                progress.update()
            result = evaluate(network, val_data)
            log_losses(writer, float(np.mean(losses)), result, epoch)
            log_parameters(writer, network, epoch)
            log_mistakes(writer, val_data, result.predictions, epoch)
            progress.set_description(f"epoch {epoch}, validation accuracy {result.accuracy:.1%}")
    return result.accuracy


def train_step(
    network: DigitNet, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor
) -> tuple[float, float]:
    """Change the weights so that the network does a little better on this batch. Return its loss and accuracy."""
    scores = network(images)
    loss = functional.cross_entropy(scores, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item(), accuracy_of(scores, labels)


# ---- command line


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train a network on handwritten digits and log it for TensorBoard.")
    parser.add_argument("--logdir", help="directory of this run (default: a new one under runs)")
    parser.add_argument("--epochs", type=int, default=10, help="how often each image is seen (default: 10)")
    parser.add_argument("--seed", type=int, default=0, help="of the split, first weights and order (default: 0)")
    arguments = parser.parse_args(argv)
    if arguments.epochs < 1:
        parser.error("--epochs must be at least 1")
    return arguments


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in one thread: with a network as small as this, threads would wait for each other most of the time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def describe(arguments: argparse.Namespace) -> dict[str, object]:
    """Return all that it takes to do this run again."""
    constants = {"batch size": BATCH_SIZE, "peak learning rate": PEAK_LEARNING_RATE}
    return {"epochs": arguments.epochs, "seed": arguments.seed, "torch": torch.__version__} | constants


def main(argv: Sequence[str] | None = None) -> None:
    arguments = parse_arguments(argv)
    with one_thread(), SummaryWriter(arguments.logdir, comment="_digits") as writer:
        log_configuration(writer, describe(arguments))
        accuracy = train(writer, arguments.epochs, arguments.seed)
    print(f"validation accuracy {accuracy:.1%}; to see how it came about, run")
    print(f"tensorboard --logdir {writer.logdir}")


if __name__ == "__main__":
    main()
