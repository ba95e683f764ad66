"""`fit`, then `test` in the same second: losses, learning rate, hyperparameters, histogram, by `TensorBoardLogger`."""

PROGRAM = "Lightning"
DISTRIBUTION = "lightning"
REQUIREMENTS = ["lightning==2.6.6", "torch"]
CHOICE = "Its fallback where TensorBoard is not installed."
DIFFERENCES = {
    ": (only with this library|.* of which the original has .*)$": "The original overwrites what `fit` wrote: its file "
    "names contain only the second. See Files and lifetime.",
}


def main(logdir: str) -> None:
    import shutil
    import time

    import lightning
    import torch
    from lightning.pytorch.callbacks import LearningRateMonitor
    from lightning.pytorch.loggers import TensorBoardLogger

    class Model(lightning.LightningModule):
        def __init__(self, width: int = 8, lr: float = 0.1) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.layers = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.ReLU(), torch.nn.Linear(width, 1))
            self.example_input_array = torch.zeros(1, 4)

        def forward(self, inputs):
            return self.layers(inputs)

        def training_step(self, batch, index):
            loss = self(batch[0]).square().mean()
            self.log("train/loss", loss)
            return loss

        def validation_step(self, batch, index):
            self.log("val/loss", self(batch[0]).abs().mean())

        def on_validation_epoch_end(self):
            self.logger.experiment.add_histogram("weights", self.layers[0].weight, self.global_step)

        def test_step(self, batch, index):
            self.log("test/loss", self(batch[0]).abs().max())

        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=self.hparams.lr)
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]

    def fit_and_test() -> bool:
        """Whether both fell into one second."""
        shutil.rmtree(logdir, ignore_errors=True)
        lightning.seed_everything(0, verbose=False)
        data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(32, 4)), 8)
        trainer = lightning.Trainer(
            max_epochs=2,
            accelerator="cpu",
            log_every_n_steps=1,
            logger=TensorBoardLogger(logdir, name="model", version=0),
            callbacks=[LearningRateMonitor()],
            default_root_dir=logdir,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        model = Model()
        time.sleep(1 - time.time() % 1)  # at the beginning of a second
        began = int(time.time())
        trainer.fit(model, data, data)
        trainer.test(model, data, verbose=False)
        return int(time.time()) == began

    # The first time is slow, because much is imported then, and a busy machine is slow at any time.
    for _ in range(15):
        if fit_and_test():
            return
