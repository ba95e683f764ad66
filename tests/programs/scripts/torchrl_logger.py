"""Scalars, a video, a histogram and hyperparameters, by `TensorboardLogger`."""

PROGRAM = "TorchRL"
DISTRIBUTION = "torchrl"
REQUIREMENTS = ["torchrl==0.14.1", "moviepy<2", "tensorboard", "torch"]
SUBSTITUTE = True
ORIGINAL_FAILS = "'SummaryWriter' object has no attribute 'log_dir'"


def main(logdir: str) -> None:
    import torch
    from torchrl.record.loggers.tensorboard import TensorboardLogger

    logger = TensorboardLogger("example", logdir)
    logger.log_hparams({"lr": 0.1, "env": "CartPole-v1"})
    for step in range(5):
        logger.log_scalar("reward", step * 0.5, step)
        logger.log_histogram("actions", torch.randn(100), step=step, bins="auto")
    logger.log_video("rollout", torch.randint(0, 256, (1, 6, 3, 8, 8), dtype=torch.uint8), step=4)
    logger.experiment.close()
