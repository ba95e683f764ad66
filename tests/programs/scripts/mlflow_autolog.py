"""A writer's scalars and hyperparameters, which `mlflow.pytorch.autolog()` records in a run."""

PROGRAM = "MLflow"
DISTRIBUTION = "mlflow-skinny"
REQUIREMENTS = ["mlflow-skinny==3.17.2", "sqlalchemy", "alembic", "pandas", "torch"]
SUBSTITUTE = True


def main(logdir: str) -> dict:
    import mlflow
    import torch.utils

    import tensorboardX

    torch.utils.tensorboard = tensorboardX  # MLflow reads the attribute as well
    mlflow.set_tracking_uri("sqlite:///runs.db")
    mlflow.pytorch.autolog(log_every_n_step=1)
    from torch.utils.tensorboard import SummaryWriter

    with mlflow.start_run() as run, SummaryWriter(logdir) as writer:
        for step in range(5):
            writer.add_scalar("train/loss", 1 / (step + 1), step)
            writer.add_scalar("accuracy", step / 5, step)
        writer.add_hparams({"lr": 0.1}, {"score": 1.0}, name="trial")
    client = mlflow.MlflowClient()
    found = {}
    for key in sorted(client.get_run(run.info.run_id).data.metrics):
        found[key] = [[metric.step, metric.value] for metric in client.get_metric_history(run.info.run_id, key)]
    return {"metrics": found, "params": client.get_run(run.info.run_id).data.params}
