"""Embeddings: what stock TensorBoard serves of them, and which arguments are refused."""

from __future__ import annotations

import os
import re
import urllib.parse
import uuid

import numpy as np
import pytest
from PIL import Image
from projector_files import (
    LABELS,
    TEXT_LIKE,
    VECTORS,
    load_points,
    page_labels,
    read_config,
    tensor_names,
    write_embedding,
)
from support import served
from support.original import run_original

from tensorboardX.embedding import append_pbtxt, make_mat, make_sprite, make_tsv
from tensorboardX.projector.embedding import prepare_embedding

HOSTILE = [
    "../../escape",
    "/absolute",
    "..",
    ".",
    "",
    "...",
    "a/b",
    "back\\slash",
    "new\nline\ttab\rreturn",
    "nul\0",
    "quote\"single'",
    "half \ud800 of a pair",
    "NUL",
    "con.txt",
    "trailing ",
    "R&D #1 + 100%",
    "%2e%2e",
    "a<b>:c|d?e*f",
    "{a: [1; 2]} = `^~",
    "日本語 é",
    "x" * 10_000,
    "é" * 10_000,
]


def as_sent_by_a_browser(name: str) -> str:
    """A name that a page puts into a query unescaped, on its way (https://url.spec.whatwg.org/#query-state)."""
    name = re.sub("[\t\n\r]", "", name).partition("#")[0]
    return urllib.parse.quote(name, safe="!$%&()*+,-./:;=?@[\\]^_`{|}~")


def test_points_labels_and_sprites_are_served(tensorboard, tmp_path):
    images = np.random.default_rng(1).integers(0, 256, (5, 3, 4, 4), dtype=np.uint8)
    write_embedding(tmp_path, VECTORS, LABELS, images, 7, "all")
    write_embedding(tmp_path, VECTORS * 2, LABELS, global_step=8, tag="all")
    write_embedding(tmp_path, np.zeros((3, 2)), ["", " ", "\u3000"], tag="zeros")
    write_embedding(tmp_path, TEXT_LIKE, [[1, ""], ["x", "y"]], tag="text/like", metadata_header=["first", "second"])
    write_embedding(tmp_path, VECTORS, tag="bare", global_step=-3)
    tb = tensorboard(tmp_path)
    embeddings = served.projector(tb)["."].embeddings
    assert list(embeddings) == ["all:00007", "all:00008", "zeros:00000", "text/like:00000", "bare:-0003"]
    assert embeddings["all:00007"].tensor.tobytes() == VECTORS.tobytes()
    assert embeddings["all:00008"].tensor.tobytes() == (VECTORS * 2).tobytes()
    assert embeddings["zeros:00000"].tensor.tolist() == [[0, 0]] * 3
    assert embeddings["text/like:00000"].tensor.tobytes() == TEXT_LIKE.tobytes()
    assert embeddings["bare:-0003"].tensor.tobytes() == VECTORS.tobytes()
    assert embeddings["bare:-0003"].metadata is embeddings["bare:-0003"].sprite is None
    assert embeddings["all:00007"].metadata == LABELS
    assert embeddings["text/like:00000"].metadata == ["first\tsecond", "1\t", "x\ty"]
    assert len(page_labels("\n".join(embeddings["zeros:00000"].metadata).encode())) == 3
    sprite = embeddings["all:00007"].sprite
    assert sprite.shape == (12, 12, 3)
    for index, image in enumerate(images):
        top, left = index // 3 * 4, index % 3 * 4
        np.testing.assert_array_equal(sprite[top : top + 4, left : left + 4], image.transpose(1, 2, 0))
    assert not sprite[4:8, 8:].any()
    assert not sprite[8:].any()
    assert tb.wait_until(lambda: "projector" in served.active_plugins(tb))


def test_hostile_tags_are_served_as_the_page_asks_for_them(tensorboard, tmp_path):
    logdir = tmp_path / "outer" / "run"
    for index, tag in enumerate(HOSTILE):
        write_embedding(logdir, np.full((2, 2), index + 0.1), [tag[:20], "other"], global_step=index % 2, tag=tag)
    assert os.listdir(tmp_path) == ["outer"]
    assert os.listdir(tmp_path / "outer") == ["run"]
    assert sorted(os.listdir(logdir)) == ["00000", "00001", "projector_config.pbtxt"]
    tb = tensorboard(logdir)
    listed = [entry["tensorName"] for entry in tb.get_json("/data/plugin/projector/info", run=".")["embeddings"]]
    assert len(set(listed)) == len(HOSTILE)
    for index, name in enumerate(listed):
        query = f"run=.&name={as_sent_by_a_browser(name)}&num_rows=100000"
        points = np.frombuffer(tb.get_bytes(f"/data/plugin/projector/tensor?{query}"), "<f4")
        assert points.tolist() == [np.float32(index + 0.1)] * 4, name
        assert tb.get_bytes(f"/data/plugin/projector/metadata?{query}").decode().endswith("\nother\n")


def test_the_same_tag_and_step_replace_the_entry(tensorboard, tmp_path):
    images = np.zeros((5, 1, 2, 2))
    write_embedding(tmp_path, VECTORS, LABELS, images, 1, "other")
    write_embedding(tmp_path, VECTORS, LABELS, images, 1, "same")
    write_embedding(tmp_path, TEXT_LIKE, global_step=1, tag="same")
    write_embedding(tmp_path, VECTORS[:4, :2], LABELS[:4], global_step=1, tag="same")
    embeddings = served.projector(tensorboard(tmp_path))["."].embeddings
    assert list(embeddings) == ["other:00001", "same:00001"]
    assert embeddings["same:00001"].tensor.tobytes() == VECTORS[:4, :2].tobytes()
    assert embeddings["same:00001"].metadata == LABELS[:4]
    assert embeddings["same:00001"].sprite is None
    assert embeddings["other:00001"].sprite.shape == (6, 6, 3)


def test_more_points_than_are_shown_are_written_with_a_warning(tensorboard, tmp_path, caplog):
    tag = f"many {uuid.uuid4()}"
    points = np.arange(100_002, dtype=np.float32).reshape(-1, 1)
    write_embedding(tmp_path, points, map(str, range(100_002)), tag=tag)
    assert "the first 100,000 of the 100,002 points" in caplog.text
    tb = tensorboard(tmp_path)
    query = {"run": ".", "name": f"{tag}:00000"}
    assert len(tb.get_bytes("/data/plugin/projector/tensor", **query)) == 4 * 100_002
    shown = np.frombuffer(tb.get_bytes("/data/plugin/projector/tensor", **query, num_rows=100_000), "<f4")
    np.testing.assert_array_equal(shown, points[:100_000, 0])
    assert tb.get_bytes("/data/plugin/projector/metadata", **query, num_rows=100_000).endswith(b"\n99999\n")


def test_the_functions_of_the_original_write_what_is_served(tensorboard, tmp_path):
    images = np.random.default_rng(2).integers(0, 256, (5, 3, 2, 2), dtype=np.uint8)
    folder = tmp_path / "00004" / "t"
    make_mat(VECTORS, folder)
    make_tsv(LABELS, str(folder))
    make_sprite(images, folder)
    append_pbtxt(LABELS, images, tmp_path, "00004/t", 4, "t")
    make_mat(VECTORS[:1], tmp_path)
    append_pbtxt(None, None, str(tmp_path), "", 5, "t")
    embeddings = served.projector(tensorboard(tmp_path))["."].embeddings
    assert embeddings["t:00004"].tensor.tobytes() == VECTORS.tobytes()
    assert embeddings["t:00004"].metadata == LABELS
    np.testing.assert_array_equal(embeddings["t:00004"].sprite[:2, 2:4], images[1].transpose(1, 2, 0))
    assert embeddings["t:00005"].tensor.tobytes() == VECTORS[:1].tobytes()


ORIGINAL = """
import sys, numpy as np
from tensorboardX import SummaryWriter
with SummaryWriter(sys.argv[1]) as writer:
    for tag in ("train/points", "default", "100%"):
        writer.add_embedding(np.ones((2, 3)), ["a", "b"], np.ones((2, 3, 4, 4)), 12, tag)
"""


def test_a_run_of_the_original_is_continued(original_python, tensorboard, tmp_path):
    run_original(original_python, ORIGINAL, tmp_path)
    theirs = {path.relative_to(tmp_path).parent for path in tmp_path.rglob("metadata.tsv")}
    assert len(theirs) == 3
    write_embedding(tmp_path, VECTORS, LABELS, global_step=12, tag="train/points")
    write_embedding(tmp_path, VECTORS, LABELS, global_step=12, tag="100%")
    assert {path.relative_to(tmp_path).parent for path in tmp_path.rglob("metadata.tsv")} == theirs
    embeddings = served.projector(tensorboard(tmp_path))["."].embeddings
    assert list(embeddings) == ["default:00012", "train/points:00012", "100％:00012"]  # noqa: RUF001
    assert embeddings["default:00012"].metadata == ["a", "b"]
    assert embeddings["train/points:00012"].tensor.tobytes() == VECTORS.tobytes()


def test_everything_is_copied_before_it_is_written(tmp_path):
    points, labels, images = VECTORS.copy(), list(LABELS), np.full((5, 3, 2, 2), 9, np.uint8)
    rows = [[label] for label in labels]
    plain = prepare_embedding(tmp_path, points, labels, images, tag="plain")
    table = prepare_embedding(tmp_path, points, rows, tag="table", metadata_header=["name"])
    assert not list(tmp_path.iterdir())
    assert plain.nbytes == VECTORS.nbytes + len("a\nb\nc\nd\né\n".encode()) + images.nbytes
    points[:] = 0
    images[:] = 0
    labels[:] = rows[0][:] = ["changed"]
    plain.encode()()
    table.encode()()
    for entry in read_config(tmp_path).embeddings:
        assert load_points(tmp_path, entry).tobytes() == VECTORS.tobytes()
        assert (tmp_path / entry.metadata_path).read_text("utf-8").split() == LABELS
    assert (np.asarray(Image.open(tmp_path / "00000/plain/sprite.png"))[:2] == 9).all()


def test_numbers_that_do_not_match_are_refused(tmp_path):
    with pytest.raises(ValueError, match="tag 'x': got 4 labels for 5 points"):
        prepare_embedding(tmp_path, VECTORS, LABELS[:4], tag="x")
    with pytest.raises(ValueError, match="0 labels for 5 points"):
        prepare_embedding(tmp_path, VECTORS, [])
    with pytest.raises(ValueError, match="tag 'x': got 4 images for 5 points"):
        prepare_embedding(tmp_path, VECTORS, label_img=np.zeros((4, 3, 2, 2)), tag="x")
    with pytest.raises(ValueError, match="tag 'x': got 3 columns in row 1 of metadata and 2 names"):
        prepare_embedding(tmp_path, TEXT_LIKE, [[1, 2], [1, 2, 3]], tag="x", metadata_header=["a", "b"])
    with pytest.raises(TypeError, match="tag 'x': got metadata int 3"):
        prepare_embedding(tmp_path, VECTORS, 3, tag="x")


def test_steps_and_tags_are_checked(tmp_path):
    with pytest.raises(ValueError, match="global_step"):
        prepare_embedding(tmp_path, VECTORS, global_step=2**63)
    with pytest.raises(TypeError, match="global_step"):
        prepare_embedding(tmp_path, VECTORS, global_step="../5")
    with pytest.raises(TypeError, match="tag"):
        prepare_embedding(tmp_path, VECTORS, tag=5)
    write_embedding(tmp_path, VECTORS, global_step=-(2**63))
    assert tensor_names(tmp_path) == [f"default:{-(2**63)}"]
