"""Videos, decoded by Pillow, judged by the original and by TensorBoard."""

from __future__ import annotations

import io
import itertools
import logging
import tracemalloc

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence
from support import served
from support.original import run_original

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary.gif import _prepare_video, make_video, prepare_video, video

RANDOM = np.random.default_rng(5)

WITH_THE_ORIGINAL = """
import sys
import numpy as np
from tensorboardX.utils import _prepare_video
for batch in range(1, 18):
    np.save(f"{sys.argv[2]}/{batch}.npy", _prepare_video(np.load(sys.argv[1])[:batch]))
"""


def decode(image):
    """Frames as uint8 of shape (T, H, W, 3), and how many milliseconds each lasts."""
    with Image.open(io.BytesIO(image.encoded_image_string)) as file:
        frames = [(np.asarray(frame.convert("RGB")), frame.info["duration"]) for frame in ImageSequence.Iterator(file)]
    return np.stack([pixels for pixels, _ in frames]), [duration for _, duration in frames]


def few_colours(*shape, count=200):
    """Random videos, the axis of three channels last, that a palette can hold."""
    return RANDOM.integers(0, 256, (count, 3), dtype=np.uint8)[RANDOM.integers(0, count, shape)]


def test_a_video_is_a_gif_that_repeats_for_ever():
    frames = few_colours(1, 6, 11, 13)
    [value] = video("a b", frames, 4, "NTHWC").value
    assert value.tag == "a_b"
    assert (value.image.height, value.image.width, value.image.colorspace) == (11, 13, 3)
    assert value.image.encoded_image_string.startswith(b"GIF89a")
    assert Image.open(io.BytesIO(value.image.encoded_image_string)).info["loop"] == 0
    decoded, durations = decode(value.image)
    np.testing.assert_array_equal(decoded, frames[0])
    assert durations == [250] * 6


def test_every_order_of_the_axes_in_any_case():
    frames = few_colours(2, 3, 4, 5).transpose(0, 1, 4, 2, 3)
    expected = video("axes", frames)
    for order in itertools.permutations(range(5)):
        letters = "".join("NTCHW"[axis] for axis in order)
        for name in (letters, letters.lower(), letters.capitalize()):
            assert video("axes", frames.transpose(order), dataformats=name) == expected, name


@pytest.mark.parametrize(
    ("batch", "rows", "columns"), [(1, 1, 1), (2, 1, 2), (3, 1, 4), (4, 2, 2), (5, 2, 4), (9, 2, 8), (16, 4, 4)]
)
def test_a_batch_is_a_grid_of_a_power_of_two(batch, rows, columns):
    videos = RANDOM.integers(1, 256, (batch, 2, 1, 3, 5), dtype=np.uint8)
    image = video("grid", videos).value[0].image
    assert (image.height, image.width, image.colorspace) == (rows * 3, columns * 5, 1)
    decoded, _ = decode(image)
    for cell in range(rows * columns):
        top, left = cell // columns * 3, cell % columns * 5
        expected = videos[cell, :, 0] if cell < batch else np.zeros((2, 3, 5))
        np.testing.assert_array_equal(decoded[:, top : top + 3, left : left + 5, 1], expected)


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_the_grid_is_that_of_the_original(dtype, original_python, tmp_path):
    videos = RANDOM.integers(0, 256, (17, 2, 3, 4, 5)).astype(dtype)
    np.save(tmp_path / "videos.npy", videos)
    run_original(original_python, WITH_THE_ORIGINAL, tmp_path / "videos.npy", tmp_path)
    for batch in range(1, 18):
        np.testing.assert_array_equal(_prepare_video(videos[:batch]), np.load(tmp_path / f"{batch}.npy"))


@pytest.mark.parametrize("fps", [0.25, 1, 3, 4, 7, 24, 29.97, 30, 33, 50])
def test_frames_last_as_long_as_asked_for(fps):
    frames = np.zeros((1, 90, 1, 2, 2), np.uint8)
    frames[:, ::3] = 255  # pairs of frames that repeat
    decoded, durations = decode(video("fps", frames, torch.tensor(fps)).value[0].image)
    np.testing.assert_array_equal(decoded[..., :1], frames[0].transpose(0, 2, 3, 1))
    ends = np.cumsum(durations)
    np.testing.assert_allclose(ends, (np.arange(90) + 1) * 1000 / fps, atol=5.001)
    assert np.ptp(durations) <= 10


def test_more_than_50_frames_a_second_play_at_50(caplog):
    with caplog.at_level(logging.WARNING, "tensorboardX"):
        for _ in range(2):
            _, durations = decode(video("fast", np.zeros((1, 5, 1, 2, 2), np.uint8), 120).value[0].image)
    assert durations == [20] * 5
    assert len(caplog.records) == 1


def test_what_moves_before_a_still_ground_stays_exact():
    ground = np.tile(few_colours(20, 30, count=100), (12, 1, 1, 1))
    for step, frame in enumerate(ground[:10]):
        frame[step : step + 4, 2 * step : 2 * step + 3] = step
    moving = video("moving", ground[np.newaxis], dataformats="NTHWC").value[0].image
    np.testing.assert_array_equal(decode(moving)[0], ground)
    whole = sum(
        len(video("still", frame[None, None], dataformats="NTHWC").value[0].image.encoded_image_string)
        for frame in ground
    )
    assert len(moving.encoded_image_string) < whole / 2


@pytest.mark.parametrize(("channels", "shown"), [(1, [0, 0, 0]), (2, [0, 0, 0]), (3, [0, 1, 2]), (4, [0, 1, 2])])
def test_channels(channels, shown):
    frames = RANDOM.integers(0, 256, (1, 4, channels, 6, 7), dtype=np.uint8)
    image = video("channels", frames).value[0].image
    assert image.colorspace == channels
    np.testing.assert_array_equal(decode(image)[0], frames[0].transpose(0, 2, 3, 1)[..., shown])


def test_close_colours_stay_apart():
    colours = np.stack(np.meshgrid(range(90, 96), range(90, 96), range(90, 96)), -1).reshape(12, 18, 3)
    frames = colours.astype(np.uint8)[np.newaxis, np.newaxis]
    np.testing.assert_array_equal(decode(video("close", frames, dataformats="NTHWC").value[0].image)[0], frames[0])


@pytest.mark.parametrize("size", [48, 160])
@pytest.mark.parametrize("noise", [0, 8])
def test_many_colours_stay_as_close_as_with_a_median_cut(noise, size):
    y, x = np.mgrid[0:size, 0:size] / 16
    waves = [np.stack([np.sin(x + t), np.cos(y - t), np.sin(x - y + t)], -1) * 100 + 128 for t in (0, 0.7, 1.4)]
    frames = (np.stack(waves) + RANDOM.normal(0, noise, (3, size, size, 3))).clip(0, 255).astype(np.uint8)
    # What the original stores, by way of moviepy and imageio.
    median_cut = [np.asarray(Image.fromarray(frame).quantize(256).convert("RGB")) for frame in frames]
    decoded, _ = decode(video("waves", frames[np.newaxis], dataformats="NTHWC").value[0].image)
    error, allowed = (np.mean((np.stack(each) - frames.astype(float)) ** 2) for each in (decoded, median_cut))
    assert error < 1.1 * allowed


def test_floats_are_in_0_to_1_and_others_are_clamped_with_one_warning(caplog):
    frames = np.array([0, 0.5, 1, -0.1, 1.5, np.nan, np.inf, -np.inf], np.float32).reshape(1, 1, 1, 2, 4)
    with caplog.at_level(logging.WARNING, "tensorboardX"):
        for _ in range(2):
            decoded, _ = decode(video("floats", frames).value[0].image)
    assert decoded[0, :, :, 0].ravel().tolist() == [0, 127, 255, 0, 255, 0, 255, 0]
    assert len(caplog.records) == 1
    assert "'floats'" in caplog.text


def test_make_video_takes_frames_with_the_channels_last():
    frames = few_colours(5, 8, 9)
    image = make_video(frames, 10)
    assert (image.height, image.width, image.colorspace) == (8, 9, 3)
    decoded, durations = decode(image)
    np.testing.assert_array_equal(decoded, frames)
    assert durations == [100] * 5
    with pytest.raises(ValueError, match="fps"):
        make_video(frames, 0)


@pytest.mark.parametrize(
    ("shape", "dataformats"),
    [
        ((2, 3, 8, 8), "NTCHW"),
        ((1, 2, 3, 8, 8), "TCHW"),
        ((1, 2, 3, 8, 8), "NTCHH"),
        ((1, 2, 3, 8, 8), None),
        ((1, 0, 3, 8, 8), "NTCHW"),
        ((0, 2, 3, 8, 8), "NTCHW"),
        ((1, 2, 5, 8, 8), "NTCHW"),
        ((1, 1, 1, 1, 65536), "NTCHW"),
        ((2, 1, 1, 1, 40000), "NTCHW"),
    ],
)
def test_what_is_no_video_is_refused_by_name(shape, dataformats):
    with pytest.raises((TypeError, ValueError), match=r"'my/tag'.*accepted is"):
        prepare_video("my/tag", np.zeros(shape, np.uint8), 4, dataformats)


def test_a_video_beyond_what_a_message_holds_is_refused(monkeypatch):
    frames = np.zeros((3, 5, 1, 10, 10), np.uint8)  # four cells
    monkeypatch.setitem(prepare_video.__globals__, "_MOST_PIXELS", 2000)
    prepare_video("most", frames)
    monkeypatch.setitem(prepare_video.__globals__, "_MOST_PIXELS", 1999)
    with pytest.raises(ValueError, match="1999 in all"):
        prepare_video("most", frames)


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf"), 1e-3, "fast", None])
def test_what_is_no_speed_is_refused_by_name(fps):
    with pytest.raises((TypeError, ValueError), match="'my/tag'"):
        prepare_video("my/tag", np.zeros((1, 2, 3, 8, 8), np.uint8), fps)


def test_the_array_may_be_changed_before_it_is_encoded():
    frames = few_colours(1, 3, 8, 8)
    before = frames.copy()
    encode = prepare_video("mine", frames, 4, "NTHWC")
    frames[:] = 0
    np.testing.assert_array_equal(decode(encode().value[0].image)[0], before[0])


def test_no_more_than_some_frames_are_in_memory():
    frames = np.zeros((4, 100, 3, 128, 128), np.float32)
    frames[:, ::2, :, 5:9] = 1
    encode = prepare_video("memory", frames, 4)
    tracemalloc.start()
    try:
        encode()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    one_frame = frames[:, 0].nbytes
    assert peak < 6 * one_frame


def test_tensorboard_serves_the_frames(tensorboard, tmp_path):
    frames = few_colours(3, 5, 10, 12, count=80)
    frames[:, 3] = frames[:, 2]
    writer = RecordWriter(str(tmp_path / "events.out.tfevents.1.test"))
    writer.write(Event(file_version="brain.Event:2").SerializeToString())
    summary = video("play", torch.from_numpy(frames), 5, "NTHWC")
    writer.write(Event(step=2, wall_time=1.0, summary=summary).SerializeToString())
    writer.close()
    [(step, decoded)] = served.images(tensorboard(tmp_path))["."]["play"][0]
    assert (step, decoded.shape) == (2, (5, 10, 48, 3))
    side_by_side = np.concatenate([*frames, np.zeros_like(frames[0])], axis=2)
    np.testing.assert_array_equal(decoded, side_by_side)


def test_integers_are_taken_for_pixels_in_all_frames_or_in_none(caplog):
    """The first frame alone would be taken for black and white."""
    array = RANDOM.integers(0, 256, (1, 3, 3, 8, 8))
    array[0, 0] = array[0, 0] > 127
    assert video("integers", array) == video("integers", array.astype(np.uint8))
    assert caplog.text.count("pixels of int64") == 1
    frames = array[0].transpose(0, 2, 3, 1)
    assert make_video(frames, 4) == make_video(frames.astype(np.uint8), 4)
