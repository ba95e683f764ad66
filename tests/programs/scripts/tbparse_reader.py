"""Scalars, histograms, texts and hyperparameters of a writer, read as data frames."""

PROGRAM = "tbparse (reads)"
DISTRIBUTION = "tbparse"
REQUIREMENTS = ["tbparse==0.0.9", "tensorboard", "pandas"]
CHOICE = "It reads the event files."


def main(logdir: str) -> dict:
    import hashlib

    import numpy as np
    from tbparse import SummaryReader

    from tensorboardX import SummaryWriter

    rng = np.random.default_rng(0)
    with SummaryWriter(f"{logdir}/run") as writer:
        for step in range(5):
            writer.add_scalar("train/loss", 1 / (step + 1), step)
            writer.add_histogram("weights", rng.normal(size=100), step)
            writer.add_text("note", f"step **{step}**", step)
            writer.add_image("noise", rng.integers(0, 256, (3, 8, 8), np.uint8), step)
        writer.add_scalars("both", {"a": 1, "b": 2}, 3)
        writer.add_hparams({"lr": 0.1, "kind": "sgd"}, {"accuracy": 0.5}, name="trial")
    kinds = ("scalars", "histograms", "hparams", "text")  # images and audio need TensorFlow there
    reader = SummaryReader(logdir, pivot=False, extra_columns={"dir_name"}, event_types=set(kinds))
    found = {}
    for kind in kinds:
        rows = []
        for row in getattr(reader, kind).to_dict("records"):
            cells = {key: value.tolist() if hasattr(value, "tolist") else value for key, value in row.items()}
            rows.append(hashlib.sha256(repr(sorted(cells.items())).encode()).hexdigest()[:8] + f" {row['tag']}")
        found[kind] = sorted(rows)
    return found
