"""Train with Lightning, whose TensorBoardLogger writes through this library where tensorboard is not installed.

    pip install ".[examples]" lightning
    python examples/lightning_digits.py
    tensorboard --logdir runs/lightning

Lightning prefers `torch.utils.tensorboard`. The lines before its import give it this library in any case.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import tensorboardX

sys.modules["torch.utils.tensorboard"] = tensorboardX
sys.modules["torch.utils.tensorboard.summary"] = tensorboardX.summary
sys.modules["torch.utils.tensorboard.writer"] = tensorboardX.writer

import lightning  # noqa: E402
import torch  # noqa: E402
from lightning.pytorch.callbacks import LearningRateMonitor  # noqa: E402
from lightning.pytorch.loggers import TensorBoardLogger  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch.utils.data import DataLoader, TensorDataset, random_split  # noqa: E402


class Digits(lightning.LightningModule):
    """A network of two layers for images of 8 x 8 pixels."""

    def __init__(self, hidden: int = 32, rate: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layers = nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10))

    def training_step(self, batch: Sequence[Tensor], index: int) -> Tensor:
        images, labels = batch
        loss = functional.cross_entropy(self.layers(images), labels)
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch: Sequence[Tensor], index: int) -> None:
        images, labels = batch
        accuracy = (self.layers(images).argmax(dim=1) == labels).float().mean()
        self.log("validation/accuracy", accuracy)

    def on_validation_epoch_end(self) -> None:
        # The writer itself, for what Lightning has no call for.
        self.logger.experiment.add_histogram("weights", self.layers[0].weight, self.global_step)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=self.hparams.rate)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Train on handwritten digits with Lightning.")
    parser.add_argument("--logdir", default="runs/lightning", help="(default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=5, help="(default: %(default)s)")
    arguments = parser.parse_args(argv)
    lightning.seed_everything(0, verbose=False)
    images, labels = load_digits(return_X_y=True)
    data = TensorDataset(torch.tensor(images / 16, dtype=torch.float32), torch.tensor(labels))
    train_data, held_out = random_split(data, [0.75, 0.25])
    trainer = lightning.Trainer(
        max_epochs=arguments.epochs,
        accelerator="cpu",
        logger=TensorBoardLogger(arguments.logdir, name="digits", version=0),
        callbacks=[LearningRateMonitor()],
        log_every_n_steps=1,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Digits(), DataLoader(train_data, 32, shuffle=True), DataLoader(held_out, 64))
    print(f"tensorboard --logdir {arguments.logdir}")


if __name__ == "__main__":
    main()
