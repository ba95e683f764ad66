"""Threads that share a writer: every event once, in order within each thread."""

import random
import threading

import pytest
from judge import scalars

from tensorboardX import FileWriter, SummaryWriter
from tensorboardX.testing import read_events

THREADS, EVENTS = 32, 2000


def in_threads(work):
    """Run `work(number)` in all threads at once; raise what any of them raised."""
    errors = []

    def guarded(number):
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


def check(logdir, tag=lambda number: str(number)):
    found = scalars(logdir)
    assert len(found) == THREADS * EVENTS
    steps = {}
    for scalar in found:
        steps.setdefault(scalar.tag, []).append(scalar.step)
    for number in range(THREADS):
        assert steps[tag(number)] == list(range(EVENTS))


@pytest.mark.parametrize("small_queue", [False, True])
def test_every_event_once_and_in_order_with_flushes_among_them(tmp_path, small_queue):
    options = {"max_queue_bytes": 256 * 50} if small_queue else {}
    with SummaryWriter(tmp_path, **options) as writer:

        def work(number):
            chance = random.Random(number)
            for step in range(EVENTS):
                writer.add_scalar(str(number), 1.0, step)
                if chance.random() < 0.005:
                    writer.flush()

        in_threads(work)
        writer.flush()
        assert writer.stats.written == THREADS * EVENTS
    check(tmp_path)


@pytest.mark.parametrize("layer", [SummaryWriter, FileWriter])  # the latter stays in place through its `close`
def test_every_event_once_and_in_order_with_closes_among_them(tmp_path, layer):
    writer = layer(str(tmp_path))

    def work(number):
        chance = random.Random(number)
        for step in range(EVENTS):
            writer.add_scalar(str(number), 1.0, step)
            if chance.random() < 0.002:
                chance.choice([writer.flush, writer.close])()

    in_threads(work)
    writer.close()
    check(tmp_path)
    assert writer.stats.written == THREADS * EVENTS


def test_sub_runs_made_by_many_threads_at_once(tmp_path):
    with SummaryWriter(tmp_path) as writer:

        def work(number):
            for step in range(50):
                writer.add_scalars("main", {str(step % 10): float(number)}, number * 50 + step)

        in_threads(work)
    found = scalars(tmp_path)
    assert len(set(found)) == len(found) == THREADS * 50
    assert len(list((tmp_path / "main").iterdir())) == 10


def test_callers_that_close_at_once_all_wait_for_the_end(tmp_path):
    for number in range(20):
        writer = FileWriter(str(tmp_path / str(number)))
        for step in range(500):
            writer.add_scalar("a", 1.0, step)
        seen = []

        def close(writer=writer, seen=seen):
            writer.close()
            seen.append(writer.stats.written)

        threads = [threading.Thread(target=close) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert seen == [500] * 4


def test_flush_covers_what_its_thread_logged_while_another_closes(tmp_path):
    writer, stop = SummaryWriter(tmp_path), threading.Event()
    closer = threading.Thread(target=lambda: [writer.close() for _ in iter(stop.is_set, True)])
    closer.start()
    try:
        for step in range(200):
            writer.add_scalar("a", 1.0, step)
            writer.flush()
            assert step in [event.step for event in read_events(tmp_path)]
    finally:
        stop.set()
        closer.join()
    writer.close()
    assert writer.stats.written == 200
