"""JAX arrays that are still being computed are logged without waiting for them, and are not lost when donated."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from support.devices import computing
from support.events import scalars, values

from tensorboardX import SummaryWriter
from tensorboardX.errors import DeviceError
from tensorboardX.values import pending
from tensorboardX.values.arrays import to_numpy
from tensorboardX.values.device_values import copy_array, to_number, to_numbers
from tensorboardX.values.jax_copies import JaxCopy
from tensorboardX.values.pending import PendingNumber

jax = pytest.importorskip("jax")
jnp = jax.numpy


@pytest.fixture
def late(monkeypatch):
    """An array that is not ready, and what lets it become ready."""
    monkeypatch.setattr(pending, "_failed", set())
    array, finish = computing(3.0)
    yield array, finish
    finish()


def donated(array):
    """Give away the memory of an array, as a training step does with the state before it."""
    result = jax.jit(lambda number: number + 1, donate_argnums=0)(array)
    assert array.is_deleted()
    return result


def test_callers_return_before_the_value_is_ready(tmp_path, late):
    array, finish = late
    with SummaryWriter(tmp_path / "run") as writer:
        for step in range(100):  # more than JAX lets computations wait
            writer.add_scalar("loss", array, step)
        writer.add_scalar("loss", 5.0, 100)
        writer.add_scalar("new", array, 0, new_style=True)
        writer.add_scalars("chart", {"a": array, "b": 1.0}, 0)
        writer.add_scalars_at_step({**{f"tag{index}": array for index in range(20)}, "plain": 2.0}, 7)
        writer.add_tensor("weights", jnp.stack([array, array]), 0)
        assert not array.is_ready()
        finish()
        writer.export_scalars_to_json(tmp_path / "scalars.json")
    found = scalars(tmp_path / "run")
    assert [each[1:] for each in found if each[0] == "loss"] == [*((step, 3.0) for step in range(100)), (100, 5.0)]
    assert {each for each in found if each[1] == 7 and each[0] != "loss"} == {
        *((f"tag{index}", 7, 3.0) for index in range(20)),
        ("plain", 7, 2.0),
    }
    tensors = {value.tag: list(value.tensor.float_val) for _, value in values(tmp_path / "run") if value.tensor.dtype}
    assert tensors == {"new": [3.0], "weights": [3.0, 3.0]}
    assert scalars(tmp_path / "run" / "chart" / "a") == [("chart", 0, 3.0)]
    exported = json.loads((tmp_path / "scalars.json").read_text())
    assert [point[2] for points in exported.values() for point in points] == [3.0, 1.0]


def test_a_value_that_is_donated_after_the_call_is_logged(tmp_path, late):
    array, finish = late
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("lr", array, 1)
        writer.add_scalars_at_step({f"tag{index}": array for index in range(10)}, 1)
        writer.add_tensor("tensor", array, 1)
        after = donated(array)
        assert not after.is_ready()
        finish()
    assert float(after) == 4
    assert scalars(tmp_path)[0] == ("lr", 1, 3.0)
    assert len(scalars(tmp_path)) == 11
    assert [list(value.tensor.float_val) for _, value in values(tmp_path) if value.tag == "tensor"] == [[3.0]]


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float8_e4m3fn", "int32", "uint8", "bool"])
def test_numbers_and_arrays_are_those_of_the_host(late, dtype):
    array, finish = late
    single = array.astype(dtype)
    several = jnp.stack([array, array * 2]).astype(dtype)
    number, copy = to_number(single), copy_array(several)
    together = to_numbers([single] * 9, str)
    assert isinstance(number, PendingNumber)
    assert isinstance(copy, JaxCopy)
    finish()
    expected = to_numpy(several)
    assert (copy.layout.dtype, copy.layout.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(copy.resolve(), expected)
    assert {number.resolve(), *(each.resolve() for each in together)} == {float(expected[0])}


def test_what_is_ready_in_the_memory_of_the_host_is_read_at_once():
    ready = jnp.float32(2).block_until_ready()
    assert to_number(ready) == 2.0
    assert type(to_number(ready)) is float
    assert copy_array(ready) is None


def test_nothing_is_promised_about_an_array_that_was_deleted_before():
    array = jnp.float32(2)
    array.delete()
    with pytest.raises(TypeError, match=r"'loss'.*deleted"):
        to_number(array, "loss")


def test_the_wrong_shape_is_refused_at_once(late):
    array, _ = late
    complex_number = jax.lax.complex(array, array)
    finish = late[1]
    finish()
    for value in (jnp.stack([array, array]), complex_number):
        with pytest.raises(ValueError, match="'loss'"):
            to_number(value, "loss")


def test_a_computation_that_fails_loses_its_event_only(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(pending, "_failed", set())
    array, finish = computing()

    def fail(number):
        raise ValueError("planted")

    failed = jax.jit(lambda number: jax.pure_callback(fail, jax.ShapeDtypeStruct((), jnp.float32), number))(array)
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("jax/failed", failed, 1)
        writer.add_scalar("loss", array, 1)
        finish()
        writer.flush()
        assert writer.stats.dropped_by_reason == {"device error": 1}
    assert scalars(tmp_path) == [("loss", 1, 3.0)]
    assert "'jax/failed'" in caplog.text


def test_a_computation_that_does_not_end_is_given_up(monkeypatch, late):
    monkeypatch.setattr(pending, "_ASK_AFTER", 0.01)
    monkeypatch.setattr(pending, "_TIMEOUT", 0.05)
    with pytest.raises(DeviceError, match=r"JAX on cpu did not answer within 0\.05 seconds"):
        to_number(late[0]).resolve()


def test_nan_of_a_computation(late):
    array, finish = late
    number = to_number(array * math.nan)
    finish()
    assert math.isnan(number.resolve())


def test_a_call_while_jax_traces_a_function_adds_nothing_to_it(tmp_path, late):
    array, finish = late
    finish()
    with SummaryWriter(tmp_path) as writer:

        @jax.jit
        def step(number):
            writer.add_scalar("traced", array, 1)
            return number + 1

        assert step(1.0) == 2.0
    assert scalars(tmp_path) == [("traced", 1, 3.0)]
