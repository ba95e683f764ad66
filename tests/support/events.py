"""Event files as stock TensorBoard's own reader gives them, for looking at single records."""

from __future__ import annotations

from pathlib import Path

from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary


def event_files(logdir: Path | str) -> list[Path]:
    """The event files of one run, oldest first; sub-runs are left out."""
    return sorted(Path(logdir).glob("*tfevents*"), key=_counter)


def events(logdir: Path | str) -> list[Event]:
    """Every event of one run, file after file, without the version records."""
    found = [Event.FromString(data) for path in event_files(logdir) for data in RawEventFileLoader(str(path)).Load()]
    return [event for event in found if not event.file_version]


def values(logdir: Path | str) -> list[tuple[int, Summary.Value]]:
    """Every value of one run with its step, in order."""
    return [(event.step, value) for event in events(logdir) for value in event.summary.value]


def scalars(logdir: Path | str) -> list[tuple[str, int, float]]:
    """Tag, step and value of every plain scalar of one run, in order."""
    return [(value.tag, step, value.simple_value) for step, value in values(logdir) if value.HasField("simple_value")]


def _counter(path: Path) -> int:
    return int(path.name.split(".")[-1]) if path.name.split(".")[-1].isdigit() else 0
