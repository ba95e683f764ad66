"""What comes into a log directory while it is written: files that appear, grow, are torn, replaced and deleted."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from event_files import scalar, version, write_records

from tensorboardX import SummaryWriter
from tensorboardX.errors import InvalidTypeError, InvalidValueError
from tensorboardX.reader import Damage, Follower, open_logdir
from tensorboardX.reader import follow as follow_module
from tensorboardX.records.framing import frame


def append(path: Path, *contents: bytes) -> None:
    with path.open("ab") as file:
        for content in contents:
            file.write(content)


def event(step: int, tag: str = "loss") -> bytes:
    return frame(scalar(tag, step, step / 2).SerializeToString())


def steps(found) -> list[int]:
    return [step for columns in found for step in columns["step"].tolist()]


@pytest.fixture
def path(tmp_path) -> Path:
    return write_records(tmp_path / "run" / "1.tfevents", version(), scalar("loss", 0, 0.0))


@pytest.fixture
def follower(tmp_path, path) -> Follower:
    return Follower(str(tmp_path))


def test_each_poll_gives_what_is_new(path, follower):
    assert steps(follower.poll()) == [0]
    assert follower.poll() == []
    append(path, event(1), event(2))
    [columns] = follower.poll()
    assert (columns.kind, columns["run"].tolist(), columns["step"].tolist()) == ("scalars", ["run", "run"], [1, 2])
    assert follower.poll() == []


def test_every_byte_of_a_growing_file(tmp_path, follower, path):
    assert steps(follower.poll()) == [0]
    content = event(1) + event(2, "long name" * 9) + event(3)
    found = []
    for byte in content:
        append(path, bytes([byte]))
        found += follower.poll()
    assert steps(found) == [1, 2, 3]
    assert all(columns.damage == () for columns in found)


def test_runs_and_files_that_appear_later(tmp_path, path, follower):
    assert steps(follower.poll()) == [0]
    write_records(tmp_path / "run" / "2.tfevents", scalar("loss", 5, 1.0))
    write_records(tmp_path / "other" / "1.tfevents", scalar("loss", 6, 1.0))
    append(path, event(1))
    [columns] = follower.poll()
    assert sorted(zip(columns["run"], columns["step"], strict=True)) == [("other", 6), ("run", 1), ("run", 5)]


def test_a_writer_that_is_followed_while_it_writes(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        follower = Follower(str(tmp_path), ["scalars", "images", "texts"])
        for step in range(20):
            writer.add_scalar("loss", step, step)
            writer.add_image("image", np.full((3, 90, 90), step, np.uint8), step)
            writer.add_text("note", str(step), step)
            writer.flush()
            found = {columns.kind: columns for columns in follower.poll()}
            assert {kind: columns["step"].tolist() for kind, columns in found.items()} == {
                "scalars": [step],
                "images": [step],
                "texts": [step],
            }
            assert found["texts"]["text"].tolist() == [str(step)]


def test_filters(tmp_path, path):
    follower = Follower(str(tmp_path), "scalars", "run", "loss", slice(1, 3))
    write_records(tmp_path / "other" / "1.tfevents", scalar("loss", 1, 1.0))
    append(path, event(1), event(1, "other"), event(2), event(3))
    assert steps(follower.poll()) == [1, 2]


def test_metadata_of_the_first_value_counts_for_later_ones(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        for step in range(2):
            writer.add_scalar("loss", step, step, new_style=True)
    [path] = tmp_path.iterdir()
    content = path.read_bytes()
    follower = Follower(str(tmp_path))
    assert steps(follower.poll()) == [0, 1]
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.records.reader import read_records

    *_, data = read_records(path)
    later = Event.FromString(data)
    later.step = 2
    later.summary.value[0].ClearField("metadata")
    append(path, frame(later.SerializeToString()))
    assert steps(follower.poll()) == [2]
    assert path.read_bytes().startswith(content)


# ---- files that are damaged, replaced and gone


def test_a_hole_of_zeros_that_is_filled_later(path, follower):
    follower.poll()
    before = path.stat().st_size
    content = event(1) + event(2) + event(3)
    append(path, content[: len(event(1))], bytes(len(event(2))), event(3))  # what NFS shows of a file that grows
    assert steps(follower.poll()) == [1]
    assert follower.poll() == []
    with path.open("r+b") as file:
        file.seek(before)
        file.write(content)
    [columns] = follower.poll()
    assert (columns["step"].tolist(), columns.damage) == ([2, 3], ())


@pytest.mark.parametrize("kind", ["zeros", "wrong bit", "torn"])
def test_damage_that_stays_is_skipped_once_the_file_goes_on(path, follower, kind):
    follower.poll()
    before = path.stat().st_size
    wrong = {
        "zeros": bytes(100),
        "wrong bit": event(1)[:-1] + b"\0",
        "torn": event(1)[:-9],
    }[kind]
    append(path, wrong)
    for _ in range(3 * follow_module._PATIENCE):
        assert follower.poll() == []
    append(path, event(2), event(3))
    found = []
    for _ in range(12 * follow_module._PATIENCE):
        found += follower.poll()
    assert steps(found) == [2, 3]
    assert found[0].damage[0][:3] == (str(path), before, before + len(wrong))
    append(path, event(4))
    assert steps(follower.poll()) == [4]


def test_a_torn_large_record_is_waited_for(tmp_path, path):
    with SummaryWriter(str(tmp_path / "source")) as writer:
        writer.add_image("image", np.random.default_rng(1).random((3, 300, 300)), 7)
    [source] = (tmp_path / "source").iterdir()
    content = source.read_bytes()
    source.unlink()
    follower = Follower(str(tmp_path), ["scalars", "images"])
    assert steps(follower.poll()) == [0]
    append(path, content[:100_000])
    for _ in range(30):
        assert follower.poll() == []
    append(path, content[100_000:])
    assert steps(follower.poll()) == [7]


def test_a_file_that_is_replaced(path, follower):
    assert steps(follower.poll()) == [0]
    path.unlink()
    assert follower.poll() == []
    write_records(path, *[scalar("loss", step, 1.0) for step in range(5, 9)])
    assert steps(follower.poll()) == [5, 6, 7, 8]


def test_a_file_that_is_replaced_by_a_larger_one_in_its_place(path, follower):
    assert steps(follower.poll()) == [0]
    identity = path.stat().st_ino
    other = [scalar("loss", step, 1.0, wall_time=99.0) for step in range(5, 9)]
    write_records(path, *other)  # written over, which keeps its inode
    assert path.stat().st_ino == identity
    assert steps(follower.poll()) == [5, 6, 7, 8]


def test_a_file_that_is_cut_off_and_written_anew(path, follower):
    append(path, *[event(step) for step in range(1, 9)])
    assert steps(follower.poll()) == list(range(9))
    path.write_bytes(event(100))
    assert steps(follower.poll()) == [100]


def test_a_directory_that_goes_and_comes_back(tmp_path, path, follower):
    assert steps(follower.poll()) == [0]
    os.rename(path.parent, tmp_path.parent / f"{tmp_path.name} away")
    assert follower.poll() == []
    os.rename(tmp_path.parent / f"{tmp_path.name} away", path.parent)
    append(path, event(1))
    assert steps(follower.poll()) == [1]


def test_a_log_directory_that_goes_and_comes_back(tmp_path, path):
    follower = Follower(str(tmp_path / "run"))
    assert steps(follower.poll()) == [0]
    os.rename(tmp_path / "run", tmp_path / "away")
    assert follower.poll() == []
    os.rename(tmp_path / "away", tmp_path / "run")
    append(path, event(1))
    assert steps(follower.poll()) == [1]


def test_one_warning_for_damage(tmp_path, path, follower, caplog):
    append(path, event(1)[:-1] + b"\0", event(2))
    for _ in range(3 * follow_module._PATIENCE):
        follower.poll()
    assert [record.message for record in caplog.records] == [
        f"a part of an event file was skipped: {path}, bytes 80 to 122: the checksum of the data does not match"
    ]


def test_damage_without_anything_new_comes_with_what_follows(path, follower):
    follower.poll()
    size = path.stat().st_size
    append(path, event(1)[:-1] + b"\0", event(2))
    found = []
    for _ in range(2 * follow_module._PATIENCE):
        found += follower.poll()
    assert steps(found) == [2]
    reason = "the checksum of the data does not match"
    assert [damage for columns in found for damage in columns.damage] == [
        Damage(str(path), size, size + len(event(1)), reason)
    ]


# ---- Logdir.follow


def test_it_ends_when_nothing_comes_for_a_while(tmp_path, path):
    start = time.monotonic()
    found = list(open_logdir(tmp_path).follow(timeout=0.3, interval=0.05))
    assert steps(found) == [0]
    assert time.monotonic() - start >= 0.3


def test_it_begins_at_the_end(tmp_path, path):
    following = open_logdir(tmp_path).follow(timeout=0.2, interval=0.05, from_end=True)
    append(path, event(1))
    assert steps(following) == [1]


def test_it_ends_when_told(tmp_path, path):
    stop = threading.Event()
    found = []
    for columns in open_logdir(tmp_path).follow(interval=60, stop=stop):
        found.append(columns)
        stop.set()
    assert steps(found) == [0]


def test_it_waits_between_two_looks(tmp_path, path, monkeypatch):
    polls = []
    original = Follower.poll
    monkeypatch.setattr(Follower, "poll", lambda self: polls.append(0) or original(self))
    before = time.process_time()
    list(open_logdir(tmp_path).follow(timeout=1.0, interval=0.1))
    assert len(polls) <= 13
    assert time.process_time() - before < 0.5


def test_a_program_that_writes_is_followed_to_its_end(tmp_path):
    (tmp_path / "run").mkdir()

    def write() -> None:
        for part in range(3):
            with SummaryWriter(str(tmp_path / "run")) as writer:
                for step in range(20 * part, 20 * part + 20):
                    writer.add_scalar("loss", step, step)
                    time.sleep(0.005)

    thread = threading.Thread(target=write)
    following = open_logdir(tmp_path).follow(timeout=3, interval=0.02)
    thread.start()
    found = steps(following)
    thread.join()
    assert found == list(range(60))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"kinds": "scalar"}, InvalidValueError),
        ({"kinds": ["scalars", "embeddings"]}, InvalidValueError),
        ({"kinds": 1}, InvalidTypeError),
        ({"interval": 0}, InvalidValueError),
        ({"interval": float("nan")}, InvalidValueError),
    ],
)
def test_what_is_refused_is_refused_at_the_call(tmp_path, path, options, error):
    with pytest.raises(error, match=f"{next(iter(options))}: got"):
        open_logdir(tmp_path).follow(**options)
