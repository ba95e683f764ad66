"""Object stores, on the one that fsspec keeps in memory."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support import stock

from tensorboardX import SummaryWriter
from tensorboardX.record_writer import GCSRecordWriterFactory, RecordWriter, S3RecordWriterFactory
from tensorboardX.records.events import EventsWriter
from tensorboardX.records.framing import frame
from tensorboardX.storage import remote
from tensorboardX.storage.objects import OLDEST
from tensorboardX.storage.remote import RemoteFile, S3RecordWriter

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def objects():
    """fsspec's file system in memory, empty before and after."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


def _contents(objects) -> dict[str, bytes]:
    return {path: objects.cat_file(path) for path in sorted(objects.find("/"))}


def test_every_flush_is_an_object_of_whole_records(objects):
    writer = RecordWriter("memory://bucket/f")
    writer.write(b"a")
    assert _contents(objects) == {}
    assert writer.buffered_bytes == len(frame(b"a"))
    writer.flush()
    writer.take_batch([b"b", b"c"])
    writer.write_out()
    writer.flush()
    writer.flush()
    writer.write(b"d")
    writer.close()
    assert writer.buffered_bytes == 0
    assert _contents(objects) == {
        "/bucket/f": frame(b"a"),
        "/bucket/f.0000000001": frame(b"b") + frame(b"c"),
        "/bucket/f.0000000002": frame(b"d"),
    }


def test_the_objects_of_a_file_sort_as_they_were_written_however_many_they_are(objects):
    file = RemoteFile("memory://bucket/f.v2")
    written = []
    for stored in (0, 1, 9, 10, 99_999, 100_000, 999_999_999):
        file._stored = stored
        file.write(b"%d" % stored)
        file.flush()
        written.append(b"%d" % stored)
    assert list(_contents(objects).values()) == written


def test_objects_are_small_for_a_slow_store_and_large_for_a_quick_one(objects, monkeypatch):
    sizes, seconds = [], 3.0
    monkeypatch.setattr(remote, "_object_size", remote._ObjectSize())
    monkeypatch.setattr(remote, "monotonic", lambda: seconds * len(sizes))
    monkeypatch.setattr(type(objects), "pipe_file", lambda _, name, data: sizes.append(len(data)))
    file = RemoteFile("memory://bucket/f")

    def upload(nbytes):
        sizes.clear()
        for _ in range(nbytes >> 16):
            file.write(bytes(1 << 16))
        file.flush()
        return [size >> 10 for size in sizes]

    assert upload(1 << 20) == [256] * 4
    seconds = 0.1
    assert upload(8 << 20) == [256, 512, 1024, 2048, 4096, 256]
    assert upload(8 << 20) == [8192]
    seconds = 3.0
    assert upload(8 << 20) == [8192]
    assert upload(8 << 20) == [4096, 2048, 1024, 512, 256, 256]


def test_one_write_is_never_divided(objects):
    file = RemoteFile("memory://bucket/f")
    for size in (10, 3 << 20, 10):
        file.write(bytes(size))
    file.flush()
    assert [len(content) for content in _contents(objects).values()] == [10, 3 << 20, 10]


def test_a_file_that_is_never_flushed_uploads_by_itself_before_it_takes_much_memory(objects):
    file = RemoteFile("memory://bucket/f")
    for _ in range(40):
        file.write(bytes(1 << 20))
        assert file.buffered <= 9 << 20
    file.close()
    assert sum(len(content) for content in _contents(objects).values()) == 40 << 20


def test_a_run_in_an_object_store_is_read_back_in_order(objects, tmp_path):
    with SummaryWriter("memory://bucket/run") as writer:
        for step in range(5):
            writer.add_scalar("loss", step, step)
            writer.flush()
    contents = _contents(objects)
    assert len(contents) >= 5
    for path, content in contents.items():
        assert path.startswith("/bucket/run/events.out.tfevents.")
        (tmp_path / path.rpartition("/")[2]).write_bytes(content)
    events = stock.events(tmp_path)["."]
    assert [event.step for event in events if event.HasField("summary")] == list(range(5))


@pytest.fixture
def refuse(objects, monkeypatch):
    """Lets every upload fail within its block."""

    @contextlib.contextmanager
    def refusing(stored=False):
        pipe_file = type(objects).pipe_file

        def fail(self, name, data):
            if stored:
                pipe_file(self, name, data)
            raise RuntimeError("the store is away")

        with monkeypatch.context() as patched:
            patched.setattr(type(objects), "pipe_file", fail)
            yield

    return refusing


@pytest.mark.parametrize("stored", [False, True], ids=["refused", "the answer is lost"])
def test_an_upload_that_fails_is_an_oserror_and_is_made_up_for(objects, refuse, stored):
    """A second attempt stores the same object, in case that the first did although it failed."""
    file = RemoteFile("memory://bucket/f")
    file.write(b"data")
    with refuse(stored), pytest.raises(OSError, match=r"cannot upload .*f: the store is away"):
        file.flush()
    file.write(b"more")
    assert file.buffered == 8
    file.sync()
    assert file.buffered == 0
    assert _contents(objects) == {"/bucket/f": b"data", "/bucket/f.0000000001": b"more"}


def test_a_full_buffer_takes_nothing_more_from_a_store_that_is_away(objects, refuse):
    file = RemoteFile("memory://bucket/f")
    with refuse():
        while file.buffered < 8 << 20:
            file.write(bytes(1 << 20))
        with pytest.raises(OSError, match="the store is away"):
            file.write(b"more")
        assert file.buffered == 8 << 20
    file.abandon()
    assert file.buffered == 0


def test_an_abandoned_file_uploads_nothing(objects):
    file = RemoteFile("memory://bucket/f")
    file.write(b"data")
    file.abandon()
    file.close()
    assert _contents(objects) == {}


def test_bucket_and_path(objects):
    assert S3RecordWriter("memory://bucket/a/b").bucket_and_path() == ("bucket", "a/b")


def test_an_unknown_scheme_is_an_oserror():
    with pytest.raises(OSError, match="nonsense"):
        RemoteFile("nonsense://bucket/f")
    with pytest.raises(OSError, match="cannot log to 'nonsense://bucket/run'"):
        SummaryWriter("nonsense://bucket/run")


WITHOUT = """
import sys
for package in (sys.argv[1], "boto3", "google.cloud"):
    sys.modules[package] = None
from tensorboardX.record_writer import REGISTERED_FACTORIES, open_file
try:
    open_file(sys.argv[2])
except ImportError as error:
    print(error.name, error)
"""


@pytest.mark.parametrize(
    ("missing", "url", "extra"),
    [
        ("s3fs", "s3://bucket/f", "s3"),
        ("gcsfs", "gs://bucket/f", "gcs"),
        ("fsspec", "s3://bucket/f", "s3"),
        ("fsspec", "memory://f", "remote"),
    ],
)
def test_a_missing_package_is_named(missing, url, extra):
    command = [sys.executable, "-c", WITHOUT, missing, url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    wanted = f"{missing} writing to {url} needs the package {missing}: pip install 'tensorboardX[{extra}]'"
    assert done.stdout.strip() == wanted


TOO_OLD = """
import sys, types
sys.modules["boto3"] = None
old = types.ModuleType("s3fs")
old.__version__ = "0.4.2"
sys.modules["s3fs"] = old
class S3FileSystem:
    def __init__(self): raise TypeError("an old package does not know what it is given")
    __module__ = "s3fs"
old.S3FileSystem = S3FileSystem
from tensorboardX.record_writer import open_file
open_file("s3://bucket/f")
"""


def test_a_package_that_is_too_old_is_named():
    done = subprocess.run([sys.executable, "-c", TOO_OLD], capture_output=True, text=True, timeout=60)
    said = done.stderr.splitlines()[-1]
    assert "needs s3fs 2023.10 or newer, and 0.4.2 is installed: pip install 'tensorboardX[s3]'" in said


def test_the_extras_bring_nothing_that_is_too_old():
    """Without a bound pip goes back to releases of 2020 beside a current boto3."""
    text = Path(__file__).parents[2].joinpath("pyproject.toml").read_text(encoding="utf-8")
    optional = text.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    lists = dict(re.findall(r"^(\w+) = \[(.*)\]$", optional, re.MULTILINE))
    packages = {extra: re.findall(r'"([^"]+)"', listed) for extra, listed in lists.items()}
    assert all(">=" in package for listed in packages.values() for package in listed)
    for extra, package in (("s3", "s3fs"), ("gcs", "gcsfs"), ("remote", "fsspec")):
        [bound] = [found[len(package) + 2 :] for found in packages[extra] if found.startswith(f"{package}>=")]
        assert tuple(map(int, bound.split("."))) >= OLDEST


class Directories(fsspec.get_filesystem_class("file")):
    """A file system that has directories: nothing can be written where there is none."""

    protocol = "directories"
    root_marker = "/"

    @classmethod
    def _strip_protocol(cls, path):
        return path.removeprefix("directories://")

    def pipe_file(self, path, value, **kwargs):
        with open(path, "xb") as file:
            file.write(value)


def test_directories_are_made_where_a_store_has_them(tmp_path):
    fsspec.register_implementation("directories", Directories, clobber=True)
    with SummaryWriter(f"directories://{tmp_path}/new/run") as writer:
        writer.add_scalars("a", {"x": 1.0}, 1)
    found = stock.events(tmp_path / "new")
    assert [event.step for event in found["run/a/x"] if event.HasField("summary")] == [1]


def test_names_of_remote_objects_have_a_part_that_no_other_container_draws(objects, monkeypatch):
    """Containers share host names and process ids, and each counts from 0."""
    monkeypatch.setattr("tensorboardX.records.events._latest", 4_000_000_000)
    for _ in range(3):
        monkeypatch.setattr("tensorboardX.records.events._counter", itertools.count())
        writer = EventsWriter("memory://bucket/run/events", ".suffix")
        writer.close()
    names = [path.rpartition("/")[2] for path in _contents(objects)]
    assert len(names) == 3
    host = re.escape(socket.gethostname())
    name = rf"events\.out\.tfevents\.4000000000\.{host}\.{os.getpid()}\.000000\.[0-9a-f]{{8}}\.suffix"
    assert all(re.fullmatch(name, found) for found in names)


def test_the_factories_of_the_original_need_no_directories():
    for factory in (S3RecordWriterFactory(), GCSRecordWriterFactory()):
        assert factory.directory_check("s3://bucket/run") is None
