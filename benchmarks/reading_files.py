"""The event files that the readers are compared on, written by this library: `python -m benchmarks.reading_files`.

They are kept under `benchmarks/.envs/`, and written once.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.environments import ENVS
from benchmarks.reading_cases import CASES, Case

FOLDER = ENVS / "event_files"


def _scalars(path: Path, points: int, tags: int) -> None:
    from tensorboardX import SummaryWriter

    names = [f"group{index % 7}/tag{index}" for index in range(tags)]
    with SummaryWriter(str(path)) as writer:
        add_scalar = writer.add_scalar
        for index in range(points):
            add_scalar(names[index % tags], 1.0 / (index + 1), index // tags)


def _pictures(path: Path, points: int, pictures: int) -> None:
    from tensorboardX import SummaryWriter

    rng = np.random.default_rng(1)
    every = points // pictures
    with SummaryWriter(str(path)) as writer:
        for step in range(points):
            writer.add_scalar("loss", 1.0 / (step + 1), step)
            if step % every == 0 and step // every < pictures:
                writer.add_image("noise", rng.integers(0, 256, (3, 256, 256), dtype=np.uint8), step)


def folder_of(case: Case) -> Path:
    """Return the log directory of a case."""
    return FOLDER / case.name


def write(case: Case) -> None:
    """Write the files of a case, unless they are there."""
    folder, done = folder_of(case), FOLDER / f"{case.name}.done"
    if done.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    make: Callable[[Path, int, int], None] = _pictures if case.pictures else _scalars
    make(folder / "run", case.points, case.pictures or case.tags)
    done.touch()


if __name__ == "__main__":
    for each in CASES:
        if each.name in sys.argv[1:]:
            write(each)
