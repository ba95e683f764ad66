"""TensorProto as arrays: whatever it says, an array of bounded size or our error."""

from __future__ import annotations

import contextlib
import tracemalloc

import numpy as np
import pytest
import torch
from event_files import write_records
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tensorboardX.errors import InvalidValueError
from tensorboardX.proto import types_pb2
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.proto.tensor_pb2 import TensorProto
from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboardX.reader import open_logdir
from tensorboardX.reader.tensors import array_of, scalar_of
from tensorboardX.summary.tensor import tensor as log_tensor
from tensorboardX.summary.tensor_proto import TYPES, array_proto


def shape(*sizes: int) -> TensorShapeProto:
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in sizes])


NAMES = sorted(set(TYPES) - {"bfloat16"})
ARRAYS = st.sampled_from(NAMES).flatmap(
    lambda name: arrays.arrays(np.dtype(name), arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)


@given(ARRAYS, st.booleans())
def test_what_was_stored_comes_back(array, as_content):
    proto = array_proto(array) if as_content else log_tensor("t", array).value[0].tensor
    found = array_of(proto)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(found, array)
    if array.size == 1 and array.dtype.kind in "biuf":
        np.testing.assert_equal(scalar_of(proto), float(array.item()))
    else:
        assert scalar_of(proto) is None


@given(st.lists(st.floats(width=16), max_size=5))
def test_bfloat16_comes_back_as_float32(numbers):
    wanted = torch.tensor(numbers).to(torch.bfloat16)
    found = array_of(log_tensor("t", wanted).value[0].tensor)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, wanted.float().numpy())
    bits = wanted.view(torch.int16).numpy().tobytes()
    content = TensorProto(dtype=types_pb2.DT_BFLOAT16, tensor_shape=shape(len(numbers)), tensor_content=bits)
    np.testing.assert_array_equal(array_of(content), wanted.float().numpy())


def test_strings():
    proto = TensorProto(dtype=types_pb2.DT_STRING, tensor_shape=shape(2, 1), string_val=[b"a", b"\xff"])
    assert array_of(proto).tolist() == [[b"a"], [b"\xff"]]
    assert scalar_of(proto) is None


def test_elements_that_are_left_out_repeat_the_last_one():
    proto = TensorProto(dtype=types_pb2.DT_INT32, tensor_shape=shape(2, 3), int_val=[1, 2])
    assert array_of(proto).tolist() == [[1, 2, 2], [2, 2, 2]]
    proto = TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=shape(2, 2))
    assert array_of(proto).tolist() == [[0, 0], [0, 0]]


def test_one_element_for_more_than_there_is_memory_takes_none():
    proto = TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=shape(10**6, 10**6), float_val=[2.5])
    tracemalloc.start()
    try:
        array = array_of(proto)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (array.shape, array[-1, -1]) == ((10**6, 10**6), 2.5)
    assert peak < 100_000


@pytest.mark.parametrize(
    "proto",
    [
        TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=shape(2), float_val=[1, 2, 3]),
        TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=shape(10**12), float_val=[1, 2, 3]),
        TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=shape(2**62, 2**62, 2**62), float_val=[1]),
        TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=shape(*[1] * 100), float_val=[1]),
        TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=shape(-1), float_val=[1]),
        TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=shape(2**62, -1, 2), float_val=[1]),
        TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=shape(1), tensor_content=b"12345"),
        TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=shape(3), tensor_content=b"12345678" * 9),
        TensorProto(dtype=types_pb2.DT_STRING, tensor_shape=shape(1), tensor_content=b"\x01x"),
        TensorProto(dtype=types_pb2.DT_RESOURCE, tensor_shape=shape(1)),
        TensorProto(dtype=types_pb2.DT_FLOAT8_E5M2, tensor_shape=shape(1), float8_val=b"x"),
        TensorProto(),
        TensorProto.FromString(b"\x08\xff\xff\x01"),
    ],
)
def test_what_is_no_tensor(proto, tmp_path):
    with pytest.raises(InvalidValueError, match="a tensor"):
        array_of(proto)
    assert scalar_of(proto) is None
    summary = Summary(
        value=[Summary.Value(tag="bad", tensor=proto), Summary.Value(tag="good", tensor=array_proto(np.ones(2)))]
    )
    path = write_records(tmp_path / "1.tfevents", Event(summary=summary))
    columns = open_logdir(tmp_path).tensors()
    assert columns["tag"].tolist() == ["good"]
    assert [(each.start, each.end) for each in columns.damage] == [(0, path.stat().st_size)]


@given(st.binary(max_size=60))
def test_any_tensor_gives_an_array_or_our_error(data):
    from google.protobuf.message import DecodeError

    try:
        proto = TensorProto.FromString(data)
    except DecodeError:
        return
    with contextlib.suppress(InvalidValueError):
        array_of(proto)
    scalar_of(proto)
