"""Scalars, images and audio of two runs of a writer, read by `aim convert tensorboard` with TensorFlow's iterator."""

PROGRAM = "Aim's converter (reads)"
DISTRIBUTION = "aim"
REQUIREMENTS = ["aim==3.29.1", "tensorflow-cpu==2.21.0", "tensorboard", "setuptools<81", "soundfile"]
CHOICE = "It reads the event files. What it hands to Aim's tracker is compared."
DIFFERENCES = {
    "audio run-.: tone": "The default loader does not say that a sound of the original is WAV, and browsers do not "
    "play it. See Audio.",
}


def main(logdir: str) -> dict:
    import hashlib
    import os

    import numpy as np
    from aim.cli.convert.processors.tensorboard import parse_tb_logs
    from aim.sdk.repo import Repo
    from aim.sdk.tracker import RunTracker

    from tensorboardX import SummaryWriter

    noise = np.random.default_rng(0)
    for number in range(2):
        with SummaryWriter(f"{logdir}/run-{number}") as writer:
            for step in range(5):
                writer.add_scalar("train/loss", (number + 1) / (step + 1), step)
                writer.add_image("noise", noise.integers(0, 256, (3, 8, 8), np.uint8), step)
            writer.add_audio("tone", np.sin(np.arange(800) / 5) * 0.5, 5, sample_rate=8000)

    tracked: dict[str, list] = {}
    track = RunTracker._track

    # Aim reads back nothing of what it stores here, of whatever origin: so its tracker is watched instead.
    def watched(self: RunTracker, value: object, time: float, name: str, step: int, **options: object) -> None:
        content = value if isinstance(value, float) else hashlib.sha256(bytes(value.storage["data"])).hexdigest()[:8]
        tracked.setdefault(name, []).append([step, content])
        track(self, value, time, name, step, **options)

    RunTracker._track = watched
    os.mkdir("aim")
    parse_tb_logs(logdir, Repo.from_path("aim", init=True))
    return {name: sorted(points) for name, points in tracked.items()}
