"""Event files as TensorBoard's own Python code reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.tensorflow_stub import errors
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New


def records(path: str | os.PathLike[str]) -> list[bytes]:
    """The records of a file up to its end; raises DataLossError for a wrong checksum."""
    return list(_each_record(os.fspath(path)))


def _each_record(path: str) -> Iterator[bytes]:
    reader = PyRecordReader_New(path)
    while True:
        try:
            reader.GetNext()
        except errors.OutOfRangeError:  # the end, or a torn tail
            return
        yield reader.record()


def events(logdir: str | os.PathLike[str]) -> dict[str, list[Event]]:
    """{directory relative to `logdir`: events of its files, in the order of their names}."""
    found: dict[str, list[Event]] = {}
    for path in sorted(path for path in Path(logdir).rglob("*tfevents*") if path.is_file()):
        run = found.setdefault(path.parent.relative_to(logdir).as_posix(), [])
        run += [Event.FromString(record) for record in records(path)]
    return found
