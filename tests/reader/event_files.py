"""Event files for tests of the reader: one with every kind of data, and bytes as they may go wrong."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError

from tensorboardX import SummaryWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.proto.types_pb2 import DT_DOUBLE, DT_FLOAT
from tensorboardX.reader import Damage, Records
from tensorboardX.records.framing import frame


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


def read(path: Path, content: bytes) -> tuple[list[bytes], tuple[Damage, ...]]:
    """What is found in a file, and what was skipped. Every byte is one or the other."""
    path.write_bytes(content)
    records = Records(path)
    found = list(records)
    spans = [(record.offset, record.end) for record in found]
    spans += [(damage.start, damage.end) for damage in records.damage]
    assert sum(end - start for start, end in spans) == len(content)
    position = 0
    for start, end in sorted(spans):
        assert start == position <= end
        position = end
    for record in found:
        assert content[record.offset : record.end] == frame(record.data)
    return [record.data for record in found], records.damage


def scalars_of(records: Iterable[bytes]) -> list[tuple[str, int, float, float]]:
    """Tag, step, wall time and value of each scalar in serialized Events, in order, by way of protobuf messages."""
    plugins: dict[str, str] = {}
    found = []
    for data in records:
        try:
            event = Event.FromString(data)
        except DecodeError:
            continue
        for value in event.summary.value:
            if value.metadata.plugin_data.plugin_name:
                plugins.setdefault(value.tag, value.metadata.plugin_data.plugin_name)
            number = value.simple_value if value.HasField("simple_value") else None
            plugin = value.metadata.plugin_data.plugin_name or plugins.get(value.tag)
            if value.HasField("tensor") and plugin == "scalars":
                numbers = [*value.tensor.float_val, *value.tensor.double_val, *value.tensor.int_val]
                dtype = {DT_FLOAT: "<f4", DT_DOUBLE: "<f8"}.get(value.tensor.dtype)
                numbers += np.frombuffer(value.tensor.tensor_content, dtype).tolist() if dtype else []
                number = numbers[0] if len(numbers) == 1 else None
            if number is not None:
                found.append((value.tag, event.step, event.wall_time, float(number)))
    return found
