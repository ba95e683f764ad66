"""Counting the events in the buffer of a file whose store takes large objects only."""

from __future__ import annotations

from tensorboardX.background.buffered import BufferedEvents
from tensorboardX.background.memory import MemoryBudget
from tensorboardX.records.framing import FRAME_BYTES, frame_batch


def test_events_are_stored_once_their_batch_is_and_the_memory_is_free_again():
    memory = MemoryBudget()
    buffered = BufferedEvents(memory)
    batches = [[b"a"], [b"bb", b"c" * 100], [b"d"]]
    sizes = [len(frame_batch(batch)) for batch in batches]
    assert sizes[0] == 1 + FRAME_BYTES
    for batch in batches:
        buffered.add(batch, len(batch))
    assert (buffered.events, memory.values, memory.buffered) == (4, sum(sizes), sum(sizes))
    assert buffered.remove_stored(sum(sizes)) == 0
    assert buffered.remove_stored(sum(sizes[1:]) + 1) == 0
    assert buffered.remove_stored(sum(sizes[1:])) == 1
    assert buffered.remove_stored(sizes[2] + 1) == 0
    assert buffered.remove_stored(0) == 3
    assert (buffered.events, memory.values, memory.buffered) == (0, 0, 0)


def test_what_comes_before_the_first_batch_is_no_event():
    """The record at the beginning of a file that names its format."""
    buffered = BufferedEvents(MemoryBudget())
    buffered.add([b"a"], 1)
    size = 1 + FRAME_BYTES
    assert buffered.remove_stored(40 + size) == 0
    assert buffered.remove_stored(size) == 0
    assert buffered.remove_stored(0) == 1


def test_what_is_lost_with_a_file_is_counted_and_its_memory_is_free():
    memory = MemoryBudget()
    buffered = BufferedEvents(memory)
    buffered.add([b"a", b"b"], 3)  # one of them was whole in an earlier file
    assert buffered.discard() == 3
    assert (buffered.events, memory.values, memory.buffered) == (0, 0, 0)
    assert buffered.remove_stored(0) == 0
