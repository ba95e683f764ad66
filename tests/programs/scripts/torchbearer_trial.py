"""Metrics of batches and epochs, a graph, and a table of metrics as text, by `TensorBoard` and `TensorBoardText`."""

PROGRAM = "torchbearer"
DISTRIBUTION = "torchbearer"
REQUIREMENTS = ["torchbearer==0.5.5", "packaging", "tensorboard", "torch"]
CHOICE = "Always."


def main(logdir: str) -> None:
    import torch
    from torchbearer import Trial
    from torchbearer.callbacks import TensorBoard, TensorBoardText

    inputs = torch.randn(32, 4)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    trial = Trial(
        model,
        torch.optim.SGD(model.parameters(), lr=0.1),
        torch.nn.CrossEntropyLoss(),
        metrics=["acc", "loss"],
        callbacks=[
            TensorBoard(logdir, write_graph=True, write_batch_metrics=True, batch_step_size=2, comment="run"),
            TensorBoardText(logdir, comment="text"),
        ],
        verbose=0,
    )
    trial.with_train_data(inputs, (inputs[:, 0] > 0).long(), batch_size=8, shuffle=False).run(3)
