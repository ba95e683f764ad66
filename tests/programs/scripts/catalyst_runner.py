"""Losses, accuracy, learning rate and momentum of batches and epochs, and an image, by `TensorboardLogger`."""

PROGRAM = "Catalyst"
DISTRIBUTION = "catalyst"
# accelerate as of the time of the last Catalyst; later ones lack names that it uses.
REQUIREMENTS = ["accelerate==0.20.3", "hydra-slayer", "six", "tqdm", "setuptools<81", "torch"]
REFUSED_BY_PIP = ["catalyst==22.4"]
CHOICE = "Always. pip 24.1 and newer refuse the metadata of this release, its last one; uv installs it."


def main(logdir: str) -> None:
    import numpy as np
    import torch
    from catalyst import dl
    from torch.utils.data import DataLoader, TensorDataset

    class Picture(dl.Callback):
        def on_loader_end(self, runner: dl.Runner) -> None:
            runner.log_image(tag="noise", image=np.random.rand(8, 8, 3), scope="loader")

    inputs = torch.randn(64, 4)
    data = DataLoader(TensorDataset(inputs, (inputs[:, 0] > 0).long()), batch_size=16)
    model = torch.nn.Linear(4, 2)
    runner = dl.SupervisedRunner(input_key="features", output_key="logits", target_key="targets", loss_key="loss")
    runner.train(
        model=model,
        criterion=torch.nn.CrossEntropyLoss(),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        loaders={"train": data, "valid": data},
        num_epochs=3,
        callbacks=[
            dl.AccuracyCallback(input_key="logits", target_key="targets", topk=(1,)),
            Picture(dl.CallbackOrder.External),
        ],
        loggers={"tensorboard": dl.TensorboardLogger(logdir, log_batch_metrics=True)},
        cpu=True,
    )
