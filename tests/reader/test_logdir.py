"""The reader as a whole: what it imports, how it warns, how it shows its progress, and files that cannot be read."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from event_files import scalar, small_file, version, write_records

import tensorboardX
from tensorboardX import SummaryWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.reader import Damage, Records, open_logdir, progress
from tensorboardX.reader.source import LocalSource
from tensorboardX.records.framing import frame

LISTED = (
    "import sys, json; {}; print([name for name in sys.modules if name.startswith(('tensorboardX.reader', 'pandas'))])"
)


def modules_after(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(Path(tensorboardX.__file__).parents[1])}
    command = [sys.executable, "-c", LISTED.format(code)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_importing_the_package_does_not_import_the_reader():
    assert modules_after("import tensorboardX") == "[]\n"
    assert "pandas" not in modules_after("import tensorboardX.reader")


def test_readers_of_one_directory_agree_with_the_index(tmp_path):
    small_file(tmp_path)
    logdir = open_logdir(tmp_path)
    index = logdir.index()
    for kind in set(index["kind"]):
        columns = getattr(logdir, kind)()
        of_kind = index["kind"] == kind
        assert sorted(set(columns["tag"])) == sorted(index["tag"][of_kind])
        assert columns.rows == index["count"][of_kind].sum()


# ---- damage


def test_damage_is_warned_of_once(tmp_path, caplog):
    path = small_file(tmp_path)
    content = path.read_bytes()
    start = [record.offset for record in Records(path)][-1]
    path.write_bytes(content[:-1] + frame(b"\xff") + b"abc")
    logdir = open_logdir(tmp_path)
    columns = logdir.scalars()
    assert columns.damage == (
        Damage(str(path), start, len(content) - 1, "the checksum of the data does not match"),
        Damage(str(path), len(content) + 16, len(content) + 19, "the file ends within the header of a record"),
        Damage(str(path), len(content) - 1, len(content) + 16, "a record that is no Event"),
    )
    for _ in range(2):
        assert logdir.scalars().damage == logdir.index().damage == columns.damage
    assert [record.getMessage() for record in caplog.records if record.name == "tensorboardX"] == [
        f"a part of an event file was skipped: {columns.damage[0]}, and 2 more: see `damage` of the result"
    ]


def test_a_large_record_that_is_corrupt_is_left_out(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        for step in range(3):
            writer.add_image("image", np.random.default_rng(step).random((3, 100, 100)), step)
            writer.add_scalar("loss", step, step)
    [path] = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # in the second picture
    path.write_bytes(content)
    logdir = open_logdir(tmp_path)
    images = logdir.images()
    assert images["step"].tolist() == [0, 2]
    assert [damage.reason for damage in images.damage] == ["the checksum of the data does not match"]
    assert logdir.scalars().damage == ()  # for which no picture was read
    assert len(open_logdir(tmp_path, verify_skipped=True).scalars().damage) == 1


def test_a_large_record_of_scalars(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        for step in range(3):
            writer.add_scalars_at_step({f"tag{index}": index for index in range(2000)}, step)
    [path] = tmp_path.iterdir()
    assert path.stat().st_size > 3 * 16384
    logdir = open_logdir(tmp_path)
    assert logdir.scalars().rows == 6000
    assert logdir.scalars(tags="tag7")["value"].tolist() == [7.0] * 3
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    columns = logdir.scalars()
    assert columns.rows == 4000
    assert len(columns.damage) == 1


def test_a_large_record_that_is_no_event(tmp_path):
    write_records(tmp_path / "1.tfevents", version(), b"\xff" * 20_000, scalar("loss", 1, 1.0))
    logdir = open_logdir(tmp_path)
    for columns in (logdir.scalars(), logdir.images(), logdir.index()):
        assert [damage.reason for damage in columns.damage] == ["a record that is no Event"]
    assert logdir.scalars().rows == 1


@pytest.mark.parametrize("content", [b"\x0a", b"\x2a\xff\xff\xff\xff\x0f", b"\x2a\x02\x0a\x05", b"\x12" * 99])
def test_whole_records_that_are_no_events(tmp_path, content):
    write_records(tmp_path / "1.tfevents", *[content] * 20, scalar("loss", 1, 1.0))
    columns = open_logdir(tmp_path).scalars()
    assert columns["value"].tolist() == [1.0]
    assert [damage.reason for damage in columns.damage] == ["a record that is no Event"]


def test_an_event_without_content_is_no_damage(tmp_path):
    write_records(tmp_path / "1.tfevents", b"", Event(step=5), Event(step=1, summary={}), scalar("loss", 1, 1.0))
    columns = open_logdir(tmp_path).scalars()
    assert (columns.rows, columns.damage) == (1, ())


def test_a_file_that_cannot_be_read_costs_no_other(tmp_path, monkeypatch):
    for run in ("a", "b", "c"):
        write_records(tmp_path / run / "1.tfevents", scalar("loss", 1, 1.0))
    original = LocalSource.read

    def failing(self, offset, size):
        if "b" in Path(self.path).parts:
            raise OSError(5, "Input/output error")
        return original(self, offset, size)

    monkeypatch.setattr(LocalSource, "read", failing)
    columns = open_logdir(tmp_path).scalars()
    assert columns["run"].tolist() == ["a", "c"]
    [damage] = columns.damage
    assert damage.path == str(tmp_path / "b" / "1.tfevents")
    assert damage.reason == "the file cannot be read: [Errno 5] Input/output error"


def test_a_file_that_is_deleted_after_the_listing(tmp_path, monkeypatch):
    path = write_records(tmp_path / "1.tfevents", scalar("loss", 1, 1.0))
    logdir = open_logdir(tmp_path)
    files = logdir.files()
    monkeypatch.setattr(type(logdir), "files", lambda self, runs=None: files)
    path.unlink()
    columns = logdir.scalars()
    assert columns.rows == 0
    assert "No such file" in columns.damage[0].reason


@pytest.mark.parametrize("end", [10, 45, 90, 1000])
def test_a_file_that_is_cut_off_while_it_is_read(tmp_path, monkeypatch, end):
    path = small_file(tmp_path)
    size = path.stat().st_size
    monkeypatch.setattr(LocalSource, "size", lambda self: size)
    path.write_bytes(path.read_bytes()[:end])
    logdir = open_logdir(tmp_path)
    for kind in ("scalars", "images", "histograms"):
        getattr(logdir, kind)()
    assert logdir.scalars().damage[-1].end <= end


# ---- progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def read_with(tmp_path, monkeypatch, stream, patience: float, **options: object) -> None:
    for run in range(5):
        write_records(tmp_path / f"run{run}" / "1.tfevents", *[scalar("loss", 1, 1.0)] * 100)
    monkeypatch.setattr(progress, "_PATIENCE", patience)
    monkeypatch.setattr(progress, "_INTERVAL", 0.0)
    monkeypatch.setattr(sys, "stderr", stream)
    open_logdir(tmp_path, **options).scalars()


def test_a_long_read_shows_its_progress_and_wipes_it(tmp_path, monkeypatch):
    stream = Terminal()
    read_with(tmp_path, monkeypatch, stream, 0.0)
    first, *_, last, wiped, end = stream.getvalue().split("\r")
    assert first == end == ""
    assert last == f"reading {tmp_path}: 100% of 0 MB"
    assert wiped == " " * len(last)


def test_a_short_read_shows_nothing(tmp_path, monkeypatch):
    stream = Terminal()
    read_with(tmp_path, monkeypatch, stream, 60.0)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("options", [{}, {"progress": False}])
def test_nothing_is_shown_unless_stderr_is_a_terminal(tmp_path, monkeypatch, options):
    stream = io.StringIO() if not options else Terminal()
    read_with(tmp_path, monkeypatch, stream, 0.0, **options)
    assert stream.getvalue() == ""


def test_progress_can_be_asked_for(tmp_path, monkeypatch):
    stream = io.StringIO()
    read_with(tmp_path, monkeypatch, stream, 0.0, progress=True)
    assert "100%" in stream.getvalue()


@pytest.mark.parametrize("stream", [None, "closed"])
def test_a_stderr_that_is_gone_is_no_error(tmp_path, monkeypatch, stream):
    if stream == "closed":
        stream = Terminal()
        stream.close()
    read_with(tmp_path, monkeypatch, stream, 0.0, progress=True)
    read_with(tmp_path, monkeypatch, stream, 0.0)
