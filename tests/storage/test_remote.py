"""Object stores, on the one that fsspec keeps in memory."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support import stock

from tensorboardX import SummaryWriter
from tensorboardX.record_writer import GCSRecordWriterFactory, RecordWriter, S3RecordWriterFactory
from tensorboardX.records.framing import frame
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
    writer.flush()
    writer.take_batch([b"b", b"c"])
    writer.write_out()
    writer.flush()
    writer.flush()
    writer.write(b"d")
    writer.close()
    assert _contents(objects) == {
        "/bucket/f": frame(b"a"),
        "/bucket/f.00001": frame(b"b") + frame(b"c"),
        "/bucket/f.00002": frame(b"d"),
    }


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


def test_an_upload_that_fails_is_an_oserror_and_is_made_up_for(objects, monkeypatch):
    file = RemoteFile("memory://bucket/f")
    file.write(b"data")

    def refuse(*_: object) -> None:
        raise RuntimeError("the store is away")

    with monkeypatch.context() as patched:
        patched.setattr(type(objects), "pipe_file", refuse)
        with pytest.raises(OSError, match=r"cannot upload .*f: the store is away"):
            file.flush()
    file.write(b"more")
    file.sync()
    assert _contents(objects) == {"/bucket/f": b"datamore"}


def test_an_abandoned_file_uploads_nothing(objects):
    file = RemoteFile("memory://bucket/f")
    file.write(b"data")
    file.abandon()
    file.close()
    assert _contents(objects) == {}


def test_bucket_and_path(objects):
    assert S3RecordWriter("memory://bucket/a/b").bucket_and_path() == ("bucket", "a/b")


def test_a_kind_of_url_that_nobody_knows_is_an_oserror():
    with pytest.raises(OSError, match="nonsense"):
        RemoteFile("nonsense://bucket/f")
    with pytest.raises(OSError, match="cannot log to 'nonsense://bucket/run'"):
        SummaryWriter("nonsense://bucket/run")


WITHOUT = """
import sys
sys.modules[sys.argv[1]] = None
from tensorboardX.record_writer import REGISTERED_FACTORIES, open_file
try:
    open_file(sys.argv[2])
except ImportError as error:
    print(error.name, error)
"""


@pytest.mark.parametrize(
    ("missing", "url"), [("s3fs", "s3://bucket/f"), ("gcsfs", "gs://bucket/f"), ("fsspec", "s3://bucket/f")]
)
def test_a_missing_package_is_named(missing, url):
    command = [sys.executable, "-c", WITHOUT, missing, url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith(f"{missing} writing to {url} needs the package {missing}")


def test_the_factories_of_the_original_need_no_directories():
    for factory in (S3RecordWriterFactory(), GCSRecordWriterFactory()):
        assert factory.directory_check("s3://bucket/run") is None
