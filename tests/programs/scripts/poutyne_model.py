"""Losses, metrics and learning rate as groups of scalars, and statistics of gradients, by two callbacks."""

PROGRAM = "Poutyne"
DISTRIBUTION = "poutyne"
REQUIREMENTS = ["poutyne==1.19.0", "torch"]
CHOICE = "The callbacks take any SummaryWriter."
TIMED = "time"


def main(logdir: str) -> None:
    import torch
    from poutyne import Model, TensorBoardGradientTracker, TensorBoardLogger

    from tensorboardX import SummaryWriter

    inputs = torch.randn(32, 4)
    targets = (inputs[:, 0] > 0).long()
    model = Model(torch.nn.Linear(4, 2), "sgd", "cross_entropy", batch_metrics=["accuracy"], device="cpu")
    with SummaryWriter(logdir) as writer:
        model.fit(
            inputs,
            targets,
            validation_data=(inputs, targets),
            epochs=3,
            batch_size=8,
            callbacks=[TensorBoardLogger(writer), TensorBoardGradientTracker(writer)],
            verbose=False,
        )
