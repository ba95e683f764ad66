"""The labels of an embedding's points, read as TensorBoard's page reads them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from projector_files import page_labels, read_config, write_embedding

from tensorboardX.embedding import make_tsv


class Text:
    """A string tensor of TensorFlow without axes: no `item`, and bytes in it."""

    shape = ()

    def __init__(self, text: str) -> None:
        self.text = text

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.array(self.text.encode(), dtype=object)


class Variable:
    """A variable of Chainer without axes: no `item`, and nothing that NumPy reads."""

    shape, device = (), "@numpy"

    def __init__(self, number: float) -> None:
        self.array = np.array(number)


def test_labels_of_tensors_without_item(tmp_path):
    labels = write_labels(tmp_path, [Text("é 1"), Text("b"), Variable(0.5)])
    assert [row["label"] for row in labels] == ["é 1", "b", "0.5"]


def test_labels_of_tensorflow(tmp_path):
    tf = pytest.importorskip("tensorflow")
    assert [row["label"] for row in write_labels(tmp_path, tf.constant(["é 1", "b"]))] == ["é 1", "b"]
    assert [row["label"] for row in write_labels(tmp_path, tf.constant([3, 4]))] == ["3", "4"]


def write_labels(directory: Path, metadata, header=None, points: int | None = None) -> list[dict[str, str]]:
    write_embedding(directory, np.zeros((points or len(metadata), 2)), metadata, metadata_header=header)
    [entry] = read_config(directory).embeddings
    return page_labels((directory / entry.metadata_path).read_bytes())


def test_separators_in_labels_become_spaces(tmp_path):
    shown = write_labels(tmp_path, ["a\tb", "c\nd", "e\rf", "g\r\nh"])
    assert [row["label"] for row in shown] == ["a b", "c d", "e f", "g  h"]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.text(), min_size=1, max_size=6))
def test_every_label_stays_with_its_point(tmp_path_factory, labels):
    make_tsv(labels, tmp_path_factory.getbasetemp())
    shown = [row["label"] for row in page_labels((tmp_path_factory.getbasetemp() / "metadata.tsv").read_bytes())]
    assert [text.replace("\u200b", "") for text in shown] == [
        re.sub("[\t\n\r]", " ", text).replace("\u200b", "") for text in labels
    ]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.text(), st.text()), min_size=2, max_size=5))
def test_every_row_stays_with_its_point(tmp_path_factory, rows):
    make_tsv(rows[1:], tmp_path_factory.getbasetemp(), rows[0])
    content = (tmp_path_factory.getbasetemp() / "metadata.tsv").read_bytes()
    lines = content.decode().removesuffix("\n").split("\n")
    assert len(lines) == len(rows)
    assert all(line.count("\t") == 1 for line in lines)
    assert len(page_labels(content)) == len(rows) - 1


def test_blank_labels_do_not_shift_the_others(tmp_path):
    blanks = ["", " ", "\t", "\u00a0", "\ufeff", "\u3000 \ufeff", "\u2028"]
    shown = write_labels(tmp_path, ["first", *blanks, "last"])
    assert len(shown) == 9
    assert (shown[0]["label"], shown[8]["label"]) == ("first", "last")


def test_a_header_names_the_columns(tmp_path):
    shown = write_labels(tmp_path, [[1, "x"], (None, np.float32(0.5))], ["number", "other"])
    assert shown == [{"number": "1", "other": "x"}, {"number": "None", "other": "0.5"}]


def test_a_header_of_one_column_does_not_become_a_label(tmp_path):
    assert write_labels(tmp_path, [["x"], ["y"]], ["name"]) == [{"label": "x"}, {"label": "y"}]
    assert write_labels(tmp_path, ["xy", "z"], ["name"]) == [{"label": "xy"}, {"label": "z"}]


def test_rows_without_a_header_are_labels(tmp_path):
    assert write_labels(tmp_path, [["x", 1], ["y", 2]]) == [{"label": "['x', 1]"}, {"label": "['y', 2]"}]


def test_labels_may_be_anything_that_can_be_iterated(tmp_path):
    torch = pytest.importorskip("torch")
    assert write_labels(tmp_path, np.array([1.5, 2])) == [{"label": "1.5"}, {"label": "2.0"}]
    assert write_labels(tmp_path, [torch.tensor(7), np.int64(8)]) == [{"label": "7"}, {"label": "8"}]
    assert write_labels(tmp_path, (c for c in "ab"), points=2) == [{"label": "a"}, {"label": "b"}]
    assert write_labels(tmp_path, torch.tensor([[1, 2]]), ("p", "q")) == [{"p": "1", "q": "2"}]


def test_half_a_surrogate_pair_is_replaced(tmp_path):
    assert write_labels(tmp_path, ["a\ud800b", "c"]) == [{"label": "a?b"}, {"label": "c"}]
