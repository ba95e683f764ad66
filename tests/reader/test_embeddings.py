"""Embeddings read back, and configs that are not as they should be."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tensorboardX import SummaryWriter
from tensorboardX.reader import open_logdir

POINTS = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)


def rows(columns) -> list[tuple]:
    return list(zip(*(columns[name] for name in columns), strict=True))


def test_what_was_logged_comes_back(tmp_path):
    images = np.random.default_rng(1).integers(0, 256, (5, 3, 4, 4), dtype=np.uint8)
    with SummaryWriter(str(tmp_path / "run")) as writer:
        writer.add_embedding(POINTS, ["a", "b", "", "d\te", "ü"], images, 7, "tag")
        writer.add_embedding(POINTS * 0, [[1, "x"]] * 5, None, 8, "tag", ["number", "letter"])
        writer.add_embedding(POINTS[:1], None, None, 9, "other/../tag")
    logdir = open_logdir(tmp_path)
    columns = logdir.embeddings()
    assert columns.damage == ()
    first, second, third = rows(columns)
    assert first[:2] == ("run", "tag:00007")
    np.testing.assert_array_equal(first[2], POINTS)
    assert first[2].dtype == np.float32
    assert (first[3].tolist(), first[4]) == (["a", "b", "", "d e", "ü"], None)
    sprite = np.asarray(Image.open(io.BytesIO(first[5])))
    assert first[6] == (4, 4)
    np.testing.assert_array_equal(sprite[:4, 4:8], images[1].transpose(1, 2, 0))
    np.testing.assert_array_equal(second[2], POINTS * 0)
    assert (second[3].tolist(), second[4], second[5]) == ([["1", "x"]] * 5, ["number", "letter"], None)
    assert (third[1], third[3]) == ("other/../tag:00009", None)
    assert logdir.embeddings(tags="tag:*")["tag"].tolist() == ["tag:00007", "tag:00008"]
    assert logdir.embeddings("none").rows == 0


def test_points_as_text(tmp_path):
    (tmp_path / "points.tsv").write_text("1\t2.5\n-3\tnan\n")
    (tmp_path / "projector_config.pbtxt").write_text('embeddings { tensor_path: "points.tsv" future: { x: 1 } }\n')
    [row] = rows(open_logdir(tmp_path).embeddings())
    np.testing.assert_array_equal(row[2], np.array([[1, 2.5], [-3, np.nan]], np.float32))


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../secret", "a/../../secret", "nothing", "..\\secret", "c:secret", ""]
)
def test_nothing_beyond_the_directory_is_read(tmp_path, path):
    (tmp_path / "secret").write_text("1\t2\n")
    run = tmp_path / "runs" / "run"
    run.mkdir(parents=True)
    (run / "good.tsv").write_text("1\t2\n")
    bad = f'embeddings {{ tensor_name: "bad" tensor_path: {path!r} }}'
    good = 'embeddings { tensor_name: "good" tensor_path: "good.tsv" }'
    (run / "projector_config.pbtxt").write_text(f"{bad} {good}")
    columns = open_logdir(tmp_path / "runs").embeddings()
    assert columns["tag"].tolist() == ["good"]
    [damage] = columns.damage
    assert "'bad'" in damage.reason


@pytest.mark.parametrize(
    "text", ["{", "embeddings {", 'embeddings { tensor_name: "\\', "\xff", "a: " * 500, "embeddings { " + "a { " * 9999]
)
def test_a_config_that_cannot_be_read(tmp_path, text):
    (tmp_path / "projector_config.pbtxt").write_text(text, encoding="latin-1")
    columns = open_logdir(tmp_path).embeddings()
    assert columns.rows == 0
    assert len(columns.damage) == 1


@pytest.mark.parametrize("content", [b"", b"1\t2\n3\n", b"\xff\xfe\xfd", b"a\tb\n"])
def test_points_that_cannot_be_read(tmp_path, content):
    (tmp_path / "points").write_bytes(content)
    config = 'embeddings { tensor_path: "points" tensor_shape: 2 tensor_shape: 4000000000 }'
    (tmp_path / "projector_config.pbtxt").write_text(config)
    columns = open_logdir(tmp_path).embeddings()
    assert columns.rows == 0
    assert len(columns.damage) == 1


def test_labels_of_other_lengths_than_their_header(tmp_path):
    (tmp_path / "points.tsv").write_text("1\t2\n3\t4\n")
    (tmp_path / "labels.tsv").write_text("a\tb\r\n1\r\n1\t2\t3\r\n")
    (tmp_path / "projector_config.pbtxt").write_text(
        'embeddings { tensor_path: "points.tsv" metadata_path: "labels.tsv" }'
    )
    [row] = rows(open_logdir(tmp_path).embeddings())
    assert (row[3].tolist(), row[4]) == ([["1", ""], ["1", "2"]], ["a", "b"])
