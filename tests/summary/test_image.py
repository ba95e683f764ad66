"""Images: the pixels that come out of the PNG, the boxes on it, and what is refused."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from tensorboard.compat.proto.summary_pb2 import Summary as StockSummary

from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.summary.image import (
    draw_boxes,
    image,
    image_boxes,
    make_image,
    prepare_image,
    prepare_image_boxes,
    to_uint8,
)

RANDOM = np.random.default_rng(5)
RED = [255, 0, 0]


def _stored(summary: Summary) -> StockSummary.Image:
    [value] = StockSummary.FromString(summary.SerializeToString()).value
    return value.image


def _pixels(summary: Summary) -> np.ndarray:
    stored = _stored(summary)
    with Image.open(io.BytesIO(stored.encoded_image_string)) as picture:
        assert picture.format == "PNG"
        assert picture.size == (stored.width, stored.height)
        assert len(picture.getbands()) == stored.colorspace
        return np.asarray(picture)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_bytes_are_stored_as_they_are(channels):
    pixels = RANDOM.integers(0, 256, (channels, 5, 7), dtype=np.uint8)
    np.testing.assert_array_equal(_pixels(image("a", pixels)), pixels.transpose(1, 2, 0))


@pytest.mark.parametrize("dataformats", ["HW", "CHW"])
def test_grey_is_stored_as_three_equal_channels(dataformats):
    grey = RANDOM.integers(0, 256, (5, 7), dtype=np.uint8)
    pixels = _pixels(image("a", grey if dataformats == "HW" else grey[np.newaxis], dataformats=dataformats))
    np.testing.assert_array_equal(pixels, np.stack([grey] * 3, axis=2))


def test_the_tag_is_cleaned_and_the_one_of_boxes_is_not():
    pixels = np.zeros((3, 4, 4))
    assert image("a b", pixels).value[0].tag == "a_b"
    assert image_boxes("a b", pixels, np.zeros((0, 4))).value[0].tag == "a b"


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_are_multiplied_by_255_and_cut(dtype):
    grey = np.array([[0, 0.25, 0.5, 1.0]], dtype)
    assert _pixels(image("a", grey, dataformats="HW"))[0, :, 0].tolist() == [0, 63, 127, 255]


def test_every_float_that_came_from_a_byte_comes_back():
    grey = np.arange(256).reshape(16, 16)
    for dtype in (np.float32, np.float64):
        back = _pixels(image("a", (grey / 255).astype(dtype), dataformats="HW"))[:, :, 0]
        assert np.abs(back.astype(int) - grey).max() <= 1


@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "int64", "uint16"])
def test_integers_that_are_no_bytes_are_zero_or_one(dtype):
    assert _pixels(image("a", np.array([[0, 1]], dtype), dataformats="HW"))[0, :, 0].tolist() == [0, 255]


def test_what_is_out_of_range_is_clamped_with_one_warning(caplog):
    grey = np.array([[-0.1, 1.1, math.nan, math.inf, -math.inf, 1e308, -1e308]])
    for _ in range(3):
        pixels = _pixels(image("too/bright", grey, dataformats="HW"))
    assert pixels[0, :, 0].tolist() == [0, 255, 0, 255, 0, 255, 0]
    assert caplog.text.count("too/bright") == 1


@pytest.mark.filterwarnings("error")
@given(hnp.arrays(hnp.floating_dtypes(endianness="="), hnp.array_shapes(min_dims=3, max_dims=3, max_side=4)))
def test_any_floats_become_bytes(array):
    exact = np.nan_to_num(array.astype(np.float64), nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1) * 255
    assert np.abs(to_uint8("any", array) - exact).max() <= 1


def test_many_floats_become_bytes_and_what_is_out_of_range_is_clamped_wherever_it_lies():
    floats = RANDOM.random((3, 300, 400)).astype(np.float32)
    expected = (floats * np.float32(255)).astype(np.uint8)
    for place, number, byte in [((0, 0, 0), -1, 0), ((1, 77, 3), math.nan, 0), ((2, 299, 399), 7, 255)]:
        floats[place], expected[place] = number, byte
    np.testing.assert_array_equal(to_uint8("many", floats), expected)
    np.testing.assert_array_equal(to_uint8("many", floats[:, ::-1].T), expected[:, ::-1].T)


@pytest.mark.parametrize("make", [torch.from_numpy, np.asfortranarray, lambda array: array[:, ::-1][:, ::-1]])
def test_any_layout_in_memory(make):
    pixels = RANDOM.integers(0, 256, (3, 5, 7), dtype=np.uint8)
    np.testing.assert_array_equal(_pixels(image("a", make(pixels))), pixels.transpose(1, 2, 0))


def test_a_batch_is_a_grid():
    batch = RANDOM.integers(0, 256, (9, 1, 4, 5), dtype=np.uint8)
    pixels = _pixels(image("a", batch, dataformats="NCHW"))
    assert pixels.shape == (8, 40, 3)
    for index in range(9):
        top, left = index // 8 * 4, index % 8 * 5
        np.testing.assert_array_equal(pixels[top : top + 4, left : left + 5, 1], batch[index, 0])
    assert (pixels[4:, 5:] == 0).all()


def test_a_rescaled_image_has_the_size_that_is_said():
    pixels = np.full((3, 8, 12), 200, np.uint8)
    stored = _stored(image("a", pixels, rescale=0.5))
    assert (stored.height, stored.width) == (4, 6)
    assert (_pixels(image("a", pixels, rescale=2.0)) == 200).all()
    assert _pixels(image("a", pixels, rescale=0.001)).shape == (1, 1, 3)


def test_a_box_is_a_red_line_and_nothing_inside():
    boxes = [[2, 3, 12, 15]]
    pixels = _pixels(image_boxes("a", np.zeros((3, 20, 20)), boxes))
    for x, y in [(2, 3), (12, 3), (2, 15), (12, 15), (7, 3), (2, 9), (12, 9), (7, 15)]:
        assert pixels[y, x].tolist() == RED
    assert (pixels[5:14, 4:11] == 0).all()
    assert (pixels[18:] == 0).all()


def test_boxes_rescale_with_their_image():
    pixels = _pixels(image_boxes("a", np.zeros((3, 20, 20)), [[2, 3, 12, 15]], rescale=2))
    assert pixels.shape == (40, 40, 3)
    assert pixels[18, 4, 0] > 100


def test_a_label_is_written_on_red_ground():
    plain = _pixels(image_boxes("a", np.full((3, 60, 60), 255, np.uint8), [[5, 5, 50, 50]]))
    labelled = _pixels(image_boxes("a", np.full((3, 60, 60), 255, np.uint8), [[5, 5, 50, 50]], labels=["dog"]))
    changed = labelled[(labelled != plain).any(axis=2)]
    assert len(changed) > 50
    assert (changed == RED).all(axis=1).any()
    assert (changed.sum(axis=1) < 100).any()


def test_a_label_of_none_and_an_empty_one_are_not_drawn():
    pixels, boxes = np.zeros((3, 60, 60)), [[5, 5, 50, 50], [1, 1, 20, 40]]
    plain = _pixels(image_boxes("a", pixels, boxes))
    np.testing.assert_array_equal(_pixels(image_boxes("a", pixels, boxes, labels=[None, ""])), plain)


def test_labels_for_other_boxes_are_left_out_with_a_warning(caplog):
    pixels, boxes = np.zeros((3, 60, 60)), [[5, 5, 50, 50]]
    plain = _pixels(image_boxes("two/labels", pixels, boxes))
    np.testing.assert_array_equal(_pixels(image_boxes("two/labels", pixels, boxes, labels=["a", "b"])), plain)
    assert "two/labels" in caplog.text


@pytest.mark.filterwarnings("error")
@given(
    boxes=hnp.arrays(
        np.float64,
        st.tuples(st.integers(0, 3), st.just(4)),
        elements=st.floats(allow_nan=False, allow_infinity=False),
    ),
    label=st.text(max_size=10),
    channels=st.sampled_from([1, 2, 3, 4]),
)
def test_no_finite_box_and_no_label_fails(boxes, label, channels):
    summary = image_boxes("a", np.zeros((channels, 6, 6)), boxes, labels=[label] * len(boxes))
    assert _pixels(summary).shape == (6, 6, 3 if channels == 1 else channels)


def test_what_was_prepared_does_not_change_with_the_callers_arrays():
    pixels, boxes, labels = np.zeros((3, 20, 20), np.uint8), np.array([[1, 1, 9, 9]]), ["a"]
    encode = prepare_image_boxes("a", pixels, boxes, labels=labels)
    before = encode()
    pixels[:], boxes[:] = 255, 3
    labels.clear()
    assert encode() == before


@pytest.mark.parametrize(
    ("tensor", "dataformats", "error"),
    [
        (np.zeros((4, 4)), "CHW", ValueError),
        (np.zeros((2, 3, 4, 4)), "CHW", ValueError),
        (np.zeros(4), "HW", ValueError),
        (np.zeros((3, 4, 4)), "CHX", ValueError),
        (np.zeros((3, 4, 4)), "", ValueError),
        (np.zeros((3, 4, 4)), None, TypeError),
        (np.zeros((5, 4, 4)), "CHW", ValueError),
        (np.zeros((3, 5, 6)), "HWC", ValueError),
        (np.zeros((3, 0, 4)), "CHW", ValueError),
        (np.zeros((0, 3, 4, 4)), "NCHW", ValueError),
        (np.zeros((3, 4, 4), complex), "CHW", TypeError),
        ("picture.png", "CHW", TypeError),
        (None, "CHW", TypeError),
        ([np.zeros((3, 4, 4)), np.zeros((3, 4, 5))], "NCHW", ValueError),
    ],
)
def test_images_that_cannot_be_are_refused(tensor, dataformats, error):
    with pytest.raises(error, match="'pics/0'"):
        prepare_image("pics/0", tensor, dataformats=dataformats)


@pytest.mark.parametrize("rescale", [0, -1, math.nan, math.inf, [1, 2]], ids=repr)
def test_factors_that_cannot_be_are_refused(rescale):
    for prepare in (
        lambda: prepare_image("pic", np.zeros((3, 4, 4)), rescale),
        lambda: prepare_image_boxes("pic", np.zeros((3, 4, 4)), np.zeros((0, 4)), rescale),
    ):
        with pytest.raises(ValueError, match="'pic'"):
            prepare()


@pytest.mark.parametrize("boxes", [[1, 2, 3, 4], [[1, 2, 3]], [[1, 2, 3, math.nan]], [[1, 2, 3, math.inf]]], ids=repr)
def test_boxes_that_cannot_be_are_refused(boxes):
    with pytest.raises(ValueError, match=r"'pic'.*\(N, 4\)"):
        prepare_image_boxes("pic", np.zeros((3, 4, 4)), boxes)


@pytest.mark.parametrize("size", [(1, 1), (5, 200), (300, 300)])
def test_the_bytes_are_those_of_protobuf(size):
    pixels = RANDOM.integers(0, 256, (3, *size), dtype=np.uint8)
    encoded = prepare_image("a/b", pixels)()
    message = Summary.Value(tag="a/b", image=make_image(pixels.transpose(1, 2, 0)))
    assert encoded == Summary(value=[message]).SerializeToString() == image("a/b", pixels).SerializeToString()
    stored = message.image
    assert (stored.height, stored.width, stored.colorspace) == (*size, 3)


def test_the_helpers_under_the_original_names():
    pixels = RANDOM.integers(0, 256, (6, 7, 3), dtype=np.uint8)
    message = make_image(pixels)
    assert (message.height, message.width, message.colorspace) == (6, 7, 3)
    np.testing.assert_array_equal(_pixels(Summary(value=[Summary.Value(image=message)])), pixels)
    drawn = draw_boxes(Image.new("RGB", (20, 20)), np.array([[2, 2, 10, 10]]))
    assert drawn.getpixel((2, 6)) == tuple(RED)


@pytest.mark.parametrize("labels", [2.5, {"a"}, np.array("a"), ...], ids=str)
def test_labels_that_are_no_list_are_refused(labels):
    with pytest.raises(TypeError, match=r"tag 'a': got .* accepted is a list of labels"):
        image_boxes("a", np.zeros((3, 4, 4)), [[0, 0, 2, 2]], labels=labels)


@pytest.mark.parametrize("rescale", [1e5, 1e300])
def test_an_image_too_large_to_be_made_is_refused(rescale):
    with pytest.raises(ValueError, match=r"tag 'a': got .* accepted is a rescale that makes no more than"):
        image("a", np.zeros((3, 4, 4)), rescale)


def test_a_label_longer_than_pillow_draws_is_cut():
    pixels, boxes = np.zeros((3, 20, 20)), [[1, 1, 15, 15]]
    long = _pixels(image_boxes("a", pixels, boxes, labels=["x" * 1_000_001]))
    np.testing.assert_array_equal(long, _pixels(image_boxes("a", pixels, boxes, labels=["x" * 1000])))


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64, np.uint16, np.uint64, ">i4"])
def test_integers_are_taken_for_pixels_with_one_warning(dtype, caplog):
    """Multiplied by 255 they would be white, or anything once they wrap."""
    tag = f"integers/{np.dtype(dtype).name}/{np.dtype(dtype).isnative}"
    most = min(np.iinfo(dtype).max, 255)
    pixels = np.arange(0, most + 1).reshape(1, -1, 4).astype(dtype)
    for _ in range(2):
        assert image(tag, pixels) == image(tag, pixels.astype(np.uint8))
    assert caplog.text.count(f"tag {tag!r}: pixels of") == 1


@pytest.mark.parametrize("array", [[[0, 1], [1, 1]], [[False, True], [True, True]]])
def test_zeros_and_ones_are_black_and_white(array, caplog):
    expected = np.array(array).astype(np.uint8) * 255
    assert image("bits", np.array(array), dataformats="HW") == image("bits", expected, dataformats="HW")
    assert not caplog.text


@pytest.mark.parametrize(("low", "high"), [(-1, 255), (0, 256)])
def test_integers_beyond_pixels_are_clamped(low, high, caplog):
    tag = f"beyond/{low}/{high}"
    white = image(tag, np.array([[0, 255]], np.uint8), dataformats="HW")
    assert image(tag, np.array([[min(low, 0), high]]), dataformats="HW") == white
    assert "pixels out of range are clamped" in caplog.text


@pytest.mark.parametrize("boxes", [[], np.zeros(0), np.zeros((0, 4)), torch.empty(0)], ids=str)
def test_no_boxes_in_any_shape(boxes):
    pixels = np.zeros((3, 8, 8), np.uint8)
    assert image_boxes("none", pixels, boxes, labels=[]) == image_boxes("none", pixels, np.zeros((0, 4)))
