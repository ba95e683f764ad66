"""The points of an embedding: their dtypes, and their files as TensorBoard reads them."""

from __future__ import annotations

import io
import uuid
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from projector_files import load_points, read_config, write_embedding
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

from tensorboardX.projector.embedding import prepare_embedding
from tensorboardX.projector.tensors import encode_points


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
