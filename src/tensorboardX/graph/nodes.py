"""What every graph encoder shares: a node, its output shapes, and names that TensorBoard keeps apart.

Formats: tensorflow/core/framework/node_def.proto, attr_value.proto, tensor_shape.proto.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from ..errors import InvalidTypeError, InvalidValueError, describe, missing_extra
from ..proto.attr_value_pb2 import AttrValue
from ..proto.graph_pb2 import GraphDef
from ..proto.node_def_pb2 import NodeDef
from ..proto.step_stats_pb2 import DeviceStepStats, RunMetadata, StepStats
from ..proto.tensor_shape_pb2 import TensorShapeProto
from ..proto.types_pb2 import DataType
from ..proto.versions_pb2 import VersionDef

PRODUCER_VERSION = 22  # the version that PyTorch's writer states too
MAX_ATTRIBUTE_LENGTH = 1024  # characters; the graph plugin drops longer values by default

# A colon would be read as an output slot, a caret as a control edge; other characters reach the page as escapes.
_UNSAFE = re.compile(r"[^A-Za-z0-9_.\-/\[\]]")
_EMPTY_SCOPE = re.compile(r"/{2,}")

# Names of element types, as NumPy, ONNX and OpenVINO spell them, where they are not `DT_` and the upper-case name.
_DATA_TYPES = {
    "float16": "DT_HALF",
    "float32": "DT_FLOAT",
    "float64": "DT_DOUBLE",
    "float8e4m3fn": "DT_FLOAT8_E4M3FN",
    "float8e4m3fnuz": "DT_FLOAT8_E4M3FNUZ",
    "float8e5m2": "DT_FLOAT8_E5M2",
    "float8e5m2fnuz": "DT_FLOAT8_E5M2FNUZ",
    "boolean": "DT_BOOL",
    "f16": "DT_HALF",
    "fp16": "DT_HALF",
    "f32": "DT_FLOAT",
    "fp32": "DT_FLOAT",
    "f64": "DT_DOUBLE",
    "fp64": "DT_DOUBLE",
    "bf16": "DT_BFLOAT16",
    "i4": "DT_INT4",
    "i8": "DT_INT8",
    "i16": "DT_INT16",
    "i32": "DT_INT32",
    "i64": "DT_INT64",
    "u4": "DT_UINT4",
    "u8": "DT_UINT8",
    "u16": "DT_UINT16",
    "u32": "DT_UINT32",
    "u64": "DT_UINT64",
}

Attribute = bool | int | float | str | Sequence[int] | Sequence[float] | Sequence[str]
Shape = Sequence[int | None]


class UniqueNames:
    """Gives each wish for a node name a name of its own; a second `a/b` becomes `a/b_1`."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def take(self, wish: str) -> str:
        """The safe form of `wish` (see `safe_name`), with a number where it was given away before."""
        base = name = safe_name(wish)
        while name in self._next:
            name = f"{base}_{self._next[base]}"
            self._next[base] += 1
        self._next[name] = 1
        return name


def safe_name(wish: str) -> str:
    """`wish` with `_` for characters TensorBoard cannot take in a name, and without empty scopes."""
    name = _EMPTY_SCOPE.sub("/", _UNSAFE.sub("_", wish)).strip("/")
    return name or "node"


def shape_of(value: Any) -> Shape | None:
    """The sizes of an array, None for one that is not known beforehand; no shape for what is no array."""
    shape = getattr(value, "shape", None)
    return None if shape is None else [size if isinstance(size, int) else None for size in shape]


def shape_proto(shape: Shape) -> TensorShapeProto:
    """A tensor's shape; a dimension of unknown size is None or negative here and -1 in the message."""
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=-1 if size is None else max(size, -1)) for size in shape])


def shapes_attr(shapes: Iterable[Shape | None]) -> AttrValue:
    """The value of `_output_shapes`: one shape for each output slot, None where it is unknown."""
    protos = [TensorShapeProto(unknown_rank=True) if shape is None else shape_proto(shape) for shape in shapes]
    return AttrValue(list=AttrValue.ListValue(shape=protos))


def text_attr(text: str) -> AttrValue:
    """A string attribute."""
    return AttrValue(s=text.encode("utf-8", "replace"))


def type_attr(name: str) -> dict[str, AttrValue]:
    """The attribute `dtype` of an element type such as `float32`, `FLOAT`, `f32` or `FP32`; none for others."""
    lower = name.lower()
    key = _DATA_TYPES.get(lower, f"DT_{lower.upper()}")
    return {"dtype": AttrValue(type=key)} if key in DataType.keys() else {}  # noqa: SIM118 (an enum is no dict)


def typed_attr(value: Attribute) -> AttrValue:
    """An attribute in the field of its type; what is long is shortened, as text."""
    if isinstance(value, bool):
        return AttrValue(b=value)
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return AttrValue(i=value)
    if isinstance(value, float):
        return AttrValue(f=value)
    if isinstance(value, str | int):
        return text_attr(shortened(str(value)))
    return text_attr(shortened("[" + ", ".join(str(item) for item in value[:MAX_ATTRIBUTE_LENGTH]) + "]"))


def shortened(text: str) -> str:
    """`text`, cut where it is longer than the graph plugin shows."""
    return text if len(text) <= MAX_ATTRIBUTE_LENGTH else text[: MAX_ATTRIBUTE_LENGTH - 3] + "..."


def node(
    name: str,
    op: str,
    inputs: Iterable[str] = (),
    shapes: Sequence[Shape | None] | None = None,
    attributes: Mapping[str, AttrValue] | None = None,
) -> NodeDef:
    """One node. `inputs` are node names, with `:k` for output slot k > 0; `shapes` has one entry for each output."""
    attr = dict(attributes or {})
    if shapes is not None and any(shape is not None for shape in shapes):
        attr["_output_shapes"] = shapes_attr(shapes)
    return NodeDef(name=name, op=op, input=inputs, attr=attr)


def slot(name: str, index: int) -> str:
    """How an edge refers to output `index` of the node `name`."""
    return f"{name}:{index}" if index else name


def graph_def(nodes: Iterable[NodeDef]) -> GraphDef:
    """The graph of `nodes`."""
    return GraphDef(node=nodes, versions=VersionDef(producer=PRODUCER_VERSION))


def import_optional(package: str, extra: str, purpose: str) -> ModuleType:
    """The optional `package`; an `ImportError` that names the extra where it is not installed."""
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise missing_extra(package, extra, purpose) from error


def argument_tuple(args: Any) -> tuple[Any, ...]:
    """The positional arguments of a model: those in a list or tuple, one value alone, none for None."""
    if args is None:
        return ()
    return tuple(args) if isinstance(args, list | tuple) else (args,)


def checked_path(parameter: str, path: Any) -> str:
    """A path as text. Raises TypeError or ValueError that names the parameter for what no file can be called."""
    try:
        name = os.fsdecode(path)
    except TypeError as error:
        raise InvalidTypeError(f"{parameter}: got {describe(path)}; accepted is a path") from error
    try:
        os.fsencode(name)
    except UnicodeEncodeError as error:
        raise InvalidValueError(f"{parameter}: got {describe(path)}; accepted is a path") from error
    if "\0" in name:
        raise InvalidValueError(f"{parameter}: got {describe(path)}; accepted is a path, without NUL")
    return name


def run_metadata() -> RunMetadata:
    """The one device that a traced graph is said to run on."""
    return RunMetadata(step_stats=StepStats(dev_stats=[DeviceStepStats(device="/device:CPU:0")]))
