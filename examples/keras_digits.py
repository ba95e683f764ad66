"""Train with Keras on the backend of JAX, and log with a callback. TensorFlow is not needed.

pip install . keras jax scikit-learn
python examples/keras_digits.py
tensorboard --logdir runs/keras
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")  # or torch; before Keras is imported

import keras
from sklearn.datasets import load_digits

from tensorboardX import SummaryWriter


class Logger(keras.callbacks.Callback):
    """Logs what Keras measures of each epoch, the learning rate, and the weights as histograms."""

    def __init__(self, logdir: str) -> None:
        super().__init__()
        self.writer = SummaryWriter(logdir)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        for name, value in (logs or {}).items():
            self.writer.add_scalar(f"epoch/{name}", value, epoch)
        self.writer.add_scalar("learning_rate", float(self.model.optimizer.learning_rate), epoch)
        for weight in self.model.trainable_weights:
            self.writer.add_histogram(weight.path, keras.ops.convert_to_numpy(weight), epoch)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.writer.close()


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Train on handwritten digits with Keras.")
    parser.add_argument("--logdir", default="runs/keras", help="(default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=5, help="(default: %(default)s)")
    arguments = parser.parse_args(argv)
    keras.utils.set_random_seed(0)
    images, labels = load_digits(return_X_y=True)
    hidden, output = keras.layers.Dense(32, activation="relu", name="hidden"), keras.layers.Dense(10, name="output")
    model = keras.Sequential([keras.Input((64,)), hidden, output])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    model.fit(
        images / 16,
        labels,
        epochs=arguments.epochs,
        validation_split=0.25,
        callbacks=[Logger(arguments.logdir)],
        verbose=0,
    )
    print(f"tensorboard --logdir {arguments.logdir}")


if __name__ == "__main__":
    main()
