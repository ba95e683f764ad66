"""Scalars, texts, images and hyperparameters, by `TensorBoardLogger`."""

PROGRAM = "TorchTNT"
DISTRIBUTION = "torchtnt"
REQUIREMENTS = ["torchtnt==0.2.4", "setuptools<81", "torch"]
SUBSTITUTE = True
ORIGINAL_FAILS = "got an unexpected keyword argument 'new_style'"


def main(logdir: str) -> None:
    import numpy as np
    from torchtnt.utils.loggers.tensorboard import TensorBoardLogger

    logger = TensorBoardLogger(logdir)
    noise = np.random.default_rng(0)
    for step in range(5):
        logger.log_dict({"loss": 1 / (step + 1)}, step)
        logger.log_scalars("losses", {"train": step / 2, "eval": step / 3}, step)
        logger.log_text("note", f"step {step}", step)
        logger.log_image("noise", noise.integers(0, 256, (3, 8, 8), np.uint8), step)
    logger.log_hparams({"lr": 0.1, "batch": 8}, {"accuracy": 0.5})
    logger.close()
