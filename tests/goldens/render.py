"""A Summary as text: every field that is set, with what is encoded inside of it decoded.

The messages are those of stock TensorBoard, so that a field which it does not know is found. Floats are written as
the shortest text that reads back as the same bits.
"""

from __future__ import annotations

import hashlib
import json
import textwrap
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np
from google.protobuf.descriptor import FieldDescriptor
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.audio.plugin_data_pb2 import AudioPluginData
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.plugins.mesh.plugin_data_pb2 import MeshPluginData
from tensorboard.plugins.pr_curve.plugin_data_pb2 import PrCurvePluginData
from tensorboard.util.tensor_util import make_ndarray

from . import payloads

PLUGIN_CONTENT = {
    "audio": AudioPluginData,
    "hparams": HParamsPluginData,
    "mesh": MeshPluginData,
    "pr_curves": PrCurvePluginData,
}
WIDTH = 110
LONG_RUN = 8

Lines = Iterator[str]


def render(data: bytes, compare_pixels: bool = True) -> str:
    """Return the text of a serialized Summary. Without `compare_pixels`, images are rendered by their size only."""
    return "".join(f"{line}\n" for value in parsed(Summary, data).value for line in _value(value, compare_pixels))


def parsed(kind: Any, data: bytes) -> Any:
    """Return the message that `data` holds; raises ValueError if it has fields that `kind` does not."""
    message = kind.FromString(data)
    message.DiscardUnknownFields()
    if message.ByteSize() != len(data):
        raise ValueError(f"{kind.__name__}: {len(data)} bytes hold {message.ByteSize()} that TensorBoard knows")
    return message


def _value(value: Any, compare_pixels: bool) -> Lines:
    yield "value {"
    for field, content in value.ListFields():
        if field.name == "tensor":
            lines = _tensor(content, value.metadata.plugin_data.plugin_name)
        elif field.name == "image":
            lines = _media(content, lambda data: payloads.picture(data, compare_pixels))
        elif field.name == "audio":
            lines = _media(content, payloads.sound)
        elif field.name == "histo":
            lines = _histogram(content)
        elif field.name == "metadata":
            lines = _metadata(content)
        else:
            yield from indented(_field(field, content))
            continue
        yield from indented(_block(field.name, lines))
    yield "}"


def _metadata(metadata: Any) -> Lines:
    for field, content in metadata.ListFields():
        if field.name != "plugin_data":
            yield from _field(field, content)
            continue
        yield "plugin_data {"
        yield f"  plugin_name: {_text(content.plugin_name)}"
        kind = PLUGIN_CONTENT.get(content.plugin_name)
        if content.content and kind:
            yield from indented(_block(f"content: {kind.__name__}", message(parsed(kind, content.content))))
        elif content.content:
            yield f"  content: {content.content!r}"
        yield "}"


def _tensor(tensor: Any, plugin: str) -> Lines:
    for field, content in tensor.ListFields():
        if field.name == "tensor_shape":
            yield f"tensor_shape: {[dim.size for dim in content.dim]}"
        elif field.name == "tensor_content" or (field.name == "float_val" and plugin in ("pr_curves", "mesh")):
            array = make_ndarray(tensor)
            yield f"{field.name}: {array.dtype.name}, {array.nbytes} bytes"
            yield from indented(_rows(array))
        elif field.name == "string_val" and plugin == "custom_scalars":
            for layout in content:
                yield from _block("string_val: Layout", message(parsed(Layout, layout)))
        else:
            yield from _field(field, content)


def _rows(array: np.ndarray) -> Lines:
    """One line for each run along the last axis."""
    for row in array.reshape(-1, array.shape[-1]):
        yield from wrapped([number(item) for item in row])


def _histogram(histo: Any) -> Lines:
    for field, item in histo.ListFields():
        if not field.name.startswith("bucket"):
            yield from _field(field, item)
    yield from _block(f"{len(histo.bucket_limit)} bucket_limit, {len(histo.bucket)} bucket:", _buckets(histo))


def _buckets(histo: Any) -> Lines:
    """A line for each bucket, and one for each run of many empty ones."""
    for empty, run in groupby(zip(histo.bucket_limit, histo.bucket, strict=True), key=lambda bucket: bucket[1] == 0):
        buckets = list(run)
        if empty and len(buckets) > LONG_RUN:
            limits = [limit for limit, _ in buckets]
            digest = hashlib.sha256(np.array(limits, "<f8").tobytes()).hexdigest()[:16]
            yield f"{len(limits)} empty, from {limits[0]} to {limits[-1]}, sha256 {digest}"
        else:
            yield from (f"{limit} {count}" for limit, count in buckets)


def _media(content: Any, decode: Any) -> Lines:
    for field, item in content.ListFields():
        if field.name.startswith("encoded_"):
            yield from _block(f"{field.name}:", decode(item))
        else:
            yield from _field(field, item)


def message(content: Any) -> Lines:
    """The fields that are set, in the order of their numbers."""
    for field, item in content.ListFields():
        yield from _field(field, item)


def _field(field: FieldDescriptor, content: Any) -> Lines:
    if hasattr(content, "DESCRIPTOR"):  # before the rest: some messages behave like lists
        yield from _block(field.name, message(content))
    elif hasattr(content, "keys"):  # a map
        for key in sorted(content):
            yield from _block(f"{field.name}[{_text(key)}]", message(content[key]))
    elif hasattr(content, "append") and field.type == FieldDescriptor.TYPE_MESSAGE:
        for item in content:
            yield from _block(field.name, message(item))
    elif hasattr(content, "append"):
        yield f"{field.name}: {len(content)}"
        yield from indented(wrapped([_scalar(field, item) for item in content]))
    else:
        yield f"{field.name}: {_scalar(field, content)}"


def _block(title: str, lines: Lines) -> Lines:
    yield f"{title} {{"
    yield from indented(lines)
    yield "}"


def _scalar(field: FieldDescriptor, item: Any) -> str:
    if field.type == FieldDescriptor.TYPE_ENUM:
        return str(field.enum_type.values_by_number[item].name)
    if field.type == FieldDescriptor.TYPE_FLOAT:
        return number(np.float32(item))
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _text(item.decode("utf-8"))
    return _text(item) if isinstance(item, str) else number(item)


def number(item: Any) -> str:
    """The shortest text that reads back as the same number."""
    return str(item)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def wrapped(words: list[str]) -> Lines:
    yield from textwrap.wrap(" ".join(words), WIDTH, break_long_words=False, break_on_hyphens=False)


def indented(lines: Lines) -> Lines:
    for line in lines:
        yield f"  {line}"
