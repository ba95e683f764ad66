"""Runs to operate on, and what is in them afterwards."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
from reader.event_files import write_records

from tensorboardX import SummaryWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.reader import open_logdir

Points = dict[tuple[str, str], list[tuple[int, float]]]


def write_run(directory: Path, steps: range, tags: tuple[str, ...] = ("loss", "accuracy"), factor: float = 1.0) -> Path:
    """Write one more event file with a number for each tag and step; return its path."""
    before = set(directory.glob("*tfevents*")) if directory.exists() else set()
    with SummaryWriter(str(directory)) as writer:
        for step in steps:
            for tag in tags:
                writer.add_scalar(tag, step * factor, step, walltime=1000.0 + step)
    [path] = set(directory.glob("*tfevents*")) - before
    return path


def write_everything(directory: Path, steps: range) -> Path:
    """Write a file with values of many kinds at each step."""
    rng = np.random.default_rng(3)
    with SummaryWriter(str(directory)) as writer:
        for step in steps:
            writer.add_scalar("loss", 1 / (step + 1), step, display_name="Loss", summary_description="of all")
            writer.add_scalar("plain", float(step), step)
            writer.add_histogram("weights", rng.normal(size=500), step)
            writer.add_text("note", f"step {step}", step)
            writer.add_image("picture", rng.integers(0, 256, (3, 90, 90), dtype=np.uint8), step)
            writer.add_pr_curve("curve", [0, 1, 1, 0], [0.1, 0.9, 0.6, 0.4], step)
            writer.add_tensor("tensor", np.arange(4.0) + step, step)
        writer.flush()
    [path] = directory.glob("*tfevents*")
    return path


def write_old_records(path: Path, *events: Event | bytes) -> Path:
    """Write a file of these records, which seems to have been written an hour ago: its name tells no host."""
    write_records(path, *events)
    return age(path)


def age(path: Path, seconds: float = 3600.0) -> Path:
    """Make a file seem to have been written some time ago."""
    os.utime(path, (time.time() - seconds,) * 2)
    return path


def points(logdir: Path) -> Points:
    """All scalars: step and value by run and tag, in the order of the files."""
    found: Points = {}
    columns = open_logdir(logdir).scalars()
    for run, tag, step, value in zip(
        columns["run"], columns["tag"], columns["step"].tolist(), columns["value"].tolist(), strict=True
    ):
        found.setdefault((run, tag), []).append((step, value))
    return found


def contents(logdir: Path) -> dict[str, bytes]:
    """Every file below a directory."""
    return {path.relative_to(logdir).as_posix(): path.read_bytes() for path in logdir.rglob("*") if path.is_file()}
