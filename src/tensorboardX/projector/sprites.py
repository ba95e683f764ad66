"""sprite.png: the images of all points in one, row by row from the top left.

The page finds an image by its index from the number of images that fit into the height, so the sprite has to be
square; it refuses one of more than 8192 pixels a side.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import RefusedValueError, shown, type_error, value_error
from ..summary.image import to_uint8
from ..summary.layout import make_grid
from ..summary.png import encode_png
from ..values.arrays import Array, to_numpy
from .tensors import check_count

LARGEST_SIDE = 8192


def checked_images(label_img: Any, points: int | None, tag: str) -> Array:
    """Return a copy of the images, shape (N, C, H, W), of their own dtype.

    Args:
        label_img: an array or tensor, shape (N, C, H, W); C is 1, 3 or 4, and H is W. uint8 is taken as it is, every
            other dtype is in [0, 1].
        points: how many points there are; None leaves that unchecked.
        tag: named in errors.

    Raises TypeError or ValueError.
    """
    images = to_numpy(label_img, tag)
    if images.dtype.kind == "c":
        raise type_error(tag, label_img, "images of real numbers")
    if images.ndim != 4 or images.size == 0 or images.shape[1] not in (1, 3, 4):
        raise value_error(tag, images, "label_img of shape (N, C, H, W), C being 1, 3 or 4")
    if points is not None:
        check_count(tag, len(images), "images", points)
    if images.shape[2] != images.shape[3]:
        raise value_error(tag, images, "label_img of shape (N, C, H, W) with square images, H being W")
    _check_side(tag, len(images), images.shape[3])
    owned: Array = images.copy()
    return owned


def _check_side(tag: str, count: int, size: int) -> None:
    columns = _columns(count)
    if columns * size > LARGEST_SIDE:
        raise RefusedValueError(
            f"tag {shown(tag)}: got {count} images of {size} x {size} pixels, which make a sprite of"
            f" {columns * size} pixels a side; accepted is {LARGEST_SIDE} a side,"
            f" for this many images {LARGEST_SIDE // columns} pixels each"
        )


def _columns(count: int) -> int:
    return math.isqrt(count - 1) + 1  # the square root, rounded up


def encode_sprite(images: Array, tag: str) -> bytes:
    """Return checked images as one PNG; unused cells are black."""
    columns = _columns(len(images))
    grid = make_grid(to_uint8(tag, images), columns)
    side = columns * images.shape[3]
    sprite = np.zeros((side, side, grid.shape[0]), np.uint8)
    sprite[: grid.shape[1]] = grid.transpose(1, 2, 0)
    return encode_png(sprite)
