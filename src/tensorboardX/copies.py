"""Copies of large arrays in recycled memory.

Memory that comes fresh from the operating system costs several times what the copying does: each of its pages is
cleared and mapped at the first touch. A training loop logs arrays of the same few sizes again and again, so the
memory of copies that have been written is used for the next ones.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_SMALL = 64 << 10  # what the allocator of the process recycles well enough itself
_MOST_BYTES = 32 << 20  # of memory kept for copies to come


class CopyBuffers:
    """Blocks of memory, each used by one copy at a time: until the last reference to that copy is gone."""

    def __init__(self) -> None:
        self.forget_all()

    def forget_all(self) -> None:
        """In a fork's child: the lock may have been held, and the copies are the parent's."""
        self._blocks: list[npt.NDArray[np.uint8]] = []
        self._lock = threading.Lock()

    def copy(self, array: Array) -> Array:
        """Return a copy of `array`, of any shape and dtype, in row-major order."""
        if not _SMALL < array.nbytes <= _MOST_BYTES or not _COUNTS_REFERENCES:
            return np.array(array)
        with self._lock:
            copy: Array = self._block(array.nbytes)[: array.nbytes].view(array.dtype).reshape(array.shape)
        np.copyto(copy, array)
        return copy

    def _block(self, nbytes: int) -> npt.NDArray[np.uint8]:
        for index in range(len(self._blocks)):
            if nbytes <= self._blocks[index].nbytes <= 2 * nbytes and _references(self._blocks, index) == _UNUSED:
                self._blocks.append(self._blocks.pop(index))  # the last used comes last
                return self._blocks[-1]
        fresh = np.empty(nbytes, np.uint8)
        self._blocks.append(fresh)
        while sum(block.nbytes for block in self._blocks) > _MOST_BYTES:
            del self._blocks[0]  # if a copy uses it, it lives as long as that
        return fresh


def _references(blocks: list[npt.NDArray[np.uint8]], index: int) -> int:
    return sys.getrefcount(blocks[index])


_UNUSED = _references([np.empty(1, np.uint8)], 0)  # what is counted of a block that only the list holds
_COUNTS_REFERENCES = getattr(sys, "_is_gil_enabled", lambda: True)() and sys.implementation.name == "cpython"

copy_buffers = CopyBuffers()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=copy_buffers.forget_all)
