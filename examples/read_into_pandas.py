"""Read what was logged into pandas: every point, a table of a column for each run, hyperparameters and results.

pip install ".[pandas]"
python examples/read_into_pandas.py            # writes three small runs first
python examples/read_into_pandas.py my/runs --tag train/loss
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tensorboardX import SummaryWriter
from tensorboardX.reader import open_logdir

EXAMPLE = Path("runs/read_into_pandas")


def write_example(logdir: Path, steps: int = 100) -> None:
    """Write three runs with noisy losses, if they are not there."""
    for rate in (0.01, 0.03, 0.1):
        run = logdir / f"rate{rate:g}"
        if run.exists():
            continue
        noise = np.random.default_rng(0).normal(scale=0.02, size=steps)
        losses = (1 - rate) ** np.arange(steps) + noise
        with SummaryWriter(str(run)) as writer:
            for step, loss in enumerate(losses):
                writer.add_scalar("train/loss", loss, step)
            writer.add_hparams({"rate": rate}, {"final/loss": losses[-1]}, name=".")


def table_of(logdir: str | Path, tag: str) -> pd.DataFrame:
    """Return the curves of a tag: a row for each step, a column for each run."""
    points = open_logdir(logdir).scalars(tags=tag, restarts="last").to_pandas()
    return points.pivot(index="step", columns="run", values="value")


def summary_of(logdir: str | Path, tag: str) -> pd.DataFrame:
    """Return a row for each run: last and lowest value, that of the smoothed curve, and its hyperparameters."""
    curves = table_of(logdir, tag)
    summary = pd.DataFrame(
        {
            "last": curves.ffill().iloc[-1],
            "lowest": curves.min(),
            "at_step": curves.idxmin(),
            "smoothed": curves.ewm(alpha=0.1).mean().iloc[-1],
        }
    )
    settings = pd.DataFrame(open_logdir(logdir).hparams().wide())
    return summary if settings.empty else summary.join(settings.set_index("run"))


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Read event files into pandas.")
    parser.add_argument("logdir", nargs="?", help=f"directory of runs (default: three runs made in {EXAMPLE})")
    parser.add_argument("--tag", default="train/loss", help="a name or a glob of one tag (default: %(default)s)")
    arguments = parser.parse_args(argv)
    if arguments.logdir is None:
        write_example(EXAMPLE)
    logdir = arguments.logdir or EXAMPLE
    print(table_of(logdir, arguments.tag).tail().to_string(float_format="{:.4f}".format))
    print()
    print(summary_of(logdir, arguments.tag).to_string(float_format="{:.4f}".format))


if __name__ == "__main__":
    main()
