"""Scalars, histograms, texts, images and hyperparameters, by `DistributedWriter`, a subclass of SummaryWriter."""

PROGRAM = "DI-engine"
DISTRIBUTION = "di-engine"
NO_DEPS = ["di-engine==0.5.3"]
REQUIREMENTS = []
CHOICE = "Always. Only the module of the writer is loaded: the package requires NumPy 1 and gym 0.25."


def main(logdir: str) -> None:
    import importlib.metadata
    import importlib.util

    import numpy as np

    path = importlib.metadata.distribution("di-engine").locate_file("ding/utils/log_writer_helper.py")
    spec = importlib.util.spec_from_file_location("log_writer_helper", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    writer = module.DistributedWriter.get_instance(logdir)
    rng = np.random.default_rng(0)
    for step in range(5):
        writer.add_scalar("loss", 1 / (step + 1), step)
        writer.add_scalars("returns", {"mean": step, "max": step + 1}, step)
        writer.add_histogram("actions", rng.normal(size=100), step)
        writer.add_text("note", f"step {step}", step)
        writer.add_image("noise", rng.integers(0, 256, (3, 8, 8), np.uint8), step)
    writer.add_hparams({"lr": 0.1}, {"score": 1.0}, name="trial")
    writer.close()
