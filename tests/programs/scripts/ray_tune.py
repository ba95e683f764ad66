"""Results and hyperparameters of three trials, by Tune's `TBXLoggerCallback`, which is on by default."""

PROGRAM = "Ray Tune"
DISTRIBUTION = "ray"
REQUIREMENTS = ["ray[tune]==2.60.0"]
CHOICE = "Always."
TIMED = "time|pid|date"


def main(logdir: str) -> None:
    import ray
    from ray import tune

    def trainable(config):
        for step in range(4):
            tune.report({"loss": config["lr"] / (step + 1), "nested": {"value": step}, "lists": [1.0, 2.0]})

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, configure_logging=False)
    tuner = tune.Tuner(
        trainable,
        param_space={"lr": tune.grid_search([0.1, 0.2, 0.3]), "layers": 2, "name": "small"},
        tune_config=tune.TuneConfig(trial_dirname_creator=lambda trial: f"lr-{trial.config['lr']}"),
        run_config=tune.RunConfig(storage_path=logdir, name="experiment", verbose=0),
    )
    tuner.fit()
    ray.shutdown()
