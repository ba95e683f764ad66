"""Losses, learning rates, metrics and the graph of a model, by its TensorBoard callbacks (these alone)."""

PROGRAM = "Ultralytics"
DISTRIBUTION = "ultralytics"
REQUIREMENTS = [
    "opencv-python-headless",
    "pyyaml",
    "requests",
    "psutil",
    "matplotlib",
    "tensorboard",
    "polars",
    "torch",
]
NO_DEPS = ["ultralytics==8.4.190", "torchvision==0.28.0", "ultralytics-thop"]
SUBSTITUTE = True
DIFFERENCES = {
    "^(graphs|run_metadata) .: ": "`add_graph` of the original imports torch.utils.tensorboard, which is replaced "
    "here. See Graphs.",
}


def main(logdir: str) -> None:
    from types import SimpleNamespace

    import torch
    from ultralytics.utils.callbacks.tensorboard import callbacks

    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    trainer = SimpleNamespace(
        save_dir=logdir, model=model, args=SimpleNamespace(imgsz=32), data={"channels": 3}, lr={"lr/pg0": 0.1}, epoch=0
    )
    trainer.label_loss_items = lambda losses, prefix: {f"{prefix}/box_loss": losses, f"{prefix}/cls_loss": losses / 2}
    callbacks["on_pretrain_routine_start"](trainer)
    callbacks["on_train_start"](trainer)
    for trainer.epoch in range(4):
        trainer.tloss = 1 / (trainer.epoch + 1)
        trainer.metrics = {"metrics/mAP50(B)": 0.1 * trainer.epoch, "val/box_loss": 0.5}
        callbacks["on_train_epoch_end"](trainer)
        callbacks["on_fit_epoch_end"](trainer)
    callbacks["teardown"](trainer)
