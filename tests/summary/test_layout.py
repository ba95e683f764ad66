"""Axes and grids, against loops over single pixels."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from tensorboardX import utils
from tensorboardX.summary.layout import check_axes, convert_to_HWC, convert_to_NTCHW, make_grid

SIZES = {"N": 3, "T": 2, "C": 3, "H": 4, "W": 5}


def _pixels(axes: str, **sizes: int) -> np.ndarray:
    shape = [{**SIZES, **sizes}[axis] for axis in axes]
    return np.arange(np.prod(shape)).reshape(shape)


def _orders(axes: str) -> list[str]:
    return ["".join(order) for order in permutations(axes)]


def _grid_by_hand(images: np.ndarray, columns: int) -> np.ndarray:
    count, channels, height, width = images.shape
    rows = -(-count // columns)
    grid = np.zeros((channels, rows * height, columns * width), images.dtype)
    for index in range(count):
        top, left = index // columns * height, index % columns * width
        grid[:, top : top + height, left : left + width] = images[index]
    return grid


@pytest.mark.parametrize("order", _orders("CHW"))
@pytest.mark.parametrize("channels", [3, 4])
def test_each_pixel_of_an_image_lands_where_its_axes_say(order, channels):
    array = _pixels(order, C=channels)
    result = convert_to_HWC(array, order.lower())
    assert result.shape == (4, 5, channels)
    for (h, w, c), pixel in np.ndenumerate(result):
        assert pixel == array[tuple({"H": h, "W": w, "C": c}[axis] for axis in order)]


@pytest.mark.parametrize("order", ["HW", "WH", "hW"])
def test_an_image_without_channels_is_grey(order):
    array = _pixels(order.upper())
    result = convert_to_HWC(array, order)
    plain = array if order.upper() == "HW" else array.T
    assert result.shape == (4, 5, 3)
    for channel in range(3):
        np.testing.assert_array_equal(result[:, :, channel], plain)


@pytest.mark.parametrize("order", _orders("CHW"))
def test_one_channel_is_repeated(order):
    array = _pixels(order, C=1)
    result = convert_to_HWC(array, order)
    assert result.shape == (4, 5, 3)
    assert (result == result[:, :, :1]).all()
    assert sorted(result[:, :, 0].flat) == list(range(20))


@pytest.mark.parametrize("order", _orders("NCHW"))
def test_a_batch_of_any_order_becomes_the_same_grid(order):
    nchw = _pixels("NCHW")
    array = nchw.transpose(["NCHW".index(axis) for axis in order])
    np.testing.assert_array_equal(convert_to_HWC(array, order), _grid_by_hand(nchw, 3).transpose(1, 2, 0))


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 16, 17])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("columns", [1, 3, 8])
def test_grids(count, channels, columns):
    images = np.random.default_rng(0).integers(1, 255, (count, channels, 2, 3), dtype=np.uint8)
    grid = make_grid(images, columns)
    shown = np.repeat(images, 3, axis=1) if channels == 1 else images
    np.testing.assert_array_equal(grid, _grid_by_hand(shown, min(columns, count)))
    assert grid.dtype == np.uint8


def test_a_grid_is_eight_images_wide_by_default():
    assert make_grid(np.zeros((20, 3, 2, 2))).shape == (3, 6, 16)


@pytest.mark.parametrize("order", _orders("NTCHW")[::7])
def test_videos(order):
    plain = _pixels("NTCHW")
    array = plain.transpose(["NTCHW".index(axis) for axis in order])
    np.testing.assert_array_equal(convert_to_NTCHW(array, order.lower()), plain)


@pytest.mark.parametrize("dataformats", ["", "C", "CH", "CHHW", "CHX", "NCHWT", "HWCN ", "HH"])
def test_letters_that_name_no_image_are_refused(dataformats):
    with pytest.raises(ValueError, match=r"'pic'.*permutation of HW or CHW or NCHW"):
        check_axes("pic", (1, 2, 3), dataformats, ("HW", "CHW", "NCHW"))


@pytest.mark.parametrize("dataformats", [None, 3, ["C", "H", "W"]], ids=repr)
def test_letters_that_are_no_string_are_refused(dataformats):
    with pytest.raises(TypeError, match="'pic'"):
        check_axes("pic", (1, 2, 3), dataformats, ("CHW",))


@pytest.mark.parametrize("shape", [(), (2,), (2, 3), (1, 2, 3, 4)], ids=str)
def test_an_array_of_another_rank_is_refused(shape):
    with pytest.raises(ValueError, match=r"'pic'.*3 axes, as dataformats='CHW'"):
        check_axes("pic", shape, "CHW", ("CHW",))


def test_the_original_names_are_these():
    assert (utils.make_grid, utils.convert_to_HWC, utils.convert_to_NTCHW) == (
        make_grid,
        convert_to_HWC,
        convert_to_NTCHW,
    )
