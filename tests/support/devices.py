"""The CPU taken for an accelerator, and JAX computations that do not end until they are allowed to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tensorboardX.values import accelerators
from tensorboardX.values.torch_copies import TorchNumbers

# Each of these waits for the device, or copies a number to it from memory that is not pinned, which waits as well.
SYNCHRONIZING = {
    *["_local_scalar_dense", "item", "is_nonzero", "nonzero", "bincount", "histc", "masked_select", "equal"],
    *["_unique", "_unique2", "unique_dim", "unique_consecutive", "index", "index_put_", "lift_fresh", "where.Scalar"],
    *["where.ScalarSelf", "where.ScalarOther", "repeat_interleave.Tensor", "allclose", "multinomial", "scalar_tensor"],
}


class Recorder(TorchDispatchMode):
    """Notes the operations by their names, and the devices that `to` names."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: set[str] = set()
        self.devices: set[str] = set()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = str(operation).removeprefix("aten.")
        self.operations |= {name, name.partition(".")[0]}
        if name.startswith("_to_copy") and kwargs.get("device") is not None:
            self.devices.add(str(kwargs["device"]))
        return operation(*args, **kwargs)


def waits(call: Callable[[], object]) -> set[str]:
    """Return the operations of a call that wait for the device."""
    with Recorder() as recorder:
        call()
    return recorder.operations & SYNCHRONIZING


def take_cpu_for_device(patch: pytest.MonkeyPatch) -> None:
    """Let tensors of the CPU be copied like those of an accelerator."""
    patch.setattr(accelerators, "is_accelerator", lambda device: device.type == "cpu")
    patch.setattr(torch.Tensor, "is_cpu", False, raising=False)


class BusyDevice:
    """Holds back the numbers that are copied from now on until `finish`, as a device does that has other work first."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._held: list[tuple[Any, int, np.ndarray]] = []
        begin = TorchNumbers.__init__

        def begin_late(copy: TorchNumbers, numbers: torch.Tensor, stream: object) -> None:
            begin(copy, numbers, stream)
            self._held.append((copy._buffer, len(numbers), copy._buffer.bits[: len(numbers)].copy()))
            copy._buffer.bits[: len(numbers)] = copy._buffer.pattern

        patch.setattr(TorchNumbers, "__init__", begin_late)

    def __len__(self) -> int:
        return len(self._held)

    def finish(self) -> None:
        """Deliver all that was held back."""
        while self._held:
            buffer, size, bits = self._held.pop(0)
            buffer.bits[:size] = bits


class FailedEvent:
    """The event of a device that has failed."""

    def query(self) -> bool:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    def record(self, stream: object) -> None:
        """Nothing, as after an error."""


class SilentEvent:
    """The event of a device that hangs."""

    def query(self) -> bool:
        return False

    def record(self, stream: object) -> None:
        """Nothing."""


def computing(value: float = 3.0) -> tuple[Any, Callable[[], None]]:
    """Return a JAX array of one float32 that is not ready, and a function that lets its computation end.

    A computation that waits for Python is put behind another one: the call of the first would wait for it.
    """
    import jax
    import jax.numpy as jnp

    gate = threading.Event()

    def held(number: np.ndarray) -> np.ndarray:
        gate.wait(30)
        return np.asarray(number)

    @jax.jit
    def slow(matrix: Any) -> Any:
        for _ in range(40):
            matrix = matrix @ matrix / 500
        return matrix[0, 0] * 0 + value

    @jax.jit
    def behind(number: Any) -> Any:
        return jax.pure_callback(held, jax.ShapeDtypeStruct((), jnp.float32), number)

    matrix = jnp.full((500, 500), 1e-3)
    gate.set()
    behind(slow(matrix)).block_until_ready()  # compiled
    for _ in range(5):
        gate.clear()
        array = behind(slow(matrix))
        if not array.is_ready():
            return array, gate.set
        gate.set()
    raise RuntimeError("JAX does not compute in the background here")
