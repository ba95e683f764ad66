"""Programs that are not run, and why."""

NOT_RUN = {
    "Aim's converter": "It needs TensorFlow.",
    "Catalyst": "pip 24.1 and newer refuse the metadata of its last release, 22.4. It imports tensorboardX only.",
    "Composer": "It requires torch before 2.7.1, and torchvision built for it.",
    "Neptune": "MLflow is run instead: both replace methods of the writer.",
    "Optuna's TensorBoardCallback": "It writes with TensorFlow, never with tensorboardX.",
}
