"""Scalars, groups of scalars, images and hyperparameters, through `Accelerator.log` and `TensorBoardTracker`."""

PROGRAM = "Accelerate"
DISTRIBUTION = "accelerate"
REQUIREMENTS = ["accelerate==1.15.0", "torch"]
CHOICE = "Its fallback where TensorBoard is not installed: `log_with='tensorboard'`."


def main(logdir: str) -> None:
    import numpy as np
    import torch
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True, log_with="tensorboard", project_dir=logdir)
    accelerator.init_trackers("example", config={"lr": 0.1, "epochs": 3, "optimizer": "sgd", "nesterov": True})
    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randn(32, 1)), 8)
    model, optimizer, data = accelerator.prepare(model, optimizer, data)
    step = 0
    for epoch in range(3):
        for inputs, targets in data:
            loss = torch.nn.functional.mse_loss(model(inputs), targets)
            optimizer.zero_grad()
            accelerator.backward(loss)
            optimizer.step()
            accelerator.log({"train/loss": loss.item(), "norms": {"weight": model.weight.norm().item()}}, step=step)
            step += 1
        accelerator.log({"epoch": epoch, "note": f"epoch {epoch} is over"}, step=step)
    tracker = accelerator.get_tracker("tensorboard")
    tracker.log_images(
        {"noise": np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)}, step, dataformats="NHWC"
    )
    accelerator.end_training()
