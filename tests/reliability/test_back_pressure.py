"""A store a thousand times too slow: memory stays bounded, and nobody waits without end."""

import pytest
from judge import steps
from processes import DEAD_STORE, PRELUDE, run

# Event files take 100 MB/s of a local disk with ease.
SLOW = """
import atexit, sys
atexit.register(lambda: store.save(sys.argv[1]))
"""


@pytest.mark.parametrize("on_full", ["block", "drop"])
def test_memory_is_bounded_and_flush_close_and_exit_come_to_an_end(tmp_path, on_full):
    script = f"""
        from resource import getrusage, RUSAGE_SELF
        import numpy as np
        writer = SummaryWriter("faulty:run", on_full="{on_full}", max_queue_bytes=4 << 20)
        picture = np.random.default_rng(0).integers(0, 255, (3, 64, 64), dtype=np.uint8)
        writer.add_image("warm", picture, 0)
        writer.flush()
        store.always = slow(bytes_per_second=100_000)
        before, logged = getrusage(RUSAGE_SELF).ru_maxrss, 1
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            writer.add_scalar("a", 1.0, logged)
            logged += 1
            if logged % 1000 == 0 and logged < 100_000:
                writer.add_image("image", picture, logged)
                logged += 1
        grown = getrusage(RUSAGE_SELF).ru_maxrss - before
        store.always = slow(bytes_per_second=20_000_000)
        writer.flush()
        stats = writer.stats
        assert stats.written + stats.dropped == logged, (stats, logged)
        assert stats.failed == stats.errors == 0
        writer.add_scalar("b", 1.0, 1)
        writer.close()
        writer.add_scalar("c", 1.0, 1)
        print(grown, logged, stats.dropped)
    """
    done = run(tmp_path, script, tmp_path, prelude=SLOW + PRELUDE + DEAD_STORE, timeout=90)
    assert done.returncode == 0, done.stderr
    grown, logged, dropped = map(int, done.stdout.split())
    assert grown < 24 << 10  # KiB: 4 MiB of queue, the batch in flight and what Python's allocator keeps
    assert (dropped > 0) == (on_full == "drop")
    found = steps(tmp_path / "run")
    assert found == sorted(set(found))
    assert len(found) <= logged - dropped
    assert steps(tmp_path / "run", "b") == steps(tmp_path / "run", "c") == [1]


def test_other_queues_of_a_run_are_not_starved_by_one_that_is_always_full(tmp_path):
    script = """
        writer = SummaryWriter("faulty:run", max_queue_bytes=1 << 20)
        writer.add_scalars("sub", {"x": 0.0}, 0)
        store.always = slow(bytes_per_second=2_000_000)
        def log():
            for step in range(10**9): writer.add_scalar("a", 1.0, step)
        for _ in range(2): threading.Thread(target=log, daemon=True).start()
        time.sleep(0.5)
        for step in range(1, 6):
            writer.add_scalars("sub", {"x": 0.0}, step)
            assert writer.all_writers["faulty:run/sub/x"].event_writer.queue.flush()
        store.save(sys.argv[1])
        os._exit(0)
    """
    done = run(tmp_path, script, tmp_path, prelude=PRELUDE + DEAD_STORE)
    assert done.returncode == 0, done.stderr
    assert steps(tmp_path / "run" / "sub", "sub") == list(range(6))
