"""What is in event files, as our own reader and stock TensorBoard's see it, which have to agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_reader import RecordReader

try:
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
except ImportError:  # on an interpreter without TensorBoard our own reader judges alone
    RawEventFileLoader = None


class Scalar(NamedTuple):
    tag: str
    step: int
    value: float


def event_files(logdir: Path | str) -> list[Path]:
    """Every event file of a run and its sub-runs, in the order in which TensorBoard reads them."""
    return sorted(Path(logdir).rglob("*tfevents*"))


def events(path: Path) -> list[Event]:
    """The events of a file: whole records, then a torn one at most. Raises CorruptRecordError otherwise."""
    with RecordReader(path) as reader:
        found = list(reader)
    if RawEventFileLoader is not None:
        assert found == list(RawEventFileLoader(str(path)).Load())
    return [Event.FromString(data) for data in found]


def torn_bytes(path: Path) -> int:
    """How many bytes of a record that is not whole the file ends with."""
    with RecordReader(path) as reader:
        for _ in reader:
            pass
        return path.stat().st_size - reader.offset


def scalars(logdir: Path | str) -> list[Scalar]:
    """Every plain scalar of a run and its sub-runs, file after file. Each file begins with its version."""
    return [scalar for path in event_files(logdir) for scalar in file_scalars(path)]


def file_scalars(path: Path) -> list[Scalar]:
    found = events(path)
    assert not found or found[0].file_version == "brain.Event:2"
    return list(_scalars(found))


def _scalars(found: list[Event]) -> Iterator[Scalar]:
    for event in found:
        for value in event.summary.value:
            if value.HasField("simple_value"):
                yield Scalar(value.tag, event.step, value.simple_value)


def steps(logdir: Path | str, tag: str = "a") -> list[int]:
    """The steps of one tag, file after file."""
    return [scalar.step for scalar in scalars(logdir) if scalar.tag == tag]
