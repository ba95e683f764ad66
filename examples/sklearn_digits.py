"""Train a classifier of scikit-learn batch by batch, and log it: no deep learning framework is needed.

pip install . scikit-learn
python examples/sklearn_digits.py
tensorboard --logdir runs/sklearn
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from tensorboardX import SummaryWriter

DIGITS = np.arange(10)


def train(logdir: str, epochs: int) -> float:
    """Train on handwritten digits, log it, and return the accuracy on the images that were held out."""
    images, labels = load_digits(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(images / 16, labels, random_state=0)
    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=0.02, random_state=0)
    order = np.random.default_rng(0)
    with SummaryWriter(logdir) as writer:
        for epoch in range(epochs):
            for batch in np.array_split(order.permutation(len(train_x)), 20):
                model.partial_fit(train_x[batch], train_y[batch], classes=DIGITS)
            scores = model.predict_proba(test_x)
            accuracy = float((scores.argmax(axis=1) == test_y).mean())
            writer.add_scalar("train/loss", log_loss(train_y, model.predict_proba(train_x), labels=DIGITS), epoch)
            writer.add_scalar("test/loss", log_loss(test_y, scores, labels=DIGITS), epoch)
            writer.add_scalar("test/accuracy", accuracy, epoch)
            writer.add_histogram("weights", model.coef_, epoch)
            writer.add_images("weights/of_each_digit", as_images(model.coef_), epoch)
            writer.add_pr_curve("is_it_an_eight", test_y == 8, scores[:, 8], epoch)
    return accuracy


def as_images(weights: np.ndarray) -> np.ndarray:
    """From weights, shape (10, 64), to grey images in [0, 1], shape (10, 1, 8, 8); 0.5 is a weight of 0."""
    return (0.5 + 0.5 * weights / np.abs(weights).max()).reshape(-1, 1, 8, 8)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Train a linear classifier on handwritten digits.")
    parser.add_argument("--logdir", default="runs/sklearn", help="(default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=20, help="(default: %(default)s)")
    arguments = parser.parse_args(argv)
    print(f"test accuracy: {train(arguments.logdir, arguments.epochs):.1%}")
    print(f"tensorboard --logdir {arguments.logdir}")


if __name__ == "__main__":
    main()
