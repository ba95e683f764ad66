"""What waits in a queue becomes a batch: in order, each once, whatever comes and fails meanwhile."""

import collections
import itertools
import threading

import pytest

from tensorboardX.background.encoder import BatchEncoder
from tensorboardX.background.encoding_thread import EncodingThread
from tensorboardX.background.entries import (
    QUICK_BYTES,
    Barrier,
    PendingScalars,
    PendingScalarSummary,
    PendingSummary,
)
from tensorboardX.background.in_flight import InFlight
from tensorboardX.background.memory import MemoryBudget
from tensorboardX.background.options import Stats
from tensorboardX.background.progress import Progress
from tensorboardX.background.signal import AutoResetEvent
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary


class Queue:
    """A deque, and the encoder of what is in it."""

    def __init__(self, entries):
        self.entries = entries
        self.stats = Stats()
        self.freed = []
        self.warnings = []
        self.lost = []
        self.memory = MemoryBudget()
        self.encoded = AutoResetEvent()
        self.in_flight = InFlight(EncodingThread(Progress(), self.memory, self.encoded))
        report = (self.freed.append, self.stats, self._warn, self._lose)
        self.encoder = BatchEncoder(entries, self.in_flight, lambda pending: False, *report)

    def _warn(self, about, message, *values, exc_info=False):
        self.warnings.append(message % values)

    def _lose(self, value, error):
        self.lost.append((value.tags, str(error)))

    def fill(self, most=100):
        """Return the steps of the batch, and how many entries were taken."""
        batch = []
        taken = self.encoder.fill(batch, most)
        return [Event.FromString(data).step for data in batch], taken

    def complete(self):
        """Return the steps of the values whose turn it is, and the barriers."""
        done = []
        while (entry := self.in_flight.first_done()) is not None:
            self.in_flight.remove_first()
            if isinstance(entry, Barrier):
                done.append(entry)
            else:
                batch = []
                self.encoder.take_encoded(batch, entry)
                done += [Event.FromString(data).step for data in batch]
        return done

    def complete_all(self):
        done = self.complete()
        while self.in_flight:
            assert self.encoded.wait(5)
            done += self.complete()
        return done


def scalar(step):
    return "a", 0.5, step, 1.0


def serialized(step):
    return Event(step=step).SerializeToString()


def value(step, nbytes=100, until=None, kind=PendingSummary, tag="value"):
    def encode():
        if until is not None:
            assert until.wait(10)
        return Summary()

    return kind(tag, encode, step, 1.0, nbytes)


def test_entries_keep_their_order_up_to_a_barrier_or_the_most():
    barrier = Barrier(close=True)
    held = PendingScalars((), lambda: [serialized(3), serialized(4)], 100)
    entries = [scalar(0), scalar(1), serialized(2), held, value(5), scalar(6), barrier, scalar(7)]
    queue = Queue(collections.deque(entries))
    assert queue.fill(2) == ([0, 1], 2)
    assert queue.fill() == ([2, 3, 4, 5, 6], 5)
    assert queue.fill() == ([], 0)  # the rest belongs to the next file
    assert queue.complete() == [barrier]
    assert queue.fill() == ([7], 1)
    assert queue.freed == [serialized(2), held, entries[4]]


def test_scalars_pass_a_value_that_is_slow_to_encode_and_nothing_else_does():
    encoding = threading.Event()
    flush, close = Barrier(), Barrier(close=True)
    slow = value(1, QUICK_BYTES + 1, until=encoding)
    named = value(4, kind=PendingScalarSummary, tag="b")
    entries = [slow, scalar(2), value(3), named, serialized(5), flush, scalar(6), close, scalar(7)]
    queue = Queue(collections.deque(entries))
    assert queue.fill() == ([2, 4, 5, 6], 8)
    assert queue.complete() == []
    encoding.set()
    assert queue.complete_all() == [1, 3, flush, close]
    assert queue.fill() == ([7], 1)


def test_nothing_passes_what_has_the_same_tag():
    encoding = threading.Event()
    summary = Summary(value=[Summary.Value(tag="a_b")])
    others = [("a_b", 0.5, 2, 1.0), Event(step=3, summary=summary).SerializeToString(), value(4, tag="c")]
    later = [("c", 0.5, 5, 1.0), ("/a b", 0.5, 6, 1.0), PendingScalars(("d", "a b"), lambda: [serialized(7)], 1)]
    last = [("d", 0.5, 8, 1.0), scalar(9)]
    slow = value(1, QUICK_BYTES + 1, until=encoding, tag="a b")
    queue = Queue(collections.deque([slow, *others, *later, *last]))
    assert queue.fill() == ([9], 9)
    encoding.set()
    assert queue.complete_all() == [1, 2, 3, 4, 5, 6, 7, 8]
    queue.entries.append(("a_b", 0.5, 10, 1.0))
    assert queue.fill() == ([10], 1)


def test_memory_of_a_value_is_free_once_it_is_encoded():
    queue = Queue(collections.deque([value(1, 1 << 20)]))
    queue.memory.take(1 << 20)
    assert queue.fill() == ([], 1)
    assert queue.complete_all() == [1]
    assert queue.memory.values == queue.freed[0].nbytes < 100


@pytest.mark.parametrize("is_done", [False, True])
def test_memory_of_a_cancelled_value_is_released(is_done):
    encoding = threading.Event()
    queue = Queue(collections.deque([value(1, 1 << 20, until=encoding)]))
    queue.memory.take(1 << 20)
    queue.fill()
    if is_done:
        encoding.set()
        assert queue.encoded.wait(5)
    assert len(queue.in_flight.drop_values()) == 1
    encoding.set()
    while queue.memory.values:
        assert queue.encoded.wait(5)
    assert not queue.in_flight


def test_a_scalar_that_comes_between_two_looks_at_an_empty_queue_is_taken():
    class Late(collections.deque):
        looks = itertools.count()

        def __getitem__(self, index):
            if next(self.looks) == 0:
                self.append(scalar(7))
                raise IndexError
            return super().__getitem__(index)

    assert Queue(Late()).fill() == ([7], 1)


def broken():
    raise RuntimeError("broken")


def exiting():
    raise SystemExit


def test_what_cannot_be_encoded_costs_none_of_its_neighbours():
    slow = PendingSummary("b", broken, 5, 1.0, QUICK_BYTES + 1)
    slower = PendingSummary("b", exiting, 5, 1.0, QUICK_BYTES + 1)
    entries = [scalar(0), ("a", "no number", 1, 1.0), scalar(2), PendingScalars((), broken, 1), scalar(4), slow, slower]
    queue = Queue(collections.deque([*entries, value(6)]))
    assert queue.fill() == ([0, 2, 4], 8)
    assert queue.complete_all() == [6]
    assert queue.stats.failed == 4
    assert queue.warnings == ["an event could not be encoded and is left out"] * 4
