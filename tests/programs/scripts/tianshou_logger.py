"""Collected returns, losses and arrays as histograms, and a figure, by `TensorboardLogger`."""

PROGRAM = "Tianshou"
DISTRIBUTION = "tianshou"
REQUIREMENTS = ["tianshou==2.0.1", "torch", "matplotlib"]
CHOICE = "The logger takes any SummaryWriter."
TIMED = "time|speed|fps"


def main(logdir: str) -> None:
    import numpy as np
    from matplotlib.figure import Figure
    from tianshou.utils import TensorboardLogger

    from tensorboardX import SummaryWriter

    writer = SummaryWriter(logdir)
    logger = TensorboardLogger(writer, training_interval=1, update_interval=1)
    rng = np.random.default_rng(0)
    for step in range(1, 6):
        drawing = Figure(figsize=(2, 2))
        drawing.add_subplot().plot([1, step, 3])
        returns = rng.normal(size=50)
        logger.log_training_data({"returns_stat": {"mean": returns.mean(), "std": returns.std()}, "n": 50}, step)
        logger.log_update_data({"loss": {"actor": 1 / step, "critic": 2 / step}}, step)
        logger.log_test_data({"returns": returns}, step)
        logger.write("test/env_step", step, {"returns": returns, "figure": drawing})
        logger.save_data(step, step, step, lambda *_: "")
    logger.finalize()
