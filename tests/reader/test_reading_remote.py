"""Runs behind URLs that fsspec knows."""

from __future__ import annotations

import builtins

import fsspec
import numpy as np
import pytest
from event_files import scalar, write_records

from tensorboardX import SummaryWriter
from tensorboardX.errors import InvalidValueError, LogdirError, MissingExtraError
from tensorboardX.reader import open_logdir


@pytest.fixture
def local(tmp_path):
    rng = np.random.default_rng(1)
    for run in ("one", "deep/er"):
        with SummaryWriter(str(tmp_path / run)) as writer:
            for step in range(50):
                writer.add_scalar("loss", step, step)
            writer.add_image("image", rng.random((3, 200, 200)), 1)
            writer.add_embedding(rng.random((3, 2)), ["a", "b", "c"], tag="vectors")
    return tmp_path


@pytest.fixture(params=["memory", "file"])
def url(request, local):
    if request.param == "file":
        yield local.as_uri()
        return
    memory = fsspec.filesystem("memory")
    memory.put(f"{local}/", "/bucket/runs/", recursive=True)
    yield "memory://bucket/runs"
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


def test_a_url_reads_as_the_directory(local, url):
    here, there = open_logdir(local), open_logdir(url)
    assert there.runs == here.runs == ["deep/er", "one"]
    for kind in ("scalars", "images", "hparams", "index"):
        wanted, found = getattr(here, kind)(), getattr(there, kind)()
        assert list(found) == list(wanted)
        for name in wanted:
            assert found[name].tolist() == wanted[name].tolist()
    assert there.embeddings()["points"][0].tolist() == here.embeddings()["points"][0].tolist()
    [file] = there.files("one")["one"]
    assert file.path.startswith(url.partition("://")[0] + "://")
    assert open_logdir(file.path).scalars().rows == 50
    assert there.scalars("one", steps=[3])["value"].tolist() == [3.0]


def test_following_a_url(url):
    follower = open_logdir(url).follow(runs="one", timeout=0.01, interval=0.01)
    assert [columns.rows for columns in follower] == [50]


def test_what_comes_later_is_followed(url):
    file_system, path = fsspec.core.url_to_fs(url)
    follower = open_logdir(url).follow(timeout=60, interval=0.01)
    assert next(follower).rows == 100
    event = scalar("late", 1, 1.0).SerializeToString()
    from tensorboardX.records.framing import frame

    file_system.pipe_file(f"{path}/one/zz.tfevents", frame(event))
    assert next(follower)["tag"].tolist() == ["late"]
    file_system.pipe_file(f"{path}/one/zz.tfevents", frame(event) + frame(event))
    assert next(follower).rows == 1


def test_damage_names_the_url(url):
    file_system, path = fsspec.core.url_to_fs(url)
    file_system.pipe_file(f"{path}/one/zz.tfevents", b"nothing")
    [damage] = open_logdir(url).scalars().damage
    assert damage.path.endswith("one/zz.tfevents")
    assert (damage.start, damage.end) == (0, 7)


def test_errors_of_a_store_are_damage(url, monkeypatch):
    file_system, _ = fsspec.core.url_to_fs(url)
    logdir = open_logdir(url)

    def broken(self, *arguments, **options):
        raise RuntimeError("the store is gone")

    monkeypatch.setattr(type(file_system), "_open", broken)
    columns = logdir.scalars()
    assert columns.rows == 0
    assert len(columns.damage) == 2
    assert "the store is gone" in columns.damage[0].reason
    monkeypatch.setattr(type(file_system), "find", broken)
    with pytest.raises(LogdirError, match="the store is gone"):
        logdir.scalars()


def test_nothing_at_a_url():
    with pytest.raises(LogdirError, match="no such object"):
        open_logdir("memory://nothing/here")


def test_a_url_that_fsspec_does_not_know():
    with pytest.raises(InvalidValueError, match="accepted is a path or a URL of fsspec"):
        open_logdir("nosuchscheme://bucket/runs")


def test_a_missing_package_is_named(monkeypatch):
    original = builtins.__import__

    def without(name, *rest):
        if name.startswith("fsspec"):
            raise ModuleNotFoundError("No module named 'fsspec'", name="fsspec")
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"reading s3://b/r needs the package fsspec: .*tensorboardX\[remote\]"):
        open_logdir("s3://b/r")


def test_local_reading_takes_no_fsspec(tmp_path, monkeypatch):
    original = builtins.__import__

    def without(name, *rest):
        if name.startswith("fsspec"):
            raise ModuleNotFoundError(name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    write_records(tmp_path / "1.tfevents", scalar("loss", 1, 1.0))
    assert open_logdir(tmp_path).scalars().rows == 1
