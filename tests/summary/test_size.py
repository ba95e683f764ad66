"""What takes 2 GiB is refused at the call, by an error that names the tag; protobuf could not store it behind the call.

The arrays repeat one element: none of them takes the memory that it seems to.
"""

import numpy as np
import pytest

from tensorboardX import FileWriter, SummaryWriter, proto
from tensorboardX.summary import size
from tensorboardX.testing import read_events

GIB = 2**30


def repeated(*shape, dtype=np.uint8):
    return np.broadcast_to(np.zeros((), dtype), shape)


TOO_LARGE = {
    "tensor": lambda w: w.add_tensor("big", repeated(2 * GIB, dtype=np.bool_)),
    "tensor of doubles": lambda w: w.add_tensor("big", repeated(GIB // 4, dtype=np.float64)),
    "tensor of integers": lambda w: w.add_tensor("big", repeated(GIB // 4, dtype=np.int64)),
    "image": lambda w: w.add_image("big", repeated(3, 30_000, 30_000)),
    "grey image, which becomes RGB": lambda w: w.add_image("big", repeated(30_000, 30_000), dataformats="HW"),
    "images": lambda w: w.add_images("big", repeated(9, 3, 7_000, 7_000)),
    "image of doubles": lambda w: w.add_image("big", repeated(3, 30_000, 30_000, dtype=np.float64)),
    "image with boxes": lambda w: w.add_image_with_boxes("big", repeated(4, 30_000, 30_000), [[0, 0, 1, 1]]),
    "video of many pixels": lambda w: w.add_video("big", repeated(1, 2**20, 1, 64, 64)),
    "video of many frames": lambda w: w.add_video("big", repeated(1, 2**21, 1, 1, 1)),
    "sound": lambda w: w.add_audio("big", repeated(GIB - 100, dtype=np.int16)),
    "mesh": lambda w: w.add_mesh("big", repeated(1, 2**28, 3, dtype=np.float32)),
    "histogram": lambda w: w.add_histogram("big", [1.0], bins=repeated(2**27, dtype=np.float32)),
    "raw histogram": lambda w: w.add_histogram_raw("big", *[0.0] * 5, *[repeated(2**27, dtype=np.int8)] * 2),
    "raw curve": lambda w: w.add_pr_curve_raw("big", *[repeated(2**27, dtype=np.int8)] * 6),
}


@pytest.mark.parametrize("kind", TOO_LARGE)
def test_arrays_that_no_event_can_hold(tmp_path, kind):
    writer = SummaryWriter(tmp_path)
    with pytest.raises(ValueError, match=r"tag 'big(_1)?': got .*; accepted is"):
        TOO_LARGE[kind](writer)
    writer.close()
    assert read_events(tmp_path) == []
    assert writer.stats.failed == 0


LIMIT = 10_000
LONG = "ä" * (LIMIT // 2)
TEXTS = {
    "text": lambda w: w.add_text("big", LONG + "x"),
    "display name": lambda w: w.add_scalar("big", 1.0, display_name=LONG, summary_description="x"),
    "description": lambda w: w.add_scalar("big", 1.0, new_style=True, summary_description=LONG + "x"),
    "many tags": lambda w: w.add_scalars_at_step({"big": 1.0, LONG: 2.0}),
    "layout": lambda w: w.add_custom_scalars({"c": {"d": ["Multiline", ["a" * 5000, "b" * 5000]]}}),
    "settings of a mesh": lambda w: w.add_mesh("big", np.zeros((1, 1, 3)), config_dict={"a": "b" * (LIMIT // 3)}),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_texts_that_no_event_can_hold(tmp_path, monkeypatch, kind):
    """With a limit that does not fill the memory of the tests."""
    monkeypatch.setattr(size, "MOST_BYTES", LIMIT)
    monkeypatch.setattr("tensorboardX.writer.numbers._MANY_TAGS", 1)
    writer = SummaryWriter(tmp_path)
    with pytest.raises(ValueError, match=r"tag '(big|custom_scalars__config__)': got .*; accepted is what takes less"):
        TEXTS[kind](writer)
    writer.close()
    assert read_events(tmp_path) == []


def test_what_is_just_small_enough_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(size, "MOST_BYTES", LIMIT)
    with SummaryWriter(tmp_path) as writer:
        writer.add_text("a", "ä" * (LIMIT // 2 - 32))
        writer.add_tensor("b", np.zeros(LIMIT // 8))
        writer.add_image("c", np.random.default_rng(0).integers(0, 256, (3, 57, 58), np.uint8))
    assert len(read_events(tmp_path)) == 3
    assert writer.stats.failed == 0


@pytest.mark.slow
def test_real_text_of_two_gib(tmp_path):
    writer = SummaryWriter(tmp_path)
    text = "ä" * GIB
    with pytest.raises(ValueError, match=r"tag 'big': got str .*; accepted is what takes less than the 2 GiB"):
        writer.add_text("big", text)
    writer.close()
    assert read_events(tmp_path) == []


@pytest.mark.slow
def test_events_that_protobuf_refuses_are_named(tmp_path):
    """They come from programs that make Events or Summaries themselves."""
    event = proto.event_pb2.Event()
    value = event.summary.value.add(tag="big")
    value.image.encoded_image_string = bytes(2 * GIB - 8)
    writer = FileWriter(tmp_path)
    with pytest.raises(ValueError, match=r"^tag 'big': accepted is what takes less than the 2 GiB"):
        writer.add_event(event)
    writer.close()
    assert read_events(tmp_path) == []
