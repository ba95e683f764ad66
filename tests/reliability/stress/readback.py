"""What is in the event files of a life, as stock TensorBoard's reader and ours see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event

from tensorboardX.errors import CorruptRecordError
from tensorboardX.record_reader import RecordReader

from .calls import KINDS, PARTS, kind_of

_MOST_FOR_STOCK = 1 << 20  # bytes; its reader is written in Python
_NAME = re.compile(r"events\.out\.tfevents\.\d{10}\..*\.(\d+)\.\d{6}(\.[0-9a-f]{8})?")
_JOURNAL = ".tensorboardX-global"


@dataclass(frozen=True)
class Found:
    """An event: the run that it is in, its first tag, the ordinal in its content, its step, and its file."""

    run: str
    tag: str
    ordinal: int
    step: int
    file: File


@dataclass(eq=False)
class File:
    """An event file; `torn` bytes follow its last whole record."""

    path: Path
    pid: int
    torn: int = 0


@dataclass
class Contents:
    """What the files below some directories hold, each run's in the order in which TensorBoard reads them."""

    files: list[File] = field(default_factory=list)
    events: list[Found] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """What no event file should hold, and files that should not be there."""


def read_back(directories: list[Path], ignored: str) -> Contents:
    """Read every file below directories that hold runs, except the file `ignored`."""
    contents = Contents()
    for directory in directories:
        for path in sorted(directory.rglob("*")):
            if path.is_file() and path.name != ignored:
                _read(path, path.parent.relative_to(directory).as_posix(), contents)
    return contents


def _read(path: Path, run: str, contents: Contents) -> None:
    name = _NAME.fullmatch(path.name)
    if name is None:
        if path.name != _JOURNAL:
            contents.complaints.append(f"a stray file: {path}")
        return
    file = File(path, int(name[1]))
    contents.files.append(file)
    try:
        records = _records(file)
    except CorruptRecordError as error:
        contents.complaints.append(f"a corrupt record: {error}")
        return
    if path.stat().st_size < _MOST_FOR_STOCK and records != list(RawEventFileLoader(str(path)).Load()):
        contents.complaints.append(f"stock TensorBoard reads something else than we do: {path}")
    for number, record in enumerate(records):
        try:
            contents.events += _events(Event.FromString(record), number, run, file)
        except Exception as error:
            contents.complaints.append(f"{path}, record {number}: {error!r}")


def _records(file: File) -> list[bytes]:
    with RecordReader(file.path) as reader:
        found = list(reader)
        file.torn = file.path.stat().st_size - reader.offset
    return found


def _events(event: Event, number: int, run: str, file: File) -> Iterator[Found]:
    if number == 0:
        if event.file_version != "brain.Event:2":
            raise ValueError("the file does not begin with its version")
        return
    values = event.summary.value
    first = values[0].tag
    kind = kind_of(first)
    ordinals = {KINDS[kind].read(value) for value in values}
    tags = [value.tag for value in values]
    expected = [f"{first.partition('/')[0]}/{part}" for part in PARTS] if kind == "at_step" else [first]
    if tags != expected or len(ordinals) != 1:
        raise ValueError(f"not one event of one call: tags {tags}, values {ordinals}")
    yield Found(run, first, ordinals.pop(), event.step, file)
