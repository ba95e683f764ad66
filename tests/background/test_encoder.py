"""What waits in a queue becomes a batch: in order, each once, whatever comes and fails meanwhile."""

import collections
import errno
import itertools

import pytest

from tensorboardX.background import progress
from tensorboardX.background.encoder import BatchEncoder
from tensorboardX.background.options import Stats
from tensorboardX.background.pending import PendingEvents, PendingFiles, Ticket
from tensorboardX.proto.event_pb2 import Event


class Queue:
    """A deque, and the encoder of what is in it."""

    def __init__(self, entries):
        self.entries = entries
        self.stats = Stats()
        self.freed = []
        self.warnings = []
        self.encoder = BatchEncoder(entries, lambda pending: False, self.freed.append, self.stats, self._warn)

    def _warn(self, about, message, *values, exc_info=False):
        self.warnings.append(message % values)

    def fill(self, most=100):
        """Return the steps of the batch, how many entries were taken, and the ticket at which it ends."""
        batch = []
        taken, ticket = self.encoder.fill(batch, most)
        return [Event.FromString(data).step for data in batch], taken, ticket


def scalar(step):
    return "a", 0.5, step, 1.0


def serialized(step):
    return Event(step=step).SerializeToString()


def test_entries_keep_their_order_up_to_a_ticket_or_the_most():
    ticket = Ticket()
    held = PendingEvents(lambda: [serialized(3), serialized(4)], 100)
    queue = Queue(collections.deque([scalar(0), scalar(1), serialized(2), held, scalar(5), ticket, scalar(6)]))
    assert queue.fill(2) == ([0, 1], 2, None)
    assert queue.fill() == ([2, 3, 4, 5], 4, ticket)
    assert queue.fill() == ([6], 1, None)
    assert queue.freed == [serialized(2), held]


def test_a_scalar_that_comes_between_two_looks_at_an_empty_queue_is_taken():
    class Late(collections.deque):
        looks = itertools.count()

        def popleft(self):
            if next(self.looks) == 0:
                self.append(scalar(7))
                raise IndexError
            return super().popleft()

    assert Queue(Late()).fill() == ([7], 1, None)


def test_what_cannot_be_encoded_costs_none_of_its_neighbours():
    def broken():
        raise RuntimeError("broken")

    entries = [scalar(0), ("a", "no number", 1, 1.0), scalar(2), PendingEvents(broken, 1), scalar(4)]
    queue = Queue(collections.deque(entries))
    assert queue.fill() == ([0, 2, 4], 5, None)
    assert queue.stats.failed == 2
    assert queue.warnings == ["an event could not be encoded and is left out"] * 2


def test_files_are_tried_again_until_patience_is_over(monkeypatch):
    attempts = []

    def write():
        attempts.append(None)
        raise OSError(errno.EIO, "broken")

    files = PendingFiles(write, 10)
    queue = Queue(collections.deque([scalar(0), files, scalar(2)]))
    for _ in range(3):
        with pytest.raises(OSError, match="broken"):
            queue.encoder.fill([], 100)
        assert queue.entries[0] is files
    assert (len(attempts), queue.freed, queue.stats.dropped) == (3, [], 0)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    assert queue.fill() == ([2], 2, None)
    assert (len(attempts), queue.freed, queue.stats.dropped) == (4, [files], 1)
    assert queue.warnings == ["files beside it could not be written and are left out: [Errno 5] broken"]
