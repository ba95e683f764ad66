"""Tensors, read back by TensorBoard's own `make_ndarray`; scalars as tensors, judged by TensorBoard."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support import served
from tensorboard.compat.proto import tensor_pb2
from tensorboard.util.tensor_util import make_ndarray

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.types_pb2 import DT_BFLOAT16, DT_DOUBLE, DT_FLOAT
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary.tensor import prepare_tensor, scalar_tensor, tensor

READABLE = [np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16]
READABLE += [np.float16, np.float32, np.float64, np.complex64, np.complex128]


def shape_of(value):
    return [dim.size for dim in value.tensor.tensor_shape.dim]


def read(summary):
    return make_ndarray(tensor_pb2.TensorProto.FromString(summary.value[0].tensor.SerializeToString()))


@pytest.mark.parametrize("dtype", READABLE)
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3, 4), (0,), (3, 0)])
def test_arrays_are_read_back_as_they_are(dtype, shape):
    random = np.random.default_rng(17)
    array = (random.normal(size=shape) * 100).astype(dtype)
    if np.iscomplexobj(array):
        array = array + dtype(1j)
    result = read(tensor("any tag!", array))
    assert result.dtype == array.dtype
    np.testing.assert_array_equal(result, array)
    np.testing.assert_array_equal(read(tensor("order", array.astype(np.dtype(dtype).newbyteorder(">")))), array)
    np.testing.assert_array_equal(read(tensor("view", array.T)), array.T)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.int64, torch.uint8, torch.bool])
def test_torch_tensors_are_read_back_as_they_are(dtype):
    given = torch.tensor([[0, 1, 2.5], [3, 65, 100]]).to(dtype)
    np.testing.assert_array_equal(read(tensor("t", given)), given.numpy())


def test_the_summary_is_that_of_torch():
    from torch.utils.tensorboard.summary import tensor_proto

    given = torch.arange(6.0).reshape(2, 3)
    ours, theirs = tensor("a b", given), tensor_proto("a b", given)
    assert ours.SerializeToString() == theirs.SerializeToString()


def test_special_halves_keep_their_bits():
    halves = np.array([0x0000, 0x8000, 0x3C00, 0xFC00, 0x7C00, 0x7E01, 0x0001, 0xFBFF], np.uint16)
    [value] = tensor("halves", halves.view(np.float16)).value
    assert list(value.tensor.half_val) == halves.tolist()


def test_bfloat16_is_kept_bit_by_bit():
    bits = torch.tensor([0x0000, 0x3F80, 0x4049, 0x7F80, 0x0001, 0x7FC0, 0x7F7F], dtype=torch.int16)
    bits = torch.cat([bits, bits | -0x8000]).reshape(2, 7)
    [value] = tensor("bf", bits.view(torch.bfloat16)).value
    assert value.tensor.dtype == DT_BFLOAT16
    assert shape_of(value) == [2, 7]
    assert list(value.tensor.half_val) == [int(bit) & 0xFFFF for bit in bits.flatten()]


def test_float8_becomes_float32():
    given = torch.tensor([0.5, -448.0, 0.001953125]).to(torch.float8_e4m3fn)
    [value] = tensor("f8", given).value
    assert value.tensor.dtype == DT_FLOAT
    assert list(value.tensor.float_val) == given.float().tolist()


def test_unsigned_integers_that_tensorboard_cannot_read():
    for dtype, field in ((np.uint32, "uint32_val"), (np.uint64, "uint64_val")):
        [value] = tensor("u", np.array([0, np.iinfo(dtype).max], dtype)).value
        assert list(getattr(value.tensor, field)) == [0, np.iinfo(dtype).max]


@pytest.mark.parametrize(
    "given",
    [
        None,
        "text",
        np.array(["a"]),
        np.array([None]),
        np.lib.stride_tricks.as_strided(np.zeros(1, np.int8), (2**28,), (0,)),
        torch.zeros(2, device="meta"),
        np.zeros(2, np.longdouble),
        np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), (2**31,), (0,)),
    ],
)
def test_what_is_no_tensor_is_refused_by_name(given):
    with pytest.raises((TypeError, ValueError), match="'my/tag'"):
        prepare_tensor("my/tag", given)


@pytest.mark.filterwarnings("ignore:ComplexHalf")
def test_complex_halves_which_have_no_type_are_stored_as_complex64():
    given = torch.tensor([1 + 2j, -0.5j], dtype=torch.complex64)
    [value] = prepare_tensor("my/tag", given.to(torch.complex32))().value
    assert list(value.tensor.scomplex_val) == [1, 2, 0, -0.5]


def test_the_array_may_be_changed_before_it_is_encoded():
    for dtype in (torch.float32, torch.bfloat16):
        given = torch.ones(3, dtype=dtype)
        before = tensor("mine", given)
        encode = prepare_tensor("mine", given)
        given.zero_()
        assert encode() == before


def test_tensorboard_serves_scalars_as_tensors(tensorboard, tmp_path, request):
    values = [0.1, float("nan"), -float("inf"), 1e300]
    writer = RecordWriter(str(tmp_path / "events.out.tfevents.1.test"))
    writer.write(Event(file_version="brain.Event:2").SerializeToString())
    for step, value in enumerate(values):
        single = scalar_tensor("a tag", torch.tensor([value], dtype=torch.float64), False, "name", "**text**")
        double = scalar_tensor("double", value, double_precision=True)
        assert (single.value[0].tensor.dtype, double.value[0].tensor.dtype) == (DT_FLOAT, DT_DOUBLE)
        for summary in (single, double):
            writer.write(Event(step=step, wall_time=1.0, summary=summary).SerializeToString())
    writer.close()
    tb = tensorboard(tmp_path)
    tags = served.scalars(tb)["."]
    with np.errstate(over="ignore"):
        expected = np.float32(values).astype(float).tolist()
    np.testing.assert_equal([value for _, value in tags["a_tag"]], expected)
    name, description = served.labels(tb, "scalars")["."]["a_tag"]
    assert name == "name"
    assert "<strong>text</strong>" in description
    if tb.load_fast:  # the data server leaves doubles out, as the docstring says
        assert "double" not in tags
    else:
        np.testing.assert_equal([value for _, value in tags["double"]], values)


@pytest.mark.parametrize("value", [None, "1", [1, 2], 1j])
def test_what_is_no_scalar_is_refused_by_name(value):
    with pytest.raises((TypeError, ValueError), match="'my/tag'"):
        scalar_tensor("my/tag", value)
