"""Rearranging the axes of images and videos: `dataformats` names each axis of an array by a letter.

N is the batch, T time, C the channels, H the height and W the width; any order and any case.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import type_error, value_error
from ..values.arrays import Array

GRID_COLUMNS = 8


def check_axes(tag: str, shape: tuple[int, ...], dataformats: Any, accepted: tuple[str, ...]) -> str:
    """Return `dataformats` in upper case, if it names each axis of `shape` once, as one of `accepted` does.

    Raises TypeError or ValueError that names the tag.
    """
    wanted = "dataformats that is a permutation of " + " or ".join(accepted)
    if not isinstance(dataformats, str):
        raise type_error(tag, dataformats, wanted)
    axes = dataformats.upper()
    if sorted(axes) not in [sorted(each) for each in accepted]:
        raise value_error(tag, dataformats, wanted)
    if len(axes) != len(shape):
        raise value_error(tag, shape, f"an array with {len(axes)} axes, as dataformats={dataformats!r} says")
    return axes


def batch_dataformats(tensor: Any, dataformats: Any) -> Any:
    """Return what the axes of a batch of images are: those of each image, and N, where it is a list of them."""
    is_list = isinstance(tensor, (list, tuple)) and isinstance(dataformats, str)
    return f"N{dataformats}" if is_list and "N" not in dataformats.upper() else dataformats


def permute(array: Array, axes: str, wanted: str) -> Array:
    """Return a view of `array`, whose axes are named `axes`, with the axes in the order `wanted`."""
    view: Array = array.transpose([axes.index(letter) for letter in wanted])
    return view


def replicate_grey(array: Array, axis: int) -> Array:
    """Return `array` with a single channel repeated three times along `axis`."""
    return np.repeat(array, 3, axis=axis) if array.shape[axis] == 1 else array


def make_grid(I: Any, ncols: int = GRID_COLUMNS) -> Array:  # noqa: E741, N803 (the parameter name of the original)
    """Return a batch of images as one image, row by row from the top left; what is left over is black.

    Args:
        I: shape (N, C, H, W), C being 1 (which is repeated to 3), 3 or 4.
        ncols: images in a row, at most.

    Returns an array of shape (C, rows * H, columns * W) of the same dtype. Raises TypeError unless it is given a NumPy
    array, ValueError for another shape.
    """
    if not isinstance(I, np.ndarray):
        raise type_error("", I, "a NumPy array")
    if I.ndim != 4 or I.shape[1] not in (1, 2, 3, 4):
        raise value_error("", I, "images of shape (N, C, H, W), C being 1 to 4")
    images = replicate_grey(I, 1)
    count, channels, height, width = images.shape
    columns = max(min(count, ncols), 1)
    rows = math.ceil(count / columns)
    cells = np.zeros((rows * columns, channels, height, width), dtype=images.dtype)
    cells[:count] = images
    cells = cells.reshape(rows, columns, channels, height, width)
    grid: Array = cells.transpose(2, 0, 3, 1, 4).reshape(channels, rows * height, columns * width)
    return grid


def convert_to_HWC(tensor: Array, input_format: str) -> Array:  # noqa: N802 (the name of the original)
    """Return an image, or a batch of images as a grid, with the axes (H, W, C) and at least three channels.

    Args:
        tensor: an array of two, three or four axes.
        input_format: what its axes are: a permutation of HW, CHW or NCHW.

    Raises ValueError if the two do not agree.
    """
    axes = check_axes("", tensor.shape, input_format, ("HW", "CHW", "NCHW"))
    if len(axes) == 4:
        return permute(make_grid(permute(tensor, axes, "NCHW")), "CHW", "HWC")
    if len(axes) == 2:
        return np.repeat(permute(tensor, axes, "HW")[:, :, np.newaxis], 3, axis=2)
    return replicate_grey(permute(tensor, axes, "HWC"), 2)


def convert_to_NTCHW(tensor: Array, input_format: str) -> Array:  # noqa: N802 (the name of the original)
    """Return a batch of videos with the axes (N, T, C, H, W).

    Args:
        tensor: an array of five axes.
        input_format: what they are: a permutation of NTCHW.

    Raises ValueError if the two do not agree.
    """
    return permute(tensor, check_axes("", tensor.shape, input_format, ("NTCHW",)), "NTCHW")
