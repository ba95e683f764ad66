"""Losses of each trial by a writer; beside them parameters and result by `TensorBoardCallback`, with TensorFlow."""

PROGRAM = "Optuna"
DISTRIBUTION = "optuna-integration"
REQUIREMENTS = ["optuna-integration==5.0.0", "optuna", "tensorflow-cpu==2.21.0", "tensorboard", "setuptools<81"]
CHOICE = "The objective takes any SummaryWriter. The callback itself writes with TensorFlow, into the same runs."


def main(logdir: str) -> None:
    import os

    os.environ["KERAS_BACKEND"] = "tensorflow"  # TensorBoard imports Keras for its own callback
    import optuna
    from optuna_integration.tensorboard import TensorBoardCallback

    from tensorboardX import SummaryWriter

    def objective(trial: optuna.Trial) -> float:
        rate = trial.suggest_float("rate", 0.1, 0.9)
        kind = trial.suggest_categorical("kind", ["plain", "square"])
        loss = 1.0
        with SummaryWriter(f"{logdir}/trial-{trial.number}") as writer:
            for step in range(10):
                loss *= 1 - rate if kind == "plain" else (1 - rate) ** 2
                writer.add_scalar("train/loss", loss, step)
        return loss

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=4, callbacks=[TensorBoardCallback(logdir, metric_name="loss")])
