"""Copies of JAX arrays that are still being computed.

An array does not change, but it may be deleted: a function of `jax.jit` that was given it by `donate_argnums` takes
its memory, and reading it is an error from then on. The next step of a training loop does that to the state which
`add_scalar` was just given the learning rate of. So a copy is queued at the call. It is made by `device_put`, which
does not count among the computations that are queued on a device: JAX makes the caller wait beyond 32 of those.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from .arrays import Array, to_numpy
from .pending import PendingCopy


def is_computing(value: Any) -> bool:
    """Whether `value` is a JAX array that cannot be read at once: it is not ready, or not in the host's memory.

    False for arrays that were deleted, and for those of which this process has only a part: reading them raises the
    error that says so.
    """
    kind = type(value)
    if kind.__name__ != "ArrayImpl" or kind.__module__.partition(".")[0] not in ("jaxlib", "jax"):
        return False
    if value.is_deleted() or not (value.is_fully_replicated or value.is_fully_addressable):
        return False
    return not value.is_ready() or platform(value) != "cpu"


def platform(array: Any) -> str:
    """Return the kind of the devices that hold an array: "cpu", "gpu", "tpu"."""
    return str(next(iter(array.devices())).platform)


class JaxCopy(PendingCopy):
    """The copy of an array.

    Args:
        copy: an array that belongs to this object alone.
    """

    def __init__(self, copy: Any) -> None:
        kind = platform(copy)
        super().__init__(f"JAX on {kind}", copy.nbytes)
        if kind != "cpu":
            copy.copy_to_host_async()
        self._copy = copy
        self.layout: Array = np.broadcast_to(to_numpy(np.zeros((), copy.dtype)), copy.shape)

    def _has_arrived(self) -> bool:
        return bool(self._copy.is_ready())

    def _is_complete(self) -> bool:
        return self._has_arrived()

    def _take(self) -> Array:
        return to_numpy(sys.modules["jax"].device_get(self._copy))

    def _release(self) -> None:
        """Nothing: `is_done` asks the copy, and the array may be its memory."""

    def _held(self) -> object:
        return self._copy


def copy_array(array: Any) -> JaxCopy:
    """Queue the copy of an array that `is_computing`. Raises what JAX raises if it cannot."""
    return JaxCopy(_of_same_type(sys.modules["jax"].device_put(_local(array), may_alias=False), array))


def copy_numbers(arrays: Sequence[Any]) -> JaxCopy:
    """Queue one copy of several arrays of one number each, of one dtype and device, as an array of shape (N,)."""
    return JaxCopy(_of_same_type(_stack()(*map(_local, arrays)), arrays[0]))


def group(array: Any) -> object:
    """Return what arrays that `copy_numbers` takes together have in common, None where it takes none."""
    devices = _local(array).devices()
    return (array.dtype, next(iter(devices))) if len(devices) == 1 else None


def _local(array: Any) -> Any:
    """Return the part of an array that this process has, where that is all of it: copying it concerns no other one."""
    return array.addressable_data(0) if array.is_fully_replicated else array


def _of_same_type(copy: Any, array: Any) -> Any:
    if type(copy) is not type(array) or copy.dtype != array.dtype:  # while JAX traces a function
        raise TypeError("the copy is no array of values")
    return copy


@functools.cache
def _stack() -> Any:
    jax = sys.modules["jax"]
    return jax.jit(lambda *numbers: jax.numpy.stack([number.reshape(()) for number in numbers]))
