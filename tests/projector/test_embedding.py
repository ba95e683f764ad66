from __future__ import annotations

import importlib.util
import io
import multiprocessing
import os
import re
import threading
import time
import unicodedata
import urllib.parse
import uuid
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support import served
from support.original import run_original
from tensorboard.plugins.projector import projector_plugin
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

from tensorboardX import SummaryWriter
from tensorboardX.embedding import append_pbtxt, make_mat, make_sprite, make_tsv, maybe_upload_file
from tensorboardX.errors import InvalidValueError, MissingExtraError
from tensorboardX.projector import names, pbtxt, store
from tensorboardX.projector.embedding import prepare_embedding
from tensorboardX.projector.tensors import encode_points
from tensorboardX.record_writer import REGISTERED_FACTORIES
from tensorboardX.storage.memory import MemoryStore

VECTORS = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
LABELS = ["a", "b", "c", "d", "é"]
# float32 whose bytes are all ASCII, as TensorBoard reads them text: 0.0, 2.0 and the letters "AAAA"
TEXT_LIKE = np.array([[0, 2], [12.078431129455566, 0]], np.float32)
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


def write_embedding(*args, **kwargs):
    prepare_embedding(*args, **kwargs).encode()()


def read_config(directory: Path) -> ProjectorConfig:
    """The config as TensorBoard's own definition of it reads it."""
    return text_format.Parse((directory / "projector_config.pbtxt").read_text("utf-8"), ProjectorConfig())


def tensor_names(directory: Path) -> list[str]:
    return [entry.tensor_name for entry in read_config(directory).embeddings]


def load_points(directory: Path, entry) -> np.ndarray:
    """The points of an entry, read by the functions and the rule of TensorBoard's plugin."""
    path = directory / entry.tensor_path
    try:
        return projector_plugin._read_tensor_tsv_file(str(path))
    except UnicodeDecodeError:
        return projector_plugin._read_tensor_binary_file(str(path), entry.tensor_shape)


def page_labels(content: bytes) -> list[dict[str, str]]:
    """The labels as the page takes them from metadata.tsv; its rule is in `projector_binary.js`."""
    white = "\t\n\v\f\r\ufeff\u2028\u2029" + "".join(
        chr(code) for code in range(0x10000) if unicodedata.category(chr(code)) == "Zs"
    )
    lines = [line for line in content.decode().split("\n") if line.strip(white)]
    columns = ["label"]
    if lines and "\t" in lines[0]:
        columns, lines = lines[0].split("\t"), lines[1:]
    return [dict(zip(columns, line.split("\t"), strict=True)) for line in lines]


def as_sent_by_a_browser(name: str) -> str:
    """A name that a page puts into a query unescaped, on its way (https://url.spec.whatwg.org/#query-state)."""
    name = re.sub("[\t\n\r]", "", name).partition("#")[0]
    return urllib.parse.quote(name, safe="!$%&()*+,-./:;=?@[\\]^_`{|}~")


# Under stock TensorBoard


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


# Points


@pytest.mark.parametrize("dtype", ["float16", "float64", "int8", "uint64", "bool"])
def test_any_real_dtype_is_stored_as_float32(tmp_path, dtype):
    points = np.array([[0, 1], [1, 0]]).astype(dtype)
    write_embedding(tmp_path, points)
    [entry] = read_config(tmp_path).embeddings
    assert load_points(tmp_path, entry).tolist() == points.astype(np.float32).tolist()


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_torch_tensors_are_accepted(tmp_path, dtype):
    torch = pytest.importorskip("torch")
    points = torch.linspace(-1, 1, 6, dtype=getattr(torch, dtype)).reshape(3, 2).requires_grad_()
    images = torch.full((3, 1, 2, 2), 0.5)
    write_embedding(tmp_path, points, torch.tensor([3, 1, 2]), images, torch.tensor(4))
    [entry] = read_config(tmp_path).embeddings
    np.testing.assert_array_equal(load_points(tmp_path, entry), points.detach().float().numpy())
    assert (tmp_path / entry.metadata_path).read_text() == "3\n1\n2\n"
    assert entry.tensor_path == "00004/default/tensors.bytes"
    assert (np.asarray(Image.open(tmp_path / entry.sprite.image_path))[:2] == 127).all()


def read_line_by_line(content: bytes, shape: tuple[int, int]) -> np.ndarray:
    """As TensorBoard does with the file reader of TensorFlow, which decodes each line for itself."""
    try:
        lines = [line.decode().rstrip("\n") for line in io.BytesIO(content)]
    except UnicodeDecodeError:
        for line in io.BytesIO(content):
            try:
                text = line.decode().rstrip("\n")
            except UnicodeDecodeError:
                return np.frombuffer(content, "<f4").reshape(shape)
            if text:
                list(map(float, text.split("\t")))
    return np.array([list(map(float, line.split("\t"))) for line in lines if line], np.float32)


awkward = st.sampled_from(list(b"\x00\x09\x0a\x0d.0@A\x7f\x80\xbf\xc3\xe2\xff"))


@settings(deadline=None, max_examples=300)
@given(st.lists(awkward, min_size=24, max_size=24) | st.lists(st.integers(0, 255), min_size=24, max_size=24))
def test_every_bit_pattern_is_read_back(tmp_path_factory, content):
    points = np.frombuffer(bytes(content), "<f4").reshape(2, 3)
    file, encoded = encode_points(points.copy(), "patterns")
    path = tmp_path_factory.getbasetemp() / file
    path.write_bytes(encoded)
    entry = ProjectorConfig().embeddings.add(tensor_path=str(path), tensor_shape=points.shape)
    np.testing.assert_array_equal(load_points(Path(), entry), points)
    np.testing.assert_array_equal(read_line_by_line(bytes(encoded), points.shape), points)


def test_a_long_first_line_is_judged_as_a_whole(tmp_path):
    points = np.zeros((3, 50_000), np.float32)
    points[1, 7] = 1.0  # 00 00 80 3f, the only bytes that are no UTF-8
    write_embedding(tmp_path, points, tag="late")
    write_embedding(tmp_path, np.zeros_like(points), tag="never")
    late, never = read_config(tmp_path).embeddings
    assert late.tensor_path.endswith("/tensors.bytes")
    assert never.tensor_path.endswith("/tensors.tsv")
    np.testing.assert_array_equal(load_points(tmp_path, late), points)
    np.testing.assert_array_equal(load_points(tmp_path, never), points * 0)


def test_points_that_are_not_finite_are_written_with_a_warning(tmp_path, caplog):
    tag = f"infinite {uuid.uuid4()}"
    write_embedding(tmp_path, [[np.nan, 1e300], [-np.inf, 0.0]], tag=tag)
    [entry] = read_config(tmp_path).embeddings
    np.testing.assert_array_equal(load_points(tmp_path, entry), [[np.nan, np.inf], [-np.inf, 0]])
    assert "NaN or infinite" in caplog.text


@pytest.mark.parametrize("mat", [np.zeros(3), np.zeros((2, 3, 4)), np.zeros((0, 3)), np.zeros((3, 0)), [[]]])
def test_points_of_another_shape_are_refused(tmp_path, mat):
    with pytest.raises(ValueError, match=r"tag 'x': .*accepted is a matrix"):
        prepare_embedding(tmp_path, mat, tag="x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mat", [None, "text", [["a"]], np.zeros((2, 2), complex)])
def test_what_is_no_matrix_of_numbers_is_refused(tmp_path, mat):
    with pytest.raises(TypeError, match="tag 'x'"):
        prepare_embedding(tmp_path, mat, tag="x")


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


# Labels


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


# Sprites


def sprite_of(directory: Path, images) -> np.ndarray:
    make_sprite(images, directory)
    return np.asarray(Image.open(directory / "sprite.png"))


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4)])
def test_sprites_are_square_and_filled_row_by_row(tmp_path, count, columns):
    images = np.arange(1, count + 1, dtype=np.uint8).reshape(-1, 1, 1, 1).repeat(2, 2).repeat(2, 3)
    sprite = sprite_of(tmp_path, images)
    assert sprite.shape == (2 * columns, 2 * columns, 3)
    cells = np.zeros(columns**2, int)
    cells[:count] = range(1, count + 1)
    np.testing.assert_array_equal(sprite[::2, ::2, 0].ravel(), cells)


def test_pixels_keep_their_values_and_channels(tmp_path):
    rgba = np.random.default_rng(3).integers(0, 256, (1, 4, 3, 3), dtype=np.uint8)
    np.testing.assert_array_equal(sprite_of(tmp_path, rgba), rgba[0].transpose(1, 2, 0))
    floats = np.array([0, 0.5, 1, 2, -1, np.nan, np.inf, 0.999, 0]).reshape(1, 1, 3, 3)
    expected = [0, 127, 255, 255, 0, 0, 255, 254, 0]
    np.testing.assert_array_equal(sprite_of(tmp_path, floats)[:, :, 2].ravel(), expected)
    assert (sprite_of(tmp_path, np.ones((1, 3, 2, 2), bool)) == 255).all()


def test_a_sprite_larger_than_the_page_takes_is_refused(tmp_path):
    images = np.broadcast_to(np.uint8(0), (50, 3, 1025, 1025))
    with pytest.raises(ValueError, match=r"50 images of 1025 x 1025 .* 8200 pixels a side.* 8192 .* 1024 pixels each"):
        make_sprite(images, tmp_path)
    make_sprite(np.broadcast_to(np.uint8(0), (5, 1, 2730, 2730)), tmp_path)  # 3 * 2730 = 8190


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 2, 4, 4), (3, 4, 4), (2, 3, 0, 0)])
def test_images_of_another_shape_are_refused(tmp_path, shape):
    with pytest.raises(ValueError, match=r"tag 'x': .*\(N, C, H, W\)"):
        prepare_embedding(tmp_path, np.ones((shape[0], 2)), label_img=np.zeros(shape), tag="x")


# Names


@settings(deadline=None)
@given(st.text() | st.text("./\\:NULCON1 %\0", max_size=8) | st.text(min_size=60, max_size=400))
def test_an_encoded_tag_is_one_component_on_any_file_system(tag):
    component = names.encode_tag(tag)
    assert 0 < len(component.encode()) <= 200
    assert not re.search(r'[/\\<>:"|?*\x00-\x1f\x7f]', component)
    assert component.rstrip(". ") == component
    assert not re.fullmatch(r"(CON|PRN|AUX|NUL|(COM|LPT)\d)( *\..*)?", component, re.IGNORECASE | re.DOTALL)


@settings(deadline=None)
@given(st.lists(st.text("./\\%2ef-é", max_size=4) | st.text(), min_size=2, max_size=2, unique=True))
def test_different_tags_have_different_directories_and_names(tags):
    assert names.encode_tag(tags[0]) != names.encode_tag(tags[1])
    assert names.encode_tag(tags[0] * 300) != names.encode_tag(tags[1] * 300) or tags[0] * 300 == tags[1] * 300


def test_ordinary_tags_keep_the_layout_of_the_original():
    assert names.data_directory("default", 0) == "00000/default"
    assert names.data_directory("train/a b\\c%", 123456) == "123456/train%2fa b%5cc%25"
    assert names.tensor_name("train/a b", 12) == "train/a b:00012"


def test_a_cut_name_is_always_the_same():
    assert names.encode_tag("é/" * 150) == "é%2f" * 36 + "é%-3500e1bed8311585"
    assert names.tensor_name("é&" * 600, 3) == "é\uff06" * 491 + "…-10377f455a36707e:00003"


@pytest.mark.parametrize("tag", ["NUL .txt", "CONIN$", "com¹.x", "aux"])
def test_names_of_devices_are_encoded(tag):
    assert names.encode_tag(tag) == f"%{ord(tag[0]):02x}{tag[1:]}"


def test_names_hold_nothing_that_a_url_cannot():
    assert names.tensor_name("R&D #1\n+ 100%", -1) == "R\uff06D \uff031\u240a\uff0b 100\uff05:-0001"
    assert len(names.tensor_name("x" * 10_000, 0)) < 1100
    assert names.tensor_name("x" * 10_000, 0) != names.tensor_name("x" * 10_001, 0)


def test_steps_and_tags_are_checked(tmp_path):
    with pytest.raises(ValueError, match="global_step"):
        prepare_embedding(tmp_path, VECTORS, global_step=2**63)
    with pytest.raises(TypeError, match="global_step"):
        prepare_embedding(tmp_path, VECTORS, global_step="../5")
    with pytest.raises(TypeError, match="tag"):
        prepare_embedding(tmp_path, VECTORS, tag=5)
    write_embedding(tmp_path, VECTORS, global_step=-(2**63))
    assert tensor_names(tmp_path) == [f"default:{-(2**63)}"]


# The config


@settings(deadline=None)
@given(st.text())
def test_strings_are_quoted_as_protobuf_reads_them(text):
    config = text_format.Parse(f"model_checkpoint_path: {pbtxt.quote(text)}", ProjectorConfig())
    assert config.model_checkpoint_path == text


words = st.text(min_size=1)  # an empty string is not printed


@settings(deadline=None)
@given(st.lists(st.tuples(words, words, st.lists(st.integers(0, 2**32 - 1))), max_size=4), st.booleans())
def test_what_protobuf_prints_is_split_into_its_fields(entries, as_utf8):
    config = ProjectorConfig(model_checkpoint_dir="x")
    for name, path, shape in entries:
        entry = config.embeddings.add(tensor_name=name, tensor_path=path, tensor_shape=shape)
        entry.sprite.image_path = name
    text = text_format.MessageToString(config, as_utf8=as_utf8)
    fields = pbtxt.split_fields(text)
    assert "".join(field.text for field in fields) == text
    found = [field.strings for field in fields if field.name == "embeddings"]
    assert [(s["tensor_name"], s["tensor_path"]) for s in found] == [(name, path) for name, path, _ in entries]


@pytest.mark.filterwarnings("ignore:invalid escape:DeprecationWarning")  # of protobuf
@pytest.mark.parametrize(
    "literal",
    [r'"\a\b\f\n\r\t\v\'\"\\"', r'"\0\12\303\251\x41\x9"', r'"\u00e9\U0001F600"', r'"C:\temp\q"', r'"a" "\\" "b"'],
)
def test_strings_are_read_as_protobuf_reads_them(literal):
    text = f"embeddings {{ tensor_name: {literal} }}"
    [field] = pbtxt.split_fields(text)
    assert field.strings["tensor_name"] == text_format.Parse(text, ProjectorConfig()).embeddings[0].tensor_name


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


# Failures and competition


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
            os.read(release, 1)  # until the parent lets go
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


# Remote log directories


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
