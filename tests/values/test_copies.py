"""Copies in recycled memory are copies."""

import mmap
import os

import numpy as np
import pytest

from tensorboardX.values.copies import CopyBuffers

LARGE = 40_000  # float32 elements, more than what is left to the allocator


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.float16, np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("shape", [(0,), (3,), (100, 200, 30), (LARGE * 4,)])
def test_a_copy_is_equal_contiguous_and_shares_nothing(dtype, shape):
    array = (np.arange(np.prod(shape)).reshape(shape) % 7).astype(dtype)
    buffers = CopyBuffers()
    for source in (array, array.T, array[::2]):
        copy = buffers.copy(source)
        assert copy.dtype == source.dtype
        assert copy.shape == source.shape
        assert (copy == source).all()
        assert not np.shares_memory(copy, array)


def test_memory_is_used_again_only_after_the_last_reference_is_gone():
    buffers = CopyBuffers()
    ones = np.ones(LARGE, np.float32)
    first = buffers.copy(ones)
    part = first[10:20]
    second = buffers.copy(ones * 2)
    assert not np.shares_memory(first, second)
    address = first.ctypes.data
    del first, second
    third = buffers.copy(ones * 3)
    assert third.ctypes.data != address, "a part of the first copy is still there"
    assert (part == 1).all()
    del part, third
    fourth = buffers.copy(ones * 4)
    assert fourth.ctypes.data == address


def test_copies_of_many_sizes_never_meet():
    buffers = CopyBuffers()
    random = np.random.default_rng(0)
    held = {}
    for number in range(2_000):
        array = np.full(random.integers(20_000, 2_000_000) // random.choice([1, 40]), number, np.float32)
        held[random.integers(12)] = number, buffers.copy(array)
        assert all((copy == expected).all() for expected, copy in list(held.values())[:: random.integers(1, 4)])


def test_what_is_kept_is_bounded():
    buffers = CopyBuffers()
    kept = [buffers.copy(np.full(1_000_000, number, np.float32)) for number in range(20)]
    assert all((copy == number).all() for number, copy in enumerate(kept))
    assert sum(slab.memory.nbytes for slab in buffers._slabs) <= 32 << 20


@pytest.mark.parametrize("huge_pages", ["unknown to the system", "refused by the kernel"])
def test_huge_pages_are_not_needed(huge_pages, monkeypatch):
    if huge_pages == "unknown to the system":
        monkeypatch.delattr(mmap, "MADV_HUGEPAGE", raising=False)
    else:
        monkeypatch.setattr(mmap, "MADV_HUGEPAGE", 0xBAD, raising=False)
    buffers = CopyBuffers()
    copies = [buffers.copy(np.full(LARGE, number, np.float32)) for number in range(50)]
    assert all((copy == number).all() for number, copy in enumerate(copies))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_can_copy_though_its_parent_was_copying():
    from tensorboardX.values.copies import copy_buffers

    array = np.ones(LARGE, np.float32)
    with copy_buffers._lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if (copy_buffers.copy(array) == 1).all() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_small_copies_that_stay_keep_no_more_than_the_slabs():
    """A run that hangs keeps small copies while another logs large ones."""
    buffers = CopyBuffers()
    small = []
    for number in range(200):
        small.append(buffers.copy(np.full(20_000, number, np.float32)))
        large = buffers.copy(np.full(900_000, number, np.float32))
        assert (large == number).all()
    owners = {id(copy.base): copy.base for copy in small if copy.base is not None}
    assert sum(owner.nbytes for owner in owners.values()) <= 32 << 20
    assert all((copy == number).all() for number, copy in enumerate(small))


def test_a_copy_within_a_copy_gets_memory_of_its_own():
    buffers = CopyBuffers()
    with buffers._lock:  # as in a signal handler, which interrupts it
        inner = buffers.copy(np.ones(LARGE, np.float32))
    assert (inner == 1).all()
