"""Counting what a file keeps, whose store takes large pieces only."""

from __future__ import annotations

from tensorboardX.background.memory import MemoryBudget
from tensorboardX.background.unstored import Unstored
from tensorboardX.records.framing import FRAME_BYTES, frame_batch


def test_events_are_stored_once_their_batch_is_and_the_memory_is_free_again():
    memory = MemoryBudget()
    unstored = Unstored(memory)
    batches = [[b"a"], [b"bb", b"c" * 100], [b"d"]]
    sizes = [len(frame_batch(batch)) for batch in batches]
    assert sizes[0] == 1 + FRAME_BYTES
    for batch in batches:
        unstored.add(batch, len(batch))
    assert (unstored.events, memory.values, memory.unstored) == (4, sum(sizes), sum(sizes))
    assert unstored.settle(sum(sizes)) == 0
    assert unstored.settle(sum(sizes[1:]) + 1) == 0
    assert unstored.settle(sum(sizes[1:])) == 1
    assert unstored.settle(sizes[2] + 1) == 0
    assert unstored.settle(0) == 3
    assert (unstored.events, memory.values, memory.unstored) == (0, 0, 0)


def test_what_comes_before_the_first_batch_is_no_event():
    """The record at the beginning of a file that names its format."""
    unstored = Unstored(MemoryBudget())
    unstored.add([b"a"], 1)
    size = 1 + FRAME_BYTES
    assert unstored.settle(40 + size) == 0
    assert unstored.settle(size) == 0
    assert unstored.settle(0) == 1


def test_what_is_lost_with_a_file_is_counted_and_its_memory_is_free():
    memory = MemoryBudget()
    unstored = Unstored(memory)
    unstored.add([b"a", b"b"], 3)  # one of them was whole in an earlier file
    assert unstored.forget() == 3
    assert (unstored.events, memory.values, memory.unstored) == (0, 0, 0)
    assert unstored.settle(0) == 0
