"""Embeddings: the files of the projector, which lie beside the event files.

Format: tensorboard/plugins/projector/projector_config.proto.
"""

from __future__ import annotations

import functools
import posixpath
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

from ..errors import InvalidValueError, reason
from .columns import Column, Columns, objects, repeated
from .damage import DamageLog
from .filters import NameFilter
from .source import FileFacts

CONFIG_NAME = "projector_config.pbtxt"

_COLUMNS = ("tag", "points", "labels", "header", "sprite", "sprite_size")
_PLACEHOLDER = "\u200b"  # what this package writes before a label that would show as nothing


def embeddings_of(run: str, config: FileFacts, is_wanted: NameFilter, damage: DamageLog) -> Columns:
    """Return the embeddings that the config of a run lists."""
    rows: list[tuple[Any, ...]] = []
    try:
        listed = _parse(_read(config))
    except (OSError, InvalidValueError) as error:
        damage.add(config.path, 0, config.size, f"the list of embeddings cannot be read: {error}")
        listed = []
    for entry in listed:
        if is_wanted(entry.tensor_name):
            try:
                rows.append(_row(config, entry))
            except (OSError, InvalidValueError) as error:
                damage.add(config.path, 0, config.size, f"the embedding {entry.tensor_name!r} cannot be read: {error}")
    return embedding_table(run, rows)


def embedding_table(run: str, rows: list[tuple[Any, ...]]) -> Columns:
    """Return the columns of embeddings, of which each row lacks the run."""
    columns: dict[str, Column] = {"run": repeated(run, len(rows))}
    for index, name in enumerate(_COLUMNS):
        columns[name] = objects(row[index] for row in rows)
    return Columns(columns)


def _row(config: FileFacts, entry: Any) -> tuple[Any, ...]:
    points = _points(_read(_beside(config, entry.tensor_path)), list(entry.tensor_shape))
    labels, header = None, None
    if entry.metadata_path:
        labels, header = _labels(_read(_beside(config, entry.metadata_path)).decode("utf-8", "replace"))
    sprite, size = None, None
    if entry.sprite.image_path:
        sprite, size = _read(_beside(config, entry.sprite.image_path)), tuple(entry.sprite.single_image_dim)
    return entry.tensor_name, points, labels, header, sprite, size


def _beside(config: FileFacts, name: str) -> FileFacts:
    """Return a file that a config names. Raises InvalidValueError if it is not below the config's directory."""
    path = posixpath.normpath(name)
    if posixpath.isabs(path) or path.split("/")[0] == ".." or "\\" in path or ":" in path:
        raise InvalidValueError(f"{name!r} is not below the directory of {CONFIG_NAME}")
    found = config.beside(path)
    if found is None:
        raise InvalidValueError(f"there is no file {name!r}")
    return found


def _read(file: FileFacts) -> bytes:
    source = file.open()
    try:
        return source.read(0, source.size())
    finally:
        source.close()


def _points(data: bytes, shape: list[int]) -> npt.NDArray[np.float32]:
    """Return points as float32 of shape (N, D): text with tabs, as TensorBoard first tries, or raw numbers."""
    try:
        text = data.decode("utf-8")
        rows = [np.array(line.split("\t"), np.float32) for line in text.split("\n") if line.strip()]
        if rows and len({len(row) for row in rows}) == 1:
            return np.stack(rows)
    except ValueError:  # UnicodeDecodeError is one, too
        pass
    if len(shape) == 2 and 4 * shape[0] * shape[1] == len(data):
        return np.frombuffer(data, "<f4").reshape(shape).astype(np.float32)
    raise InvalidValueError(f"a tensor of shape {shape} in {len(data)} bytes")


def _labels(text: str) -> tuple[Column, list[str] | None]:
    """Return the labels, shape (N,), or (N, columns) below a header, and the header."""
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []
    if not lines or "\t" not in lines[0]:
        return objects(_shown(line) for line in lines), None
    header, *rows = [line.split("\t") for line in lines]
    cells = np.full((len(rows), len(header)), "", object)
    for index, row in enumerate(rows):
        row = row[: len(header)]
        cells[index, : len(row)] = [_shown(cell) for cell in row]
    return cells, header


def _shown(label: str) -> str:
    return label[1:] if label.startswith(_PLACEHOLDER) and not label[1:].strip() else label


def _parse(data: bytes) -> list[Any]:
    message = _config_class()()
    try:
        text_format.Parse(data.decode("utf-8"), message, allow_unknown_field=True)
    except (text_format.ParseError, ValueError, RecursionError) as error:
        raise InvalidValueError(reason(error)) from error
    return list(message.embeddings)


@functools.cache
def _config_class() -> Any:
    """Return the message class of the config, with the fields that are read here."""
    kinds = descriptor_pb2.FieldDescriptorProto
    text, number, message_type = kinds.TYPE_STRING, kinds.TYPE_UINT32, kinds.TYPE_MESSAGE
    once, often = kinds.LABEL_OPTIONAL, kinds.LABEL_REPEATED
    described: dict[str, list[tuple[str, int, Any, Any, str | None]]] = {
        "Sprite": [("image_path", 1, text, once, None), ("single_image_dim", 2, number, often, None)],
        "Embedding": [
            ("tensor_name", 1, text, once, None),
            ("metadata_path", 2, text, once, None),
            ("tensor_shape", 4, number, often, None),
            ("sprite", 5, message_type, once, ".reader.Sprite"),
            ("tensor_path", 6, text, once, None),
        ],
        "Config": [("embeddings", 2, message_type, often, ".reader.Embedding")],
    }
    file = descriptor_pb2.FileDescriptorProto(name="tensorboardX/reader/projector_config.proto", package="reader")
    for name, fields in described.items():
        message = file.message_type.add(name=name)
        for field, tag, kind, label, type_name in fields:
            message.field.add(name=field, number=tag, type=kind, label=label, type_name=type_name)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("reader.Config"))
