"""Pinned memory for the numbers that torch copies to the host: a device writes to it while the caller goes on."""

from __future__ import annotations

import collections
import os
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from .accelerators import host_memory, keep_for_ever

_MOST_POOLED = 1024  # numbers of one dtype and device, in buffers of one size, that are kept for copies to come
_SLAB = 256  # numbers whose memory is allocated at once: each allocation of pinned memory holds up the device
_MOST_MARKERS = 16

_PATTERNS = {4: np.int32(0x7FC5A5A5), 8: np.int64(0x7FF8A5A5A5A5A5A5)}
"""Bits of a NaN that no computation makes, by the size of the float."""


class Buffer:
    """Pinned memory for a few numbers, and the event that follows their copy.

    Attributes:
        memory: a tensor of float32 or float64.
        event: of the device.
        numbers: the memory as an array.
        bits: the same as integers.
        pattern: what fills `bits` before a copy.
    """

    def __init__(self, memory: Any, event: Any) -> None:
        self.memory = memory
        self.event = event
        self.numbers: npt.NDArray[np.floating[Any]] = memory.numpy()
        self.pattern: Any = _PATTERNS[self.numbers.itemsize]
        self.bits: npt.NDArray[np.signedinteger[Any]] = self.numbers.view(self.pattern.dtype)


class Pool:
    """Buffers of one size, dtype and device. One comes back when its copy is whole, and is then used again.

    One that does not come back, because its value was dropped, is freed by torch when the device has written to it.
    """

    def __init__(self, size: int, dtype: Any, device: Any) -> None:
        self._size, self._dtype, self._device = size, dtype, device
        self._free: collections.deque[Buffer] = collections.deque(maxlen=max(1, _MOST_POOLED // size))
        self._unused: collections.deque[Any] = collections.deque()  # memory without a buffer yet

    def take(self) -> Buffer:
        """Return a buffer that no copy uses."""
        try:
            return self._free.pop()
        except IndexError:
            return self._new()

    def give_back(self, buffer: Buffer) -> None:
        """Take back a buffer, whose copy is whole. The oldest is released where there are too many."""
        self._free.append(buffer)

    def _new(self) -> Buffer:
        with sys.modules["torch"].inference_mode(False):  # else it could be written to in that mode only
            try:
                memory = self._unused.pop()
            except IndexError:
                slab = host_memory((max(1, _SLAB // self._size), self._size), self._dtype, self._device)
                memory, *others = slab.unbind()
                self._unused.extend(others)
        return Buffer(memory, device_module(self._device).Event())


_pools: dict[tuple[int, Any, Any], Pool] = {}
_markers: dict[tuple[Any, Any], Any] = {}


def pool(size: int, dtype: Any, device: Any) -> Pool:
    """Return the pool of buffers for `size` numbers or a few more."""
    key = 1 << (size - 1).bit_length(), dtype, device
    return _pools.get(key) or _pools.setdefault(key, Pool(*key))


def marker(device: Any, stream: Any) -> Any:
    """Return one number on a device, shape (1,), which is made on this stream and used only there."""
    number = _markers.get((device, stream))
    if number is None:
        if len(_markers) >= _MOST_MARKERS:
            _markers.clear()
        torch = sys.modules["torch"]
        number = _markers[device, stream] = torch.zeros(1, dtype=torch.float32, device=device)
    return number


def device_module(device: Any) -> Any:
    """Return `torch.cuda` or `torch.xpu`."""
    return getattr(sys.modules["torch"], device.type)


def _after_fork_in_child() -> None:
    if _pools or _markers:
        keep_for_ever(dict(_pools), dict(_markers))
        _pools.clear()
        _markers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
