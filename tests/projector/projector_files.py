"""The files of the projector, written by `prepare_embedding` and read as TensorBoard and its page read them."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
from google.protobuf import text_format
from tensorboard.plugins.projector import projector_plugin
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

from tensorboardX.projector.embedding import prepare_embedding

VECTORS = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
LABELS = ["a", "b", "c", "d", "é"]
# float32 whose bytes are all ASCII, as TensorBoard reads them text: 0.0, 2.0 and the letters "AAAA"
TEXT_LIKE = np.array([[0, 2], [12.078431129455566, 0]], np.float32)


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
