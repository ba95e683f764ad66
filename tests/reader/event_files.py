"""Event files for tests of the reader: one with every kind of data, and bytes as they may go wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tensorboardX import SummaryWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.records.framing import frame

WAV_RATE = 8000


def write_records(path: Path, *events: Event | bytes) -> Path:
    """Write a file of these records; an Event is serialized."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(frame(each if isinstance(each, bytes) else each.SerializeToString()) for each in events))
    return path


def scalar(tag: str, step: int, value: float, wall_time: float = 1.5) -> Event:
    """An Event of one scalar."""
    return Event(wall_time=wall_time, step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)]))


def start(step: int) -> Event:
    """What a program that begins at a step writes."""
    return Event(wall_time=1.0, step=step, session_log=SessionLog(status=SessionLog.START))


def version() -> Event:
    return Event(wall_time=1.0, file_version="brain.Event:2")


def small_file(directory: Path, **options: object) -> Path:
    """The event file of a run with small values of many kinds."""
    rng = np.random.default_rng(1)
    with SummaryWriter(str(directory), **options) as writer:
        for step in range(4):
            writer.add_scalar("loss", 1 / (step + 1), step)
            writer.add_scalar("accuracy", step / 4, step)
        writer.add_scalars_at_step({"a": 1.0, "b": 2.0}, 4)
        writer.add_histogram("weights", rng.normal(size=100), 4)
        writer.add_text("note", "some text", 4)
        writer.add_image("picture", rng.integers(0, 256, (3, 8, 8), dtype=np.uint8), 4)
        writer.add_image("large picture", rng.integers(0, 256, (3, 90, 90), dtype=np.uint8), 5)
        for step in range(5, 30):
            writer.add_scalar("loss", 1 / (step + 1), step)
    [path] = directory.glob("*tfevents*")
    return path
