"""Meshes: vertices, faces and colours of one name and step, which are values of their own in the file.

Format: tensorboard/plugins/mesh/plugin_data.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from ..errors import InvalidValueError
from ..proto.plugin_mesh_pb2 import MeshPluginData
from .events import Entry
from .loading import Loader
from .rows import Rows
from .tensors import Array, array_of

_PARTS: dict[int, str] = {
    MeshPluginData.VERTEX: "vertices",
    MeshPluginData.FACE: "faces",
    MeshPluginData.COLOR: "colors",
}

# What TensorBoard converts them to. tensorboardX and torch store all parts as float32.
_DTYPES = {"faces": np.int32, "colors": np.uint8}

MESH_COLUMNS: dict[str, type] = {**dict.fromkeys(_PARTS.values(), object), "config": object}


def meshes_in(loader: Loader) -> Iterator[tuple[Entry, Rows]]:
    """Yield each mesh as its first entry and its row: vertices, faces and colours, None for what it lacks, and config.

    Parts of one name and step belong together until one of them comes again.
    """
    meshes: list[tuple[Entry, dict[str, Any]]] = []
    latest: dict[str, tuple[Entry, dict[str, Any]]] = {}
    for entry, content in loader:
        try:
            part, array, config = _part(entry, content)
        except InvalidValueError as error:
            loader.skip(entry, str(error))
            continue
        mesh = latest.get(entry.name)
        if mesh is None or mesh[0].step != entry.step or part in mesh[1]:
            mesh = latest[entry.name] = entry, {"config": config}
            meshes.append(mesh)
        mesh[1][part] = array
    for entry, parts in meshes:
        yield entry, [tuple(parts.get(name) for name in MESH_COLUMNS)]


def _part(entry: Entry, content: Any) -> tuple[str, Array, str]:
    try:
        described = MeshPluginData.FromString(entry.metadata.content)
    except DecodeError:
        raise InvalidValueError("a mesh whose metadata cannot be read") from None
    part = _PARTS.get(described.content_type)
    array = array_of(content.tensor)
    if part is None or array.dtype == np.object_:
        raise InvalidValueError("a part of a mesh that is neither vertices nor faces nor colours")
    return part, _converted(array, part), described.json_config


def _converted(array: Array, part: str) -> Array:
    """Return faces and colours as whole numbers, unless that would change one."""
    with np.errstate(invalid="ignore"):  # NaN, and what is out of range
        converted = array.astype(_DTYPES.get(part, array.dtype))
    return converted if np.array_equal(converted, array) else array
