"""One sub-run with hyperparameters and the objective for each trial, by `TensorBoardCallback`."""

PROGRAM = "Optuna"
DISTRIBUTION = "optuna-integration"
REQUIREMENTS = ["optuna==5.0.0", "optuna-integration==5.0.0"]
CHOICE = "?"


def main(logdir: str) -> None:
    import optuna
    from optuna_integration.tensorboard import TensorBoardCallback

    def objective(trial):
        x = trial.suggest_float("x", -2, 2)
        depth = trial.suggest_int("depth", 1, 4)
        kind = trial.suggest_categorical("kind", ["a", "b"])
        return x * x + depth + (kind == "b")

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1), study_name="study")
    study.optimize(objective, n_trials=5, callbacks=[TensorBoardCallback(logdir, metric_name="cost")])
