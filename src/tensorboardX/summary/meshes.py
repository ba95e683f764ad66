"""Meshes and point clouds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from ..errors import reason, type_error, value_error
from ..notices import warn_once
from ..proto.plugin_mesh_pb2 import MeshPluginData
from ..proto.summary_pb2 import Summary
from ..values.arrays import Array, owned, to_numpy
from .metadata import plugin_metadata
from .size import check_size
from .tags import kept_tag
from .tensor_proto import array_proto


def mesh(
    tag: str, vertices: Any, colors: Any = None, faces: Any = None, config_dict: Mapping[str, Any] | None = None
) -> Summary:
    """Return the Summary of a batch of meshes: a tensor each for vertices, faces and colours, under `<tag>_1` to `_3`.

    Args:
        tag: the tag; kept as it is.
        vertices: shape (B, N, 3), real; stored as float32. NaN is kept.
        colors: red, green and blue of each vertex, shape (B, N, 3), in [0, 255]; stored as uint8. What is beyond is
            clamped and NaN becomes 0, with one warning per tag.
        faces: the vertices of each triangle by their index, shape (B, F, 3); stored as int32.
        config_dict: settings of the scene, such as camera and lights, that JSON can hold.

    Raises TypeError or ValueError that names the tag. Format: tensorboard/plugins/mesh/plugin_data.proto.
    """
    return prepare_mesh(tag, vertices, colors, faces, config_dict)()


def prepare_mesh(
    tag: str, vertices: Any, colors: Any = None, faces: Any = None, config_dict: Mapping[str, Any] | None = None
) -> partial[Summary]:
    """Check and copy the arguments of `mesh`; the call of what is returned encodes them."""
    tag = kept_tag(tag)
    points = to_numpy(vertices, tag)
    _check_triples(tag, points, "vertices")
    if points.size == 0:
        raise value_error(tag, points, "vertices with at least one vertex")
    triangles = None if faces is None else _checked_faces(tag, to_numpy(faces, tag), points)
    shades = None if colors is None else _checked_colors(tag, to_numpy(colors, tag), points)
    config = _checked_config(tag, config_dict)
    face_bytes = 0 if triangles is None else 4 * triangles.size
    check_size(tag, points, 5 * points.size + face_bytes + 3 * len(config))  # the config is ASCII
    shades = None if shades is None else owned(shades, colors)
    return partial(_encode, tag, owned(points, vertices), triangles, shades, config)


def _check_triples(tag: str, array: Array, name: str) -> None:
    if array.dtype.kind == "c":
        raise type_error(tag, array, f"{name} of real numbers")
    if array.ndim != 3 or array.shape[2] != 3:
        raise value_error(tag, array, f"{name} of shape (batch, number, 3)")


def _checked_faces(tag: str, faces: Array, vertices: Array) -> Array:
    _check_triples(tag, faces, "faces")
    batch, count, _ = vertices.shape
    if faces.shape[0] != batch:
        raise value_error(tag, faces, f"faces for a batch of {batch}, as many as the vertices have")
    if faces.size and not (faces.min() >= 0 and faces.max() < count):
        raise value_error(tag, faces, f"faces with indices from 0 to {count - 1}, as there are {count} vertices")
    indices = faces.astype(np.int32)
    if (indices != faces).any():
        raise value_error(tag, faces, "faces whose indices are whole numbers")
    return indices


def _checked_colors(tag: str, colors: Array, vertices: Array) -> Array:
    _check_triples(tag, colors, "colors")
    if colors.shape != vertices.shape:
        raise value_error(tag, colors, f"colors of the shape of the vertices, {vertices.shape}")
    return colors


def _checked_config(tag: str, config: Mapping[str, Any] | None) -> str:
    import json

    try:
        return json.dumps(config, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise type_error(tag, config, f"a config_dict that JSON can hold ({reason(error)})") from error


def _encode(tag: str, vertices: Array, faces: Array | None, colors: Array | None, config: str) -> Summary:
    parts = {MeshPluginData.VERTEX: _to_float32(vertices)}
    if faces is not None:
        parts[MeshPluginData.FACE] = faces
    if colors is not None:
        parts[MeshPluginData.COLOR] = _to_uint8(tag, colors)
    components = sum(1 << kind for kind in parts)
    return Summary(value=[_value(tag, kind, part, components, config) for kind, part in parts.items()])


def _value(tag: str, kind: MeshPluginData.ContentType, part: Array, components: int, config: str) -> Summary.Value:
    content = MeshPluginData(
        version=0, name=tag, content_type=kind, json_config=config, shape=part.shape, components=components
    )
    metadata = plugin_metadata("mesh", content.SerializeToString())
    return Summary.Value(tag=f"{tag}_{kind}", metadata=metadata, tensor=array_proto(part))


def _to_float32(array: Array) -> Array:
    with np.errstate(over="ignore"):  # what is too large becomes infinite
        return array.astype(np.float32)


def _to_uint8(tag: str, colors: Array) -> Array:
    if colors.dtype == np.uint8 or colors.size == 0:
        return colors.astype(np.uint8)
    low, high = colors.min(), colors.max()
    if not (low >= 0 and high <= 255):  # NaN fails both
        warn_once(tag, "colors out of [0, 255] are clamped, and NaN becomes 0")
        return np.nan_to_num(colors, nan=0, posinf=255, neginf=0).clip(0, 255).astype(np.uint8)
    if high <= 1 and colors.dtype.kind == "f" and (colors % 1).any():
        warn_once(tag, "colors are in [0, 255]; these are all in [0, 1], and will look black")
    return colors.astype(np.uint8)
