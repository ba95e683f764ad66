"""Which store opens a path."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from support import stock

from tensorboardX import SummaryWriter
from tensorboardX.record_writer import REGISTERED_FACTORIES, directory_check, open_file
from tensorboardX.storage.factories import is_local, is_relative, local_path
from tensorboardX.storage.local import LocalFile
from tensorboardX.storage.memory import MemoryStore
from tensorboardX.testing import check_store


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("file:///tmp/run", "/tmp/run"),
        ("local:///tmp/run", "/tmp/run"),
        ("file:/tmp/run", "/tmp/run"),
        ("file://relative/run", "relative/run"),
        ("file:///tmp/a%20b", "/tmp/a%20b"),  # as fsspec, which decodes nothing
        ("file:///C:/run", "C:/run"),
        ("file:run", "file:run"),
        ("files:///run", "files:///run"),
        ("s3://bucket/run", "s3://bucket/run"),
        ("runs/a:b", "runs/a:b"),
        ("/tmp/run", "/tmp/run"),
    ],
)
def test_a_file_url_is_a_local_path(given, path):
    assert local_path(given) == path
    assert is_local(given) == ("://" not in path)


def test_what_depends_on_the_working_directory():
    assert is_relative("run")
    assert is_relative("file://run")
    assert not is_relative("file:///run")
    assert not is_relative("s3://run")


def test_a_factory_that_is_registered_for_file_urls_gets_them(monkeypatch):
    store = MemoryStore()
    monkeypatch.setitem(REGISTERED_FACTORIES, "file", store)
    assert not is_local("file:///run")
    with SummaryWriter("file:///run") as writer:
        writer.add_scalar("a", 1.0, 1)
    assert [path.startswith("file:///run/events.") for path in store.files] == [True]


def test_a_file_url_keeps_the_promises_of_a_local_file(tmp_path):
    class Urls:
        open = staticmethod(open_file)
        directory_check = staticmethod(directory_check)

    url = (tmp_path / "run").as_uri()
    check_store(Urls(), url, lambda path: Path(local_path(path)).read_bytes())
    assert isinstance(open_file(f"{url}/plain"), LocalFile)


def test_a_run_at_a_file_url_is_written_to_local_files(tmp_path):
    url = (tmp_path / "run").as_uri()
    writer = SummaryWriter(url)
    assert writer.logdir == writer.get_logdir() == writer.file_writer.get_logdir() == url
    writer.add_scalar("a", 1.0, 1)
    writer.add_scalars("sub", {"x": 1.0}, 2)
    writer.add_embedding(np.ones((3, 2)), ["a", "b", "c"], tag="points")
    writer.flush()
    path = writer.file_writer.event_writer._ev_writer._file_name
    assert os.path.dirname(path) == str(tmp_path / "run")  # tools open it
    found = stock.events(tmp_path)
    assert [event.step for event in found["run"] if event.HasField("summary")] == [1]
    assert [event.step for event in found["run/sub/x"] if event.HasField("summary")] == [2]
    assert (tmp_path / "run/00000/points/metadata.tsv").read_text().split() == ["a", "b", "c"]
    assert "points:00000" in (tmp_path / "run/projector_config.pbtxt").read_text()
    assert writer.stats.written == 2
    writer.close()


def test_a_file_url_that_cannot_be_written_raises_at_construction(tmp_path):
    (tmp_path / "file").touch()
    url = (tmp_path / "file").as_uri()
    with pytest.raises(OSError, match=f"cannot log to '{url}'"):
        SummaryWriter(url)


def test_a_relative_file_url_stays_where_the_writer_was_made(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    writer = SummaryWriter("file://run")
    monkeypatch.chdir("elsewhere")
    writer.add_scalars("sub", {"x": 1.0}, 2)
    writer.close()
    assert not list((tmp_path / "elsewhere").iterdir())
    assert (tmp_path / "run" / "sub" / "x").is_dir()
