"""Numbers and arrays of an accelerator are those of the host, and the caller never waits for them.

What runs on an accelerator runs here on tensors of the CPU, taken for one.
"""

from __future__ import annotations

import gc
import math
import os
import struct
import weakref

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.devices import SYNCHRONIZING, FailedEvent, Recorder, SilentEvent, waits
from torch._subclasses.fake_tensor import FakeTensorMode

from tensorboardX.errors import DeviceError
from tensorboardX.values import accelerators, pending, pinned, torch_copies
from tensorboardX.values.arrays import to_float, to_numpy
from tensorboardX.values.device_values import copy_array, to_number, to_numbers
from tensorboardX.values.pending import PendingNumber

pytestmark = pytest.mark.usefixtures("cpu_device", "no_failed_device")

FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn]
INTEGERS = [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint64]
SHAPES = st.sampled_from([(), (1,), (1, 1)])


@pytest.fixture
def no_failed_device(monkeypatch):
    monkeypatch.setattr(pending, "_failed", set())


@st.composite
def tensors(draw):
    dtype = draw(st.sampled_from(FLOATS + INTEGERS))
    if dtype in INTEGERS:
        info = None if dtype == torch.bool else torch.iinfo(dtype)
        number = draw(st.booleans() if info is None else st.integers(info.min, info.max))
        return torch.from_numpy(np.array(number, str(dtype).removeprefix("torch."))).reshape(draw(SHAPES))
    return torch.tensor(draw(st.floats()), dtype=torch.float64).to(dtype).reshape(draw(SHAPES))


def bits(number: float) -> bytes:
    return struct.pack("<d", number)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(tensors())
def test_a_number_is_the_one_of_the_host(tensor):
    number = to_number(tensor, "loss")
    assert isinstance(number, PendingNumber)
    assert bits(number.resolve()) == bits(to_float(tensor))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(st.lists(tensors() | st.floats() | st.integers(-100, 100) | st.floats(width=32).map(np.float32), max_size=12))
def test_numbers_together_are_those_of_the_host(values):
    numbers = to_numbers(values, str)
    assert [isinstance(number, PendingNumber) for number in numbers] == [torch.is_tensor(value) for value in values]
    found = [number.resolve() if isinstance(number, PendingNumber) else number for number in numbers]
    assert list(map(bits, found)) == [bits(to_float(value)) for value in values]


def test_numbers_together_take_one_copy(busy_device):
    tensors = [torch.tensor(float(index)) for index in range(100)]
    numbers = to_numbers(tensors, str)
    assert len(busy_device) == 1
    busy_device.finish()
    assert [number.resolve() for number in numbers] == list(range(100))


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, torch.complex64, torch.complex128, torch.complex32], ids=str)
@pytest.mark.parametrize("shape", [(), (7,), (2, 3, 4)], ids=str)
@pytest.mark.filterwarnings("ignore:ComplexHalf")
def test_an_array_is_the_one_of_the_host(dtype, shape):
    tensor = (torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 5).to(dtype)
    copy = copy_array(tensor, "weights")
    expected = to_numpy(tensor)
    assert (copy.layout.dtype, copy.layout.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(copy.resolve(), expected)


def _views() -> dict[str, torch.Tensor]:
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    numbers = torch.complex(base, base)
    return {
        "transposed": base.transpose(0, 2),
        "strided": base[:, :, ::2],
        "expanded": base[0, 0].expand(5, 4),
        "a parameter": torch.nn.Parameter(base),
        "part of a graph": base.clone().requires_grad_() * 2,
        "lazily negated": numbers.conj().imag,
        "lazily conjugated": numbers.conj(),
    }


@pytest.mark.parametrize("view", _views())
def test_any_kind_of_dense_tensor(view):
    tensor = _views()[view]
    np.testing.assert_array_equal(copy_array(tensor).resolve(), to_numpy(tensor))
    if not tensor.is_complex():
        one = tensor[(-1,) * tensor.ndim]
        assert to_number(one).resolve() == float(to_numpy(one))


def test_a_tensor_may_change_after_the_call():
    scalar, several, array = torch.tensor(1.0), [torch.tensor(1.0), torch.tensor(2.0)], torch.ones(3)
    number, numbers, copy = to_number(scalar), to_numbers(several, str), copy_array(array)
    for tensor in (scalar, *several, array):
        tensor.fill_(100)
    assert number.resolve() == 1
    assert [each.resolve() for each in numbers] == [1, 2]
    assert copy.resolve().tolist() == [1, 1, 1]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.int64, torch.bool], ids=str)
def test_the_caller_calls_nothing_that_waits(dtype):
    one = torch.ones((), dtype=dtype, requires_grad=dtype.is_floating_point)
    assert waits(lambda: to_number(one)) == set()
    assert waits(lambda: to_numbers([one, one.reshape(1, 1), one], str)) == set()
    assert waits(lambda: to_numbers([one, torch.ones((), dtype=torch.float64)], str)) == set()
    assert waits(lambda: copy_array(torch.ones((2, 5), dtype=dtype).t())) == set()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.int64, torch.bool], ids=str)
def test_all_the_work_stays_on_the_device(dtype):
    """With tensors that have the device, shape and dtype of CUDA tensors, and no values: to read one is an error."""
    with FakeTensorMode(), Recorder() as recorder:
        tensors = [torch.empty((), dtype=dtype, device="cuda") for _ in range(3)]
        single = torch_copies.flat_numbers(tensors[:1])
        several = torch_copies.flat_numbers([*tensors, torch.empty(1, dtype=torch.float64, device="cuda")])
        plain = torch_copies.plain_tensor(torch.empty((3, 2), dtype=dtype, device="cuda"))
    assert {tensor.device.type for tensor in (single, several, plain)} == {"cuda"}
    assert (single.shape, several.shape, plain.shape) == ((1,), (4,), (3, 2))
    assert single.dtype == (dtype if dtype in (torch.float32, torch.float64) else torch.float64)
    assert recorder.devices == set()
    assert recorder.operations & SYNCHRONIZING == set()


class _Subclass(torch.Tensor):
    pass


@pytest.mark.filterwarnings("ignore::UserWarning")  # of torch, that some kinds of tensors may change
def test_what_is_copied_without_waiting():
    one = torch.ones(1)
    for value in (one, torch.nn.Parameter(one), one.as_subclass(_Subclass)):
        assert isinstance(to_number(value), PendingNumber)
        assert copy_array(value) is not None
    others = [one.numpy(), [1.0], 1.0, torch.ones(0), one.to_sparse(), torch.ones(1, device="meta")]
    others.append(torch.quantize_per_tensor(one, 0.1, 0, torch.qint8))
    others.append(torch.nested.nested_tensor([one]))
    with FakeTensorMode():
        others.append(torch.ones(1))
    assert [copy_array(value) for value in others] == [None] * len(others)


@pytest.mark.parametrize(
    "value",
    [torch.ones(2), torch.ones(0), torch.ones((), dtype=torch.complex64), torch.ones(1, device="meta")],
    ids=str,
)
def test_what_is_no_real_number_is_refused_at_once(value):
    for call in (lambda: to_number(value, "loss"), lambda: to_numbers([1.0, value], ["other", "loss"].__getitem__)):
        with pytest.raises((TypeError, ValueError), match="'loss'"):
            call()


def test_an_array_that_would_take_much_pinned_memory_is_waited_for(monkeypatch):
    monkeypatch.setattr("tensorboardX.values.device_values._MOST_PINNED", 100)
    assert copy_array(torch.ones(25)) is not None
    assert copy_array(torch.ones(26)) is None


def test_where_the_device_cannot_copy_it_is_waited_for(monkeypatch, caplog):
    def fail(*args: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")

    monkeypatch.setattr(torch_copies, "host_memory", fail)
    monkeypatch.setattr(pinned, "host_memory", fail)
    monkeypatch.setattr(pinned, "_pools", {})
    assert to_number(torch.tensor(2.0), "full/device") == 2
    assert to_numbers([torch.tensor(2.0), torch.tensor(3.0)], lambda index: "full/device") == [2, 3]
    assert copy_array(torch.ones(3), "full/device") is None
    assert caplog.text.count("full/device") == 1
    assert "out of memory" in caplog.text


def test_a_value_that_looks_like_one_that_has_not_come_is_asked_for(monkeypatch):
    monkeypatch.setattr(pending, "_ASK_AFTER", 0.01)
    for dtype, pattern in ((torch.float32, np.int32), (torch.float64, np.int64)):
        unusual = np.array([pinned._PATTERNS[np.dtype(pattern).itemsize]], pattern)
        number = to_number(torch.from_numpy(unusual).view(dtype))
        assert math.isnan(number.resolve())


def test_a_device_that_fails_is_asked_once_for_all(monkeypatch, busy_device):
    first, second = to_number(torch.tensor(1.0)), to_number(torch.tensor(2.0))
    for number in (first, second):
        number._copy._buffer.event = FailedEvent()
    monkeypatch.setattr(pending, "_ASK_AFTER", 0.01)
    with pytest.raises(DeviceError, match="illegal memory access"):
        first.resolve()
    monkeypatch.setattr(pending, "_ASK_AFTER", 1e9)
    with pytest.raises(DeviceError, match="illegal memory access"):
        second.resolve()


def test_a_device_that_hangs_is_given_up(monkeypatch, busy_device):
    number = to_number(torch.tensor(1.0))
    number._copy._buffer.event = SilentEvent()
    monkeypatch.setattr(pending, "_ASK_AFTER", 0.01)
    monkeypatch.setattr(pending, "_TIMEOUT", 0.05)
    with pytest.raises(DeviceError, match=r"within 0\.05 seconds"):
        number.resolve()


def test_memory_is_used_again_once_its_copy_is_whole(monkeypatch, busy_device):
    monkeypatch.setattr(pinned, "_pools", {})
    first, second = to_number(torch.tensor(1.0)), to_number(torch.tensor(2.0))
    memory = first._copy._buffer
    assert second._copy._buffer is not memory
    busy_device.finish()
    assert first.resolve() == 1
    third = to_number(torch.tensor(3.0))
    assert third._copy._buffer is memory
    busy_device.finish()
    assert [number.resolve() for number in (first, second, third)] == [1, 2, 3]


def test_memory_of_a_value_that_was_dropped_is_not_used_again(monkeypatch, busy_device):
    monkeypatch.setattr(pinned, "_pools", {})
    dropped = to_number(torch.tensor(1.0))
    memory = dropped._copy._buffer.memory.data_ptr()
    del dropped
    numbers = [to_number(torch.tensor(1.0)) for _ in range(300)]
    assert memory not in {number._copy._buffer.memory.data_ptr() for number in numbers}


def test_no_more_memory_is_kept_than_the_bound(monkeypatch):
    monkeypatch.setattr(pinned, "_pools", {})
    monkeypatch.setattr(pinned, "_MOST_POOLED", 8)
    numbers = [to_number(torch.tensor(1.0)) for _ in range(50)]
    assert [number.resolve() for number in numbers] == [1.0] * 50
    (pool,) = pinned._pools.values()
    assert len(pool._free) == 8


def test_memory_that_was_made_in_inference_mode_serves_outside_of_it(monkeypatch):
    monkeypatch.setattr(pinned, "_pools", {})
    with torch.inference_mode():
        inside = to_number(torch.tensor(1.0))
    assert inside.resolve() == 1
    assert to_number(torch.tensor(2.0, requires_grad=True)).resolve() == 2
    with torch.inference_mode():
        assert to_number(torch.tensor(3.0)).resolve() == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_neither_frees_nor_awaits_what_its_parent_waits_for(busy_device):
    number = to_number(torch.tensor(1.0))
    memory = weakref.ref(number._copy._buffer)
    child = os.fork()
    if child == 0:
        try:
            number.resolve()
        except DeviceError:
            del number
            busy_device._held.clear()
            gc.collect()
            os._exit(0 if memory() is not None else 1)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    busy_device.finish()
    assert number.resolve() == 1


def test_only_accelerators_are_not_waited_for(monkeypatch):
    monkeypatch.undo()
    names = ("cuda:1", "xpu", "mps", "cpu", "meta", "xla")
    assert [name for name in names if accelerators.is_accelerator(torch.device(name))] == ["cuda:1", "xpu"]
    assert to_number(torch.tensor(1.0)) == 1.0
    assert copy_array(torch.ones(3)) is None
