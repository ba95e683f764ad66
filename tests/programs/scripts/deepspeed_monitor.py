"""Losses and learning rate, by `TensorBoardMonitor` (the monitor alone)."""

PROGRAM = "DeepSpeed"
DISTRIBUTION = "deepspeed"
REQUIREMENTS = [
    "einops",
    "hjson",
    "msgpack",
    "packaging",
    "psutil",
    "py-cpuinfo",
    "pydantic",
    "tqdm",
    "tensorboard",
    "ninja",
    "torch",
    "setuptools",
]
NO_DEPS = ["deepspeed==0.19.8"]
SUBSTITUTE = True


def main(logdir: str) -> None:
    import os

    os.environ["DS_ACCELERATOR"] = "cpu"
    import deepspeed.comm
    from deepspeed.monitor.config import TensorBoardConfig
    from deepspeed.monitor.tensorboard import TensorBoardMonitor

    deepspeed.comm.get_rank = lambda: 0  # no process group for a monitor alone
    monitor = TensorBoardMonitor(TensorBoardConfig(enabled=True, output_path=logdir, job_name="job"))
    for step in range(1, 6):
        events = [("Train/Samples/train_loss", 1 / step, step * 8), ("Train/Samples/lr", 0.1, step * 8)]
        monitor.write_events(events)
