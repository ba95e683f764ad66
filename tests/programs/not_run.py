"""Programs that are not run, and why."""

NOT_RUN = {
    "Aim's converter": "Not tried: it needs TensorFlow.",
    "Catalyst": "pip 24.1 and newer refuse the metadata of its last release, 22.4. It imports tensorboardX only.",
    "Composer": "Its last release requires torch before 2.7.1.",
    "Neptune": "Not tried. MLflow, which also replaces methods of the writer, is run.",
    "Optuna's TensorBoardCallback": "It writes with TensorFlow and never with tensorboardX.",
}
