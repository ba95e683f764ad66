"""Scalars of three runs of a writer, read, averaged, and written again as event files and CSV."""

PROGRAM = "tensorboard-reducer (reads and writes)"
DISTRIBUTION = "tensorboard-reducer"
REQUIREMENTS = ["tensorboard-reducer==0.4.0", "tensorboard", "pandas", "torch"]
SUBSTITUTE = True


def main(logdir: str) -> dict:
    import tensorboard_reducer

    from tensorboardX import SummaryWriter

    runs = [f"{logdir}/run-{number}" for number in range(3)]
    for number, run in enumerate(runs):
        with SummaryWriter(run) as writer:
            for step in range(5):
                writer.add_scalar("train/loss", (number + 1) / (step + 1), step)
                writer.add_scalar("accuracy", number * step / 10, step)
    reduced = tensorboard_reducer.reduce_events(tensorboard_reducer.load_tb_events(runs), ["mean", "std", "max"])
    tensorboard_reducer.write_tb_events(reduced, f"{logdir}/reduced")
    return {operation: {tag: list(series) for tag, series in tags.items()} for operation, tags in reduced.items()}
