"""Files that a loader stops reading somewhere."""

from __future__ import annotations

import math
import random

import pytest
from reader.event_files import scalar, version
from support import served
from surgery_runs import age, contents, points, write_old_records, write_run

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.reader import Records
from tensorboardX.records.framing import frame
from tensorboardX.surgery import repair, verify


def test_both_loaders_read_on_behind_what_was_wrong(tmp_path, tensorboard):
    run = tmp_path / "run"
    run.mkdir()
    events = [frame(scalar("loss", step, float(step)).SerializeToString()) for step in range(10)]
    events[2] = events[2][:-1] + bytes([events[2][-1] ^ 1])
    events[4] = frame(b"\xff\xff\xff")
    events[6] = bytes(40)
    events[8] = frame(scalar("loss", 8, 8.0, math.nan).SerializeToString())
    path = age(write_old_records(run / "tfevents.1", version()))
    path.write_bytes(path.read_bytes() + b"".join(events) + events[9][:20])
    age(path)
    reasons = [damage.reason for damage in verify(tmp_path).damage]
    assert sorted(reasons) == [
        "the checksum of the data does not match",
        "the file ends within a record of 26 bytes",
        "the record is no Event",
        "the wall time is not a finite number",
        "zeros",
    ]
    report = repair(tmp_path, in_place=True)
    assert [damage.reason for damage in report.damage] == reasons
    assert verify(tmp_path).damage == ()
    tb = tensorboard(tmp_path)
    assert [step for step, _ in served.scalars(tb)["run"]["loss"]] == [0, 1, 3, 5, 7, 8, 9]


def test_a_time_that_is_none_becomes_that_of_the_event_before(tmp_path):
    infinite, nan = scalar("a", 1, 1.0, math.inf), scalar("a", 2, 2.0, math.nan)
    path = write_old_records(tmp_path / "tfevents", version(), scalar("a", 0, 0.0, 7.0), infinite, nan)
    repair(tmp_path, in_place=True)
    found = [Event.FromString(record.data) for record in Records(path)]
    assert [event.wall_time for event in found] == [1.0, 7.0, 7.0, 7.0]
    assert points(tmp_path) == {(".", "a"): [(0, 0.0), (1, 1.0), (2, 2.0)]}


def test_a_version_is_put_before_a_file_that_has_none(tmp_path):
    path = write_old_records(tmp_path / "tfevents", scalar("a", 0, 1.0), scalar("a", 1, 2.0))
    assert ["does not begin with the version" in damage.reason for damage in verify(tmp_path).damage] == [True]
    repair(tmp_path, in_place=True)
    assert [Event.FromString(record.data).file_version for record in Records(path)] == ["brain.Event:2", "", ""]


def test_a_sound_file_is_neither_changed_nor_reported(tmp_path):
    write_run(tmp_path, range(5))
    before = contents(tmp_path)
    report = repair(tmp_path, in_place=True)
    assert (report.changed, report.damage) == (0, ())
    assert contents(tmp_path) == before
    assert (verify(tmp_path).events_before, verify(tmp_path).dry_run) == (11, True)


@pytest.mark.parametrize("content", [b"\x1f\x8b" + bytes(50), b"no event file at all" * 10, bytes(1000)])
def test_a_file_in_which_nothing_can_be_read_is_left_as_it_is(tmp_path, content):
    path = tmp_path / "tfevents"
    path.write_bytes(content)
    report = repair(tmp_path, in_place=True)
    assert path.read_bytes() == content
    assert [file.changed for file in report.files] == [False]
    assert report.damage


def test_every_whole_event_of_a_broken_file_stays(tmp_path):
    sound = write_run(tmp_path / "sound", range(30)).read_bytes()
    rng = random.Random(5)
    for number in range(60):
        content = bytearray(sound)
        for _ in range(rng.randrange(1, 4)):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        if number % 3 == 0:
            del content[rng.randrange(len(content)) :]
        path = tmp_path / str(number) / "tfevents"
        path.parent.mkdir()
        path.write_bytes(content)
        age(path)
        whole = [record.data for record in Records(path)]
        repair(path.parent, in_place=True)
        left = [record.data for record in Records(path)]
        if whole:
            assert left[-len(whole) :] == whole
            assert verify(path.parent).damage == ()
        else:
            assert path.read_bytes() == content
