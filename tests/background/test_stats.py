"""What was dropped is counted by reason and by kind."""

import errno
import threading

import numpy as np
import pytest

from tensorboardX import SummaryWriter
from tensorboardX.background import progress
from tensorboardX.background.options import Stats
from tensorboardX.record_writer import register_writer_factory
from tensorboardX.testing import FaultyStore, block, fail


@pytest.fixture
def store(monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.3)
    store = FaultyStore()
    register_writer_factory("counted", store)
    return store


def log_everything(writer):
    """Log one event of each kind; return the kinds."""
    picture = np.zeros((3, 8, 8), np.uint8)
    writer.add_scalar("scalar", 1.0, 1)
    writer.add_scalar("named", 1.0, 1, display_name="Name")
    writer.add_scalars_at_step({"a": 1.0, "b": 2.0}, 1)
    writer.add_image("image", picture, 1)
    writer.add_video("video", np.zeros((1, 2, 3, 8, 8), np.uint8), 1)
    writer.add_audio("audio", np.zeros(100, np.float32), 1)
    writer.add_histogram("histogram", [1.0, 2.0], 1)
    writer.add_text("text", "text", 1)
    writer.add_tensor("tensor", [1.0], 1)
    writer.add_pr_curve("curve", [0, 1], [0.1, 0.9], 1)
    writer.add_mesh("mesh", np.zeros((1, 3, 3), np.float32), global_step=1)
    writer.add_custom_scalars_multilinechart(["a"])
    writer.file_writer.add_summary(b"", 1)
    single = ("image", "video", "audio", "histogram", "text", "tensor", "pr_curve", "mesh", "custom_scalars", "event")
    return {"scalar": 3, **dict.fromkeys(single, 1)}


@pytest.mark.parametrize("is_tried", [False, True])
def test_closed_while_failing(store, is_tried):
    """Dropped as they were logged, or as what they were encoded to."""
    writer = SummaryWriter("counted:run")
    store.always = fail(errno.EIO)
    if not is_tried:
        writer.file_writer.queue._draining.acquire()
    kinds = log_everything(writer)
    if not is_tried:
        writer.file_writer.queue._draining.release()
    writer.close()
    stats = writer.stats
    assert stats.dropped_by_kind == kinds
    assert stats.dropped_by_reason == {"closed while failing": sum(kinds.values())}
    assert stats.dropped == sum(kinds.values())


def test_no_room(store):
    writer = SummaryWriter("counted:run", on_full="drop", max_queue_bytes=256 * 100)
    dead = threading.Event()
    store.always = block(dead)
    for step in range(1000):
        writer.add_scalar("a", 1.0, step)
    dead.set()
    writer.close()
    stats = writer.stats
    assert stats.dropped_by_reason == {"no room": stats.dropped}
    assert stats.dropped_by_kind == {"scalar": stats.dropped}
    assert stats.written + stats.dropped == 1000


def test_each_point_of_a_series_is_counted(store):
    writer = SummaryWriter("counted:run")
    store.always = fail(errno.EIO)
    writer.add_scalar_series("a", np.arange(20_000.0))
    writer.close()
    assert writer.stats.dropped_by_kind == {"scalar": 20_000}


def test_stats_add_up_over_sub_runs():
    one, other = Stats(written=1), Stats(written=2, errors=1)
    one.drop("no room", ["scalar", "image"])
    other.drop("no room", ["scalar"])
    assert other.drop("ended", []) == 0
    total = one + other
    assert (total.written, total.dropped, total.errors) == (3, 3, 1)
    assert total.dropped_by_reason == {"no room": 3}
    assert total.dropped_by_kind == {"scalar": 2, "image": 1}
