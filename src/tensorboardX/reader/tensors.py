"""TensorProto as arrays. Format: tensorflow/core/framework/tensor.proto and types.proto."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InvalidValueError
from ..proto import types_pb2
from ..proto.tensor_pb2 import TensorProto

Array = npt.NDArray[Any]

_MOST_REPEATED = 1 << 20  # elements beyond those that are stored
_BFLOAT16 = "bfloat16"

# The dtype of each type, and the field with its elements where they are not in `tensor_content`.
_TYPES: dict[int, tuple[str, str]] = {
    types_pb2.DT_FLOAT: ("<f4", "float_val"),
    types_pb2.DT_DOUBLE: ("<f8", "double_val"),
    types_pb2.DT_HALF: ("<f2", "half_val"),
    types_pb2.DT_BFLOAT16: (_BFLOAT16, "half_val"),
    types_pb2.DT_INT8: ("i1", "int_val"),
    types_pb2.DT_QINT8: ("i1", "int_val"),
    types_pb2.DT_INT16: ("<i2", "int_val"),
    types_pb2.DT_QINT16: ("<i2", "int_val"),
    types_pb2.DT_INT32: ("<i4", "int_val"),
    types_pb2.DT_QINT32: ("<i4", "int_val"),
    types_pb2.DT_INT64: ("<i8", "int64_val"),
    types_pb2.DT_UINT8: ("u1", "int_val"),
    types_pb2.DT_QUINT8: ("u1", "int_val"),
    types_pb2.DT_UINT16: ("<u2", "int_val"),
    types_pb2.DT_QUINT16: ("<u2", "int_val"),
    types_pb2.DT_UINT32: ("<u4", "uint32_val"),
    types_pb2.DT_UINT64: ("<u8", "uint64_val"),
    types_pb2.DT_BOOL: ("?", "bool_val"),
    types_pb2.DT_COMPLEX64: ("<c8", "scomplex_val"),
    types_pb2.DT_COMPLEX128: ("<c16", "dcomplex_val"),
    types_pb2.DT_STRING: ("O", "string_val"),
}


def array_of(tensor: TensorProto) -> Array:
    """Return a tensor as an array of its shape.

    Numbers have the dtype that they were stored with, but bfloat16, which NumPy lacks, comes as float32. Strings are
    `bytes` in an array of objects. An array that repeats one stored element, as TensorFlow stores constants, is a
    read-only view of that element.

    Raises InvalidValueError for a type that NumPy has no dtype for, and where shape and elements do not agree.
    """
    if tensor.dtype not in _TYPES:
        raise InvalidValueError(f"a tensor of type {_type_name(tensor.dtype)}, which NumPy does not have")
    dtype, field = _TYPES[tensor.dtype]
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    count = math.prod(shape) if all(size >= 0 for size in shape) else -1
    elements = _content(tensor.tensor_content, dtype) if tensor.tensor_content else _stored(tensor, field, dtype)
    try:
        return _shaped(elements, shape, count)
    except ValueError as error:  # too many axes, or more elements than there is memory for
        raise InvalidValueError(f"a tensor of shape {shape[:8]} with {len(elements)} elements") from error


def scalar_of(tensor: TensorProto) -> float | None:
    """Return the element of a tensor that has one real number, None for any other."""
    try:
        array = array_of(tensor)
    except InvalidValueError:
        return None
    return float(array.reshape(-1)[0]) if array.size == 1 and array.dtype.kind in "biuf" else None


def _content(content: bytes, dtype: str) -> Array:
    if dtype == "O":
        raise InvalidValueError("a tensor of strings that are packed as TensorFlow does in memory")
    if dtype == _BFLOAT16:
        return _from_bits(np.frombuffer(content[: len(content) // 2 * 2], "<u2"), dtype)
    stored = np.dtype(dtype)
    if len(content) % stored.itemsize:
        raise InvalidValueError(f"a tensor whose {len(content)} bytes are no whole number of elements")
    return np.frombuffer(content, stored).astype(stored.newbyteorder("="))


def _stored(tensor: TensorProto, field: str, dtype: str) -> Array:
    values: Sequence[Any] = getattr(tensor, field)
    if dtype == "O":
        strings = np.empty(len(values), object)
        strings[:] = list(values)
        return strings
    if field == "half_val":
        return _from_bits(np.fromiter(values, np.int64, len(values)).astype(np.uint16), dtype)
    stored = np.dtype(dtype).newbyteorder("=")
    if stored.kind == "c":
        parts = np.dtype(f"f{stored.itemsize // 2}")
        halves: Array = np.fromiter(values, parts, len(values))
        return halves[: len(values) // 2 * 2].view(stored)
    if field == "int_val":
        return np.fromiter(values, np.int64, len(values)).astype(stored)
    return np.fromiter(values, stored, len(values))


def _from_bits(bits: npt.NDArray[np.uint16], dtype: str) -> Array:
    if dtype == _BFLOAT16:  # the upper half of a float32
        wide: Array = bits.astype(np.uint32) << np.uint32(16)
        return wide.view(np.float32)
    return bits.astype(np.uint16).view(np.float16)


def _shaped(elements: Array, shape: list[int], count: int) -> Array:
    if len(elements) == count:
        return elements.reshape(shape)
    if count < 0 or len(elements) > count:
        raise ValueError
    if len(elements) <= 1:  # what is left out repeats the last one, and of none at all is 0
        element = elements[0] if len(elements) else (b"" if elements.dtype == object else elements.dtype.type(0))
        return np.broadcast_to(np.array(element, elements.dtype), shape)
    if count - len(elements) > _MOST_REPEATED:
        raise ValueError
    return np.concatenate((elements, np.repeat(elements[-1:], count - len(elements)))).reshape(shape)


def _type_name(number: int) -> str:
    try:
        return str(types_pb2.DataType.Name(number))
    except ValueError:
        return str(number)
