"""projector_config.pbtxt: entries of others are kept, and after a failure it lists complete files only."""

from __future__ import annotations

import multiprocessing
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format
from projector_files import LABELS, VECTORS, load_points, read_config, tensor_names, write_embedding
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

from tensorboardX.embedding import append_pbtxt
from tensorboardX.projector import pbtxt
from tensorboardX.projector.embedding import prepare_embedding

FOREIGN = """\
# kept: a comment
model_checkpoint_path: 'it''s "here"'  unknown_number: -1.5e-3
[some.extension] { x: [1, 2.0, "]"] ; y <z: inf>, }
embeddings { tensor_name: "old:" "\\060\\u0030000" tensor_path: "00000/old/tensors.tsv" a { tensor_name: "new:00000" } }
embeddings: { tensor_name: 'new:00000' tensor_path: 'elsewhere/tensors.tsv' }
embeddings < tensor_name: "checkpoint" > # the last
"""


def test_what_others_wrote_survives_as_it_is(tmp_path):
    (tmp_path / "projector_config.pbtxt").write_text(FOREIGN)
    write_embedding(tmp_path, VECTORS, tag="new")
    text = (tmp_path / "projector_config.pbtxt").read_text()
    kept = FOREIGN.replace("embeddings: { tensor_name: 'new:00000' tensor_path: 'elsewhere/tensors.tsv' }\n", "")
    assert text.startswith(kept)
    assert text[len(kept) :].startswith('embeddings {\n  tensor_name: "new:00000"\n')
    assert [dict(field.strings).get("tensor_name") for field in pbtxt.split_fields(text)][-3:] == [
        "old:00000",
        "checkpoint",
        "new:00000",
    ]
    append_pbtxt(None, None, tmp_path, "", 1, "root")
    assert (tmp_path / "projector_config.pbtxt").read_text().startswith(text)
    assert not (tmp_path / "projector_config.pbtxt.broken").exists()


BROKEN = [
    b'embeddings {\n  tensor_name: "say "hi":00000"\n}\n',
    b'embeddings {\n  tensor_name: "a"b"c:00000"\n}\n',
    b'embeddings {\n  tensor_name: "two\nlines"\n}\n',
    b'embeddings {\n  tensor_name: "C:\\x"\n}\n',
    b'embeddings {\n  tensor_name: "C:\\"\n}\n',
    b'embeddings {\n  tensor_name: "a"\n',
    b'embeddings {\n  tensor_name: "a"\n}}\n',
    b"embeddings { tensor_shape: [1 2] }",
    b"embeddings",
    b"embeddings: :",
    b'tensor_name "a"',
    b"embeddings " + b"{ x " * 5000,
    b"\xff\xfe",
    b"\0" * 4096,
]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_config_is_kept_aside(tmp_path, caplog, content):
    with pytest.raises((text_format.ParseError, UnicodeDecodeError, RecursionError)):
        text_format.Parse(content.decode(), ProjectorConfig(), allow_unknown_field=True)
    (tmp_path / "projector_config.pbtxt").write_bytes(content)
    write_embedding(tmp_path, VECTORS)
    assert tensor_names(tmp_path) == ["default:00000"]
    assert (tmp_path / "projector_config.pbtxt.broken").read_bytes() == content
    assert "projector_config.pbtxt.broken" in caplog.text


@pytest.mark.parametrize("content", ["", "\n", "# nothing\n", "model_checkpoint_path: 'x'"])
def test_a_config_without_embeddings_is_continued(tmp_path, content):
    (tmp_path / "projector_config.pbtxt").write_text(content)
    write_embedding(tmp_path, VECTORS)
    assert tensor_names(tmp_path) == ["default:00000"]
    assert (tmp_path / "projector_config.pbtxt").read_text().startswith(content)


@pytest.mark.parametrize("good_writes", range(5))
def test_after_a_failure_the_config_lists_only_what_is_complete(tmp_path, monkeypatch, good_writes):
    write_embedding(tmp_path, VECTORS, LABELS, tag="other")
    write_embedding(tmp_path, VECTORS, LABELS, tag="same")
    replace, calls = os.replace, []

    def failing_replace(source, target):
        calls.append(target)
        if len(calls) > good_writes:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing_replace)
    changed = prepare_embedding(tmp_path, VECTORS[:2], LABELS[:2], np.zeros((2, 3, 2, 2)), tag="same")
    if good_writes < 5:
        with pytest.raises(OSError, match="No space left"):
            changed.encode()()
    for entry in read_config(tmp_path).embeddings:
        assert load_points(tmp_path, entry).shape == tuple(entry.tensor_shape)
        assert len((tmp_path / entry.metadata_path).read_text("utf-8").splitlines()) == entry.tensor_shape[0]
    assert "other:00000" in tensor_names(tmp_path)
    assert not list(tmp_path.rglob(".new-*"))
    monkeypatch.undo()
    changed.encode()()
    assert tensor_names(tmp_path) == ["other:00000", "same:00000"]


def add_many(directory: Path, worker: int) -> None:
    for step in range(8):
        write_embedding(directory, VECTORS, LABELS, global_step=step, tag=f"worker {worker}")


def test_processes_and_threads_lose_no_entry_of_each_other(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=add_many, args=(tmp_path, worker)) for worker in (0, 1)]
    workers += [threading.Thread(target=add_many, args=(tmp_path, worker)) for worker in (2, 3, 4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    expected = {f"worker {worker}:{step:05d}" for worker in range(5) for step in range(8)}
    assert set(tensor_names(tmp_path)) == expected
    assert len(tensor_names(tmp_path)) == len(expected)
