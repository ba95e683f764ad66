"""Arrays and strings as TensorProto. Format: tensorflow/core/framework/tensor.proto."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from ..proto import types_pb2
from ..proto.tensor_pb2 import TensorProto
from ..proto.tensor_shape_pb2 import TensorShapeProto
from ..values.arrays import Array
from .wire import varint

TYPES = {
    "bool": types_pb2.DT_BOOL,
    "int8": types_pb2.DT_INT8,
    "int16": types_pb2.DT_INT16,
    "int32": types_pb2.DT_INT32,
    "int64": types_pb2.DT_INT64,
    "uint8": types_pb2.DT_UINT8,
    "uint16": types_pb2.DT_UINT16,
    "uint32": types_pb2.DT_UINT32,
    "uint64": types_pb2.DT_UINT64,
    "float16": types_pb2.DT_HALF,
    "bfloat16": types_pb2.DT_BFLOAT16,
    "float32": types_pb2.DT_FLOAT,
    "float64": types_pb2.DT_DOUBLE,
    "complex64": types_pb2.DT_COMPLEX64,
    "complex128": types_pb2.DT_COMPLEX128,
}
"""The type of each dtype."""


_FLOAT_VAL = bytes([TensorProto.FLOAT_VAL_FIELD_NUMBER << 3 | 2])  # its key: packed, that is, of a given length


def tensor_shape(shape: Sequence[int]) -> TensorShapeProto:
    """Return a shape as a message."""
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in shape])


def array_proto(array: Array) -> TensorProto:
    """Return a numeric array as a tensor, its elements in row-major order: float32 in `float_val`, where the original
    has them and readers look for them, others as the little-endian bytes of `tensor_content`.

    Raises KeyError for a dtype that the format does not have.
    """
    if array.dtype.byteorder == ">" or (array.dtype.byteorder == "=" and sys.byteorder == "big"):
        array = array.astype(array.dtype.newbyteorder("<"))
    proto = TensorProto(dtype=TYPES[array.dtype.name], tensor_shape=tensor_shape(array.shape))
    content = np.ascontiguousarray(array).tobytes()
    if proto.dtype == types_pb2.DT_FLOAT:  # serialized, the field holds the same bytes: no list of floats is made
        proto.MergeFromString(_FLOAT_VAL + varint(len(content)) + content)
    else:
        proto.tensor_content = content
    return proto


def string_proto(strings: Sequence[bytes], shape: Sequence[int]) -> TensorProto:
    """Return byte strings as a DT_STRING tensor of the given shape."""
    return TensorProto(dtype=types_pb2.DT_STRING, tensor_shape=tensor_shape(shape), string_val=list(strings))
