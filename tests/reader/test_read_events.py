"""`tensorboardX.testing.read_events`: what a reader of one record after the other gives, whatever is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from event_files import scalar, version, write_records

from tensorboardX.errors import CorruptRecordError
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.records.framing import frame
from tensorboardX.records.reader import read_records
from tensorboardX.testing import read_events


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file whose last record has a whole one in it."""
    return write_records(tmp_path / "events.out.tfevents.1", version(), scalar("a", 1, 2.0), frame(b"inner") * 2)


def one_by_one(path: Path) -> list[Event] | str:
    """The events, or what is wrong at which byte."""
    found = []
    offset = 0
    try:
        for data in read_records(path):
            found.append(Event.FromString(data))
            offset += len(frame(data))
    except CorruptRecordError as error:
        return str(error)
    except Exception:
        return f"{path}, byte {offset}: the record is no Event"
    return [event for event in found if not event.file_version]


def at_once(path: Path) -> list[Event] | str:
    try:
        return read_events(path.parent)
    except CorruptRecordError as error:
        return str(error)


def test_a_file_that_ends_anywhere(path):
    content = path.read_bytes()
    outcomes = set()
    for size in range(len(content) + 1):
        path.write_bytes(content[:size])
        assert at_once(path) == one_by_one(path), size
        outcomes.add(str(at_once(path))[:40])
    assert len(outcomes) == 3  # nothing, the scalar, and the record that is no Event


def test_a_wrong_bit_anywhere(path):
    content = path.read_bytes()
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        found = at_once(path)
        assert isinstance(found, str)
        if "zeros" not in found:
            assert found == one_by_one(path)


def test_a_file_of_more_than_a_stretch_and_several_files(tmp_path):
    for name in ("2", "1"):
        events = [version(), *(scalar("a", step, float(name)) for step in range(3000)), scalar("x" * 20000, 1, 1.0)]
        write_records(tmp_path / f"tfevents.{name}", *events, scalar("a", 3000, 1.0))
    found = read_events(tmp_path)
    assert len(found) == 2 * 3002
    assert [event.step for event in found[:3000]] == list(range(3000))
    assert (found[0].summary.value[0].simple_value, found[-3].summary.value[0].simple_value) == (1.0, 2.0)
    assert found[3000].summary.value[0].tag == "x" * 20000
