"""Images in other formats than PNG: what stock TensorBoard serves of them, and what they are refused for."""

import io
import pickle

import numpy as np
import pytest
from PIL import Image
from support import served
from support.events import values

from tensorboardX import SummaryWriter

# Smooth, so that formats that lose details lose little.
ROWS, COLUMNS = np.mgrid[0:48, 0:64]
PHOTO = np.stack((ROWS * 4, COLUMNS * 3, ROWS + COLUMNS)).astype(np.uint8)
ALPHA = np.concatenate((PHOTO, np.full((1, 48, 64), 128, np.uint8)))


def format_of(data):
    with Image.open(io.BytesIO(data)) as picture:
        return picture.format


@pytest.mark.parametrize(("image_format", "stored"), [("JPEG", "JPEG"), ("WebP", "WEBP"), ("png", "PNG")])
def test_both_loaders_serve_the_format_that_was_chosen(tmp_path, tensorboard, image_format, stored):
    with SummaryWriter(tmp_path, image_format=image_format) as writer:
        writer.add_image("photo", PHOTO, 1)
        writer.add_image("grey", PHOTO[:1], 1)
        writer.add_image("grey with alpha", PHOTO[:2], 1)
        writer.add_image("alpha", ALPHA, 1)
        writer.add_images("grid", np.stack([PHOTO, PHOTO]), 1)
        writer.add_image_with_boxes("boxes", PHOTO, np.array([[4, 4, 20, 20]]), 1)
    tb = tensorboard(tmp_path)
    files = served.image_files(tb, format_of)["."]
    assert all(samples[0] == [(1, stored)] for samples in files.values())
    pictures = {tag: samples[0][0][1] for tag, samples in served.images(tb)["."].items()}
    assert set(pictures) == {"photo", "grey", "grey_with_alpha", "alpha", "grid", "boxes"}
    assert pictures["grid"].shape == (48, 128, 3)
    expected = PHOTO.transpose(1, 2, 0).astype(int)
    for tag in ("photo", "alpha"):
        assert np.abs(pictures[tag][..., :3] - expected).mean() < 3
    assert pictures["alpha"].shape[2] == (3 if stored == "JPEG" else 4)


def test_a_copy_of_the_writer_keeps_the_format(tmp_path):
    with SummaryWriter(tmp_path, image_format="jpeg") as writer, pickle.loads(pickle.dumps(writer)) as copy:
        copy.add_image("photo", PHOTO, 1)
    [(_, value)] = values(tmp_path)
    assert format_of(value.image.encoded_image_string) == "JPEG"


def test_an_image_too_large_for_webp_becomes_png(tmp_path):
    with SummaryWriter(tmp_path, image_format="WebP") as writer:
        writer.add_image("wide", np.zeros((1, 2, 17_000), np.uint8), 1)
    [(_, value)] = values(tmp_path)
    assert format_of(value.image.encoded_image_string) == "PNG"
    assert value.image.width == 17_000


@pytest.mark.parametrize("image_format", ["GIF", "", None, 3])
def test_other_formats_are_refused_before_anything_is_made(tmp_path, image_format):
    with pytest.raises(ValueError, match=r"image_format: got .*; accepted are PNG, JPEG, WEBP"):
        SummaryWriter(tmp_path / "run", image_format=image_format)
    assert not (tmp_path / "run").exists()
