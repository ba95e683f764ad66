"""The sprite image of an embedding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tensorboardX.embedding import make_sprite
from tensorboardX.projector.embedding import prepare_embedding


def sprite_of(directory: Path, images) -> np.ndarray:
    make_sprite(images, directory)
    return np.asarray(Image.open(directory / "sprite.png"))


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4)])
def test_sprites_are_square_and_filled_row_by_row(tmp_path, count, columns):
    images = np.arange(1, count + 1, dtype=np.uint8).reshape(-1, 1, 1, 1).repeat(2, 2).repeat(2, 3)
    sprite = sprite_of(tmp_path, images)
    assert sprite.shape == (2 * columns, 2 * columns, 3)
    cells = np.zeros(columns**2, int)
    cells[:count] = range(1, count + 1)
    np.testing.assert_array_equal(sprite[::2, ::2, 0].ravel(), cells)


def test_pixels_keep_their_values_and_channels(tmp_path):
    rgba = np.random.default_rng(3).integers(0, 256, (1, 4, 3, 3), dtype=np.uint8)
    np.testing.assert_array_equal(sprite_of(tmp_path, rgba), rgba[0].transpose(1, 2, 0))
    floats = np.array([0, 0.5, 1, 2, -1, np.nan, np.inf, 0.999, 0]).reshape(1, 1, 3, 3)
    expected = [0, 127, 255, 255, 0, 0, 255, 254, 0]
    np.testing.assert_array_equal(sprite_of(tmp_path, floats)[:, :, 2].ravel(), expected)
    assert (sprite_of(tmp_path, np.ones((1, 3, 2, 2), bool)) == 255).all()


def test_a_sprite_larger_than_the_page_takes_is_refused(tmp_path):
    images = np.broadcast_to(np.uint8(0), (50, 3, 1025, 1025))
    with pytest.raises(ValueError, match=r"50 images of 1025 x 1025 .* 8200 pixels a side.* 8192 .* 1024 pixels each"):
        make_sprite(images, tmp_path)
    make_sprite(np.broadcast_to(np.uint8(0), (5, 1, 2730, 2730)), tmp_path)  # 3 * 2730 = 8190


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 2, 4, 4), (3, 4, 4), (2, 3, 0, 0)])
def test_images_of_another_shape_are_refused(tmp_path, shape):
    with pytest.raises(ValueError, match=r"tag 'x': .*\(N, C, H, W\)"):
        prepare_embedding(tmp_path, np.ones((shape[0], 2)), label_img=np.zeros(shape), tag="x")
