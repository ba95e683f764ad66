"""Copies of large arrays in recycled memory.

Memory that comes fresh from the operating system costs several times what the copying does: each of its pages is
cleared and mapped at the first touch. A training loop logs arrays of the same few sizes again and again, so the
memory of copies that have been written is used for the next ones.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import sys
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_SMALL = 64 << 10  # the allocator of the process recycles smaller blocks well itself
_SLAB = 4 << 20
_MOST_BYTES = 32 << 20  # of memory kept for copies to come
_ALIGNMENT = 64
_HUGE_PAGE = 2 << 20  # one costs less to clear and to map than the 512 pages it replaces
_QUICK = 1 << 20  # copied within 100 us; NumPy would release the interpreter lock, and getting it back may take longer


class _Slab:
    """Memory for several copies, one after the other. It is free again when no copy is referenced any more."""

    def __init__(self, nbytes: int) -> None:
        self.memory = _fresh_memory(nbytes)
        self._used = 0

    def has(self, nbytes: int) -> bool:
        """Return whether there is room for `nbytes`, and the slab is not much larger than that."""
        if self.is_unused():
            self._used = 0
        return self._used + nbytes <= self.memory.nbytes <= max(_SLAB, 2 * nbytes)

    def is_unused(self) -> bool:
        """Return whether no copy lies here any more."""
        return _references(self) == _UNUSED

    def take(self, nbytes: int) -> npt.NDArray[np.uint8]:
        """Return `nbytes` of memory, which `has` said to be there."""
        start, end = self._used, self._used + nbytes
        self._used = -(-end // _ALIGNMENT) * _ALIGNMENT
        return self.memory[start:end]


def _fresh_memory(nbytes: int) -> npt.NDArray[np.uint8]:
    """Return at least `nbytes` from the system, in huge pages where they can be had.

    A mapping of its own is aligned to them; half of what the allocator returns would lie in small pages.
    """
    with contextlib.suppress(AttributeError, OSError):  # not Linux, or not in its kernel
        mapping = mmap.mmap(-1, -(-nbytes // _HUGE_PAGE) * _HUGE_PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        mapping.madvise(mmap.MADV_HUGEPAGE)
        return np.frombuffer(mapping, np.uint8)
    return np.empty(nbytes, np.uint8)


def _references(slab: _Slab) -> int:
    return sys.getrefcount(slab.memory)


_UNUSED = _references(_Slab(1))  # what is counted of memory without copies
_COUNTS_REFERENCES = getattr(sys, "_is_gil_enabled", lambda: True)() and sys.implementation.name == "cpython"


class CopyBuffers:
    """Copies arrays into slabs, of which those used last are kept for copies to come."""

    def __init__(self) -> None:
        self.forget_all()

    def forget_all(self) -> None:
        """In a fork's child: the lock may have been held, and the copies belong to the parent."""
        self._slabs: list[_Slab] = []
        self._lock = threading.Lock()

    def copy(self, array: Array) -> Array:
        """Return a copy of `array`, of any shape and dtype, in row-major order."""
        if not _SMALL < array.nbytes <= _MOST_BYTES or not _COUNTS_REFERENCES:
            return np.array(array)
        memory = self._recycled(array.nbytes)
        if memory is None:
            return np.array(array)
        copy: Array = memory.view(array.dtype).reshape(array.shape)
        if array.flags.c_contiguous and array.nbytes <= _QUICK:
            memory.data[:] = array.reshape(-1).view(np.uint8).data
        else:
            np.copyto(copy, array)
        return copy

    def _recycled(self, nbytes: int) -> npt.NDArray[np.uint8] | None:
        """Return memory of a slab, or None where none can be had now."""
        if not self._lock.acquire(blocking=False):  # in a signal handler or finalizer, whose thread holds the lock
            return None
        try:
            slab = self._slab_for(nbytes)
            if slab is None and nbytes > _SLAB // 2:
                slab = _Slab(nbytes)  # for this copy only, not kept
            return None if slab is None else slab.take(nbytes)
        except MemoryError:  # there may be enough for the copy itself
            return None
        finally:
            self._lock.release()

    def _slab_for(self, nbytes: int) -> _Slab | None:
        for index, slab in enumerate(self._slabs):
            if slab.has(nbytes):
                self._slabs.insert(0, self._slabs.pop(index))  # the last used comes first
                return slab
        wanted = max(nbytes, _SLAB)
        for slab in reversed(self._slabs):  # those in use are kept: a small copy keeps its whole slab alive
            if self._kept_bytes() + wanted <= _MOST_BYTES:
                break
            if slab.is_unused():
                self._slabs.remove(slab)
        if self._kept_bytes() + wanted > _MOST_BYTES:
            return None
        fresh = _Slab(wanted)
        self._slabs.insert(0, fresh)
        return fresh

    def _kept_bytes(self) -> int:
        return sum(slab.memory.nbytes for slab in self._slabs)


copy_buffers = CopyBuffers()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=copy_buffers.forget_all)
