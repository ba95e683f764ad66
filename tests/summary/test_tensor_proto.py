"""Tensors, as TensorBoard's own code reads them."""

from __future__ import annotations

import numpy as np
import pytest
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.util import tensor_util

from tensorboardX.proto import types_pb2
from tensorboardX.summary.tensor_proto import array_proto, string_proto, tensor_shape

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
DTYPES += ["float16", "float32", "float64", "complex64", "complex128"]


def _read(proto) -> np.ndarray:
    return tensor_util.make_ndarray(TensorProto.FromString(proto.SerializeToString()))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3), (2, 0, 3)], ids=str)
def test_arrays_come_back_with_dtype_and_shape(dtype, shape):
    if 0 in shape and dtype in ("uint32", "uint64"):
        pytest.skip("TensorBoard cannot read these where they are empty")
    array = (np.arange(np.prod(shape, dtype=int)) % 5 - 2).reshape(shape).astype(dtype)
    read = _read(array_proto(array))
    assert read.dtype == array.dtype
    assert read.shape == array.shape
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize(
    "array",
    [np.arange(6.0)[::2], np.arange(6).reshape(2, 3).T, np.arange(3, dtype=">f4"), np.arange(3, dtype=">i8")],
    ids=["strided", "transposed", "big-endian float", "big-endian integer"],
)
def test_any_layout_in_memory_is_stored_in_row_major_little_endian(array):
    proto = array_proto(array)
    np.testing.assert_array_equal(_read(proto), array)
    if array.dtype.name == "float32":
        assert proto.float_val == array.tolist()
    else:
        assert proto.tensor_content == array.astype(array.dtype.newbyteorder("<")).tobytes()


@pytest.mark.parametrize("dtype", ["longdouble", "datetime64[s]", "O"])
def test_a_dtype_that_the_format_lacks_is_a_key_error(dtype):
    with pytest.raises(KeyError):
        array_proto(np.zeros(1, dtype))


def test_strings_come_back():
    read = _read(string_proto([b"a", "é".encode(), b"\xff"], [3]))
    assert list(read) == [b"a", "é".encode(), b"\xff"]
    assert _read(string_proto([b"alone"], [])) == b"alone"
    assert string_proto([b"a"], [1]).dtype == types_pb2.DT_STRING


def test_shapes():
    assert [dim.size for dim in tensor_shape((2, 0, 3)).dim] == [2, 0, 3]
    assert len(tensor_shape(()).dim) == 0
