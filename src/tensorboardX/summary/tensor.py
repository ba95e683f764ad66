"""Tensors as they are, and scalars as tensors."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..errors import type_error
from ..proto.summary_pb2 import Summary
from ..proto.tensor_pb2 import TensorProto
from ..values.arrays import Array, owned, to_float, to_numpy
from ..values.device_values import PendingArray, copy_array
from .metadata import plugin_metadata, scalar_metadata
from .size import check_size
from .tags import clean_tag, kept_tag
from .tensor_proto import TYPES, tensor_shape
from .wire import packed

_FEW = 1024
_BLOCK = 1 << 20  # numbers that are Python objects at once
_AS_BYTES = frozenset({"bool", "float32", "float64", "complex64", "complex128"})  # packed numbers are their bytes

# The field of each dtype of `TYPES`, as tensorflow/core/framework/tensor.proto has them.
_FIELDS = {
    "bool": "bool_val",
    "int8": "int_val",
    "int16": "int_val",
    "int32": "int_val",
    "int64": "int64_val",
    "uint8": "int_val",
    "uint16": "int_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
    "float16": "half_val",
    "bfloat16": "half_val",
    "float32": "float_val",
    "float64": "double_val",
    "complex64": "scomplex_val",
    "complex128": "dcomplex_val",
}


def tensor(tag: str, tensor: Any) -> Summary:
    """Return the Summary of a whole array, for programs that read it back: no dashboard of TensorBoard shows it.

    Args:
        tag: the tag; kept as it is.
        tensor: any shape, and any dtype that TensorProto has. bfloat16 is kept, float8 becomes float32,
            torch.complex32 complex64.

    Raises TypeError for what is not numeric, ValueError for what takes 2 GiB, both naming the tag.
    """
    return prepare_tensor(tag, tensor)()


def prepare_tensor(tag: str, tensor: Any) -> partial[Summary]:
    """Check and copy the arguments of `tensor`; the call of what is returned encodes them."""
    tag = kept_tag(tag)
    copy = copy_array(tensor, tag)
    array = to_numpy(tensor, tag) if copy is None else copy.layout
    given = str(getattr(tensor, "dtype", ""))
    # Integers are stored in up to ten bytes, half floats in up to three.
    check_size(tag, array, array.size * max(array.itemsize, 10 if array.dtype.kind in "iu" else 3))
    name = "bfloat16" if "bfloat16" in given else array.dtype.name
    if name not in _FIELDS:
        raise type_error(tag, array, "a tensor of " + ", ".join(_FIELDS))
    if copy is not None:
        return partial(_encode_copy, tag, copy, name)
    return partial(_encode, tag, owned(array, tensor), name)


def scalar_tensor(
    tag: str,
    value: Any,
    double_precision: bool = False,
    display_name: str = "",
    summary_description: str = "",
) -> Summary:
    """Return the Summary of one scalar as a tensor of rank 0, under the cleaned tag.

    TensorBoard's data server, which it uses by default, shows no doubles: they take `--load_fast=false`.

    Args:
        tag: the tag.
        value: a number, or an array or tensor of one element. NaN and infinity are kept.
        double_precision: stores DT_DOUBLE instead of DT_FLOAT.
        display_name: what TensorBoard shows instead of the tag.
        summary_description: Markdown shown beside the chart.

    Raises TypeError for what is not numeric, ValueError for more or fewer than one element.
    """
    tag = clean_tag(tag)
    name = "float64" if double_precision else "float32"
    with np.errstate(over="ignore"):  # beyond float32, where infinity is stored
        array = np.array(to_float(value, tag)).astype(name)
    metadata = scalar_metadata(display_name, summary_description)
    metadata.ClearField("data_class")  # readers know it from the plugin, which a `simple_value` alone does not have
    proto = TensorProto(dtype=TYPES[name])  # torch states no shape either
    getattr(proto, _FIELDS[name]).append(array.item())
    return Summary(value=[Summary.Value(tag=tag, metadata=metadata, tensor=proto)])


def _encode_copy(tag: str, copy: PendingArray, name: str) -> Summary:
    return _encode(tag, copy.resolve(), name)


def _encode(tag: str, array: Array, name: str) -> Summary:
    summary = Summary(value=[Summary.Value(tag=tag, metadata=plugin_metadata("tensor"))])
    _fill(summary.value[0].tensor, array, name)  # in its place: a large message should not be copied
    return summary


def _fill(proto: TensorProto, array: Array, name: str) -> None:
    proto.dtype = TYPES[name]
    proto.tensor_shape.CopyFrom(tensor_shape(array.shape))
    elements, field = _elements(array, name), _FIELDS[name]
    if elements.size < _FEW or name not in _AS_BYTES:
        for start in range(0, elements.size, _BLOCK):
            getattr(proto, field).extend(elements[start : start + _BLOCK].tolist())
    else:
        number = TensorProto.DESCRIPTOR.fields_by_name[field].number
        little_endian = elements.astype(elements.dtype.newbyteorder("<"), copy=False)
        proto.MergeFromString(packed(number, little_endian.tobytes()))


def _elements(array: Array, name: str) -> Array:
    """Return what the field of a dtype holds: of 16-bit floats their bits, of complex numbers both parts in turn."""
    flat = array.astype(array.dtype.newbyteorder("="), copy=False).reshape(-1)
    if name == "bfloat16":  # which is the upper half of the float32 that it has become
        return flat.view(np.uint32) >> 16
    if name == "float16":
        return flat.view(np.uint16)
    if array.dtype.kind == "c":
        return flat.view(flat.real.dtype)
    return flat
