"""Losses, metrics, gradients as histograms, and hyperparameters at every epoch, by `TensorboardAdapterFactory`."""

PROGRAM = "d3rlpy"
DISTRIBUTION = "d3rlpy"
REQUIREMENTS = ["d3rlpy==2.8.1", "scikit-learn", "torch"]
CHOICE = "Always."
TIMED = "time_"
DIFFERENCES = {
    "scalars runs/dqn/dqn: .* of which the original has ": "It opens the sub-run of hyperparameters anew at "
    "every epoch. In the same second, the original overwrites the last file. See Files and lifetime.",
}


def main(logdir: str) -> None:
    import d3rlpy
    import numpy as np

    rng = np.random.default_rng(0)
    terminals = np.zeros(100)
    terminals[24::25] = 1
    data = d3rlpy.dataset.MDPDataset(
        rng.normal(size=(100, 4)).astype(np.float32), rng.integers(0, 2, 100), rng.normal(size=100), terminals
    )
    algorithm = d3rlpy.algos.DQNConfig(batch_size=8).create(device=False)
    algorithm.fit(
        data,
        n_steps=9,
        n_steps_per_epoch=3,
        experiment_name="dqn",
        with_timestamp=False,
        show_progress=False,
        logger_adapter=d3rlpy.logging.TensorboardAdapterFactory(logdir),
    )
