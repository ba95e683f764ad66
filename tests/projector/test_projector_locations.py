"""Where the projector's files go: a local directory under its lock, or a URL."""

from __future__ import annotations

import importlib.util
import os
import time
import uuid
from pathlib import Path

import pytest
from projector_files import LABELS, VECTORS, load_points, read_config, tensor_names, write_embedding

from tensorboardX import SummaryWriter
from tensorboardX.embedding import maybe_upload_file
from tensorboardX.errors import InvalidValueError, MissingExtraError
from tensorboardX.projector import store
from tensorboardX.projector.embedding import prepare_embedding
from tensorboardX.record_writer import REGISTERED_FACTORIES
from tensorboardX.storage.memory import MemoryStore


def test_a_lock_that_is_never_released_only_delays(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(store, "LOCK_PATIENCE", 0.3)
    with store.LocalStore(str(tmp_path)).lock():
        begun = time.monotonic()
        write_embedding(tmp_path, VECTORS)
        assert 0.3 <= time.monotonic() - begun < 10
    assert tensor_names(tmp_path) == ["default:00000"]
    assert store.LOCK_NAME in caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_under_the_lock_does_not_keep_it(tmp_path):
    release, hold = os.pipe()
    with store.LocalStore(str(tmp_path)).lock():
        child = os.fork()
        if child == 0:
            os.close(hold)
            os.read(release, 1)  # until the parent closes its end
            os._exit(0)
    try:
        begun = time.monotonic()
        write_embedding(tmp_path, VECTORS)
        assert time.monotonic() - begun < store.LOCK_PATIENCE / 2
    finally:
        os.close(hold)
        os.close(release)
        os.waitpid(child, 0)


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_files_have_the_permissions_of_other_new_files(tmp_path):
    (tmp_path / "plain").touch()
    write_embedding(tmp_path, VECTORS)
    modes = {path.stat().st_mode for path in (tmp_path / "plain", tmp_path / "projector_config.pbtxt")}
    assert modes == {(tmp_path / "00000/default/tensors.bytes").stat().st_mode}


def test_a_url_is_written_through_fsspec(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    url = f"memory://{uuid.uuid4()}/run"
    write_embedding(url, VECTORS, LABELS, tag="../up")
    write_embedding(url + "/", VECTORS, tag="second", global_step=2)
    write_embedding(url, VECTORS * 2, LABELS, tag="../up")
    files = fsspec.filesystem("memory")
    files.get(url, str(tmp_path / "copy"), recursive=True)
    second, up = read_config(tmp_path / "copy").embeddings
    assert (second.tensor_name, up.tensor_name) == ("second:00002", "../up:00000")
    assert load_points(tmp_path / "copy", up).tobytes() == (VECTORS * 2).tobytes()
    assert (tmp_path / "copy" / up.metadata_path).read_text("utf-8").split() == LABELS


def test_a_url_without_fsspec_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "fsspec.core", None)
    with pytest.raises(MissingExtraError, match=r"tensorboardX\[remote\]"):
        prepare_embedding("memory://nowhere", VECTORS)


def test_a_url_that_needs_another_package_names_it():
    pytest.importorskip("fsspec")
    if importlib.util.find_spec("gcsfs"):
        pytest.skip("gcsfs is installed")
    with pytest.raises(MissingExtraError, match=r"the package gcsfs: pip install 'tensorboardX\[gcs\]'"):
        prepare_embedding("gs://bucket/run", VECTORS)


def test_an_unknown_kind_of_url_is_refused():
    pytest.importorskip("fsspec")
    with pytest.raises(InvalidValueError, match=r"nosuchstore.*a local directory or a URL of fsspec"):
        prepare_embedding("nosuchstore://bucket/run", VECTORS)


@pytest.mark.parametrize(("scheme", "logdir"), [("mystore", "mystore:run"), ("memory", "memory://run")])
def test_a_run_of_a_registered_writer_factory_is_refused(tmp_path, monkeypatch, scheme, logdir):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(REGISTERED_FACTORIES, scheme, MemoryStore())
    with SummaryWriter(logdir) as writer:
        writer.add_scalar("a", 1.0, 1)
        with pytest.raises(InvalidValueError, match=f"{logdir}.*a local directory or a URL of fsspec"):
            writer.add_embedding(VECTORS)
    assert not list(tmp_path.iterdir())


def test_a_file_written_under_the_path_of_an_object_store_is_copied_there(tmp_path, monkeypatch):
    memory = type(pytest.importorskip("fsspec").filesystem("memory"))
    monkeypatch.setitem(importlib.import_module("fsspec.registry")._registry, "s3", memory)
    monkeypatch.setattr(memory, "store", {})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s3:" / "bucket" / "run").mkdir(parents=True)
    Path("s3:/bucket/run/labels.tsv").write_text("a")
    maybe_upload_file("s3://bucket/run/labels.tsv")
    maybe_upload_file("labels.tsv")  # is local, and need not be there
    [(path, file)] = memory.store.items()
    assert path.endswith("bucket/run/labels.tsv")
    assert file.getvalue() == b"a"
