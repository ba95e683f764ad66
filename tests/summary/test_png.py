"""PNG: what Pillow and stock TensorBoard read back, the parts of the file, its size and the memory it takes."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageDraw, ImageFile
from support import served

from tensorboardX import SummaryWriter
from tensorboardX.summary.image import make_image
from tensorboardX.summary.png import encode_png

RANDOM = np.random.default_rng(7)
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
ROWS, COLUMNS = np.mgrid[0:256, 0:256]


def _landscape(height=256, width=256):
    """Smooth with a little grain, as photographs are."""
    down, right = np.mgrid[0:height, 0:width]
    hills = [90 + 60 * np.sin(right / 31 + k) * np.cos(down / 23 - k) + down / 9 for k in range(3)]
    return (np.stack(hills, axis=2) + RANDOM.normal(0, 3, (height, width, 3))).clip(0, 255).astype(np.uint8)


def _drawing():
    picture = Image.new("RGB", (256, 256), "white")
    draw = ImageDraw.Draw(picture)
    for k in range(12):
        draw.line([(20, 20 + 18 * k), (236, 236 - 15 * k)], fill=(20 * k, 90, 255 - 20 * k), width=2)
        draw.text((10, 20 * k), f"{k / 7:.4f}", fill="black")
    return np.asarray(picture)


def _tiles(side):
    return np.kron(RANDOM.integers(0, 256, (256 // side, 256 // side, 3)), np.ones((side, side, 1))).astype(np.uint8)


# One of each kind that is compressed in its own way, and what lies between them.
PICTURES = {
    "photograph": _landscape(),
    "grain": RANDOM.normal(128, 20, (256, 256, 3)).clip(0, 255).astype(np.uint8),
    "noise": RANDOM.integers(0, 256, (256, 256, 3), dtype=np.uint8),
    "gradient": np.stack([ROWS, COLUMNS, ROWS // 2 + COLUMNS // 2], axis=2).astype(np.uint8),
    "circles": np.repeat((np.hypot(ROWS - 128, COLUMNS - 128) * 1.4)[:, :, np.newaxis], 3, axis=2).astype(np.uint8),
    "drawing": _drawing(),
    "heat map": _tiles(16),
    "small tiles": _tiles(4),
    "grey noise": np.repeat(RANDOM.integers(0, 256, (256, 256, 1), dtype=np.uint8), 3, axis=2),
    "few colours": RANDOM.integers(0, 256, (9, 3), dtype=np.uint8)[RANDOM.integers(0, 9, (256, 256))],
    "a mask": np.repeat(np.where(ROWS + 9 * np.sin(COLUMNS / 8) > 120, 255, 0)[:, :, None], 3, axis=2).astype(np.uint8),
    "black": np.zeros((256, 256, 3), np.uint8),
    "a photograph on black": np.concatenate((_landscape(64), np.zeros((192, 256, 3), np.uint8))),
    "a photograph between noise": np.concatenate(
        (RANDOM.integers(0, 256, (300, 600, 3), np.uint8), _landscape(300, 600))
    ),
}


def _read(data):
    """Return the pixels, shape (H, W, C), after Pillow has looked at each part of the file."""
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    with Image.open(io.BytesIO(data)) as picture:
        picture.verify()
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format == "PNG"
        pixels = np.asarray(picture)
        assert MODES[len(picture.getbands())] == picture.mode
        return pixels.reshape(*pixels.shape[:2], -1)


def _by_pillow(pixels):
    output = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(output, "PNG")
    return output.getvalue()


def _chunks(data):
    """Return the type and the content of each chunk, whose length and CRC are right, to the last byte."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = [], 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length) == (zlib.crc32(kind + content),)
        found.append((kind, content))
        at += 12 + length
    return found


@pytest.mark.parametrize("channels", MODES)
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (1, 100_000), (100_000, 1), (2, 2), (31, 33), (200, 1501)])
@pytest.mark.parametrize("content", ["noise", "smooth"])
def test_pixels_come_back(channels, size, content):
    shape = (*size, channels)
    pixels = RANDOM.integers(0, 256, shape, dtype=np.uint8)
    if content == "smooth":
        pixels = (np.add.outer(np.arange(size[0]), np.arange(size[1]))[:, :, np.newaxis] // 3 + pixels % 4).astype(
            np.uint8
        )
    np.testing.assert_array_equal(_read(encode_png(pixels)), pixels)


@pytest.mark.parametrize("name", PICTURES)
def test_images_of_any_kind_are_read_back(name):
    np.testing.assert_array_equal(_read(encode_png(PICTURES[name])), PICTURES[name])


@pytest.mark.parametrize("name", PICTURES)
def test_no_image_is_much_larger_than_pillow_makes_it(name):
    assert len(encode_png(PICTURES[name])) < max(4_000, 1.3 * len(_by_pillow(PICTURES[name])))


@pytest.mark.parametrize("channels", [2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (8, 8), (28, 28), (1, 1000)])
def test_a_small_image_is_the_file_that_pillow_writes(channels, size):
    pixels = RANDOM.integers(0, 256, (*size, channels), dtype=np.uint8)
    assert make_image(pixels).encoded_image_string == _by_pillow(pixels)


@settings(deadline=None)  # the machine may be busy
@given(
    hnp.arrays(
        np.uint8,
        st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 4)),
        elements=st.integers(0, 255),
    ),
    st.integers(1, 60),
    st.integers(1, 60),
)
def test_any_array_comes_back(array, down, right):
    """Repeated, so that there is something to find in it, and so often that it takes several blocks and strips."""
    pixels = np.tile(array, (down, right, 1))
    np.testing.assert_array_equal(_read(encode_png(pixels)), pixels)


@pytest.mark.parametrize("layout", ["channels first", "columns first", "upside down", "every other", "grey as colour"])
def test_any_layout_in_memory(layout):
    pixels = _landscape(180, 400)
    view = {
        "channels first": np.ascontiguousarray(pixels.transpose(2, 0, 1)).transpose(1, 2, 0),
        "columns first": np.asfortranarray(pixels),
        "upside down": pixels[::-1, ::-1],
        "every other": pixels[::2, ::2],
        "grey as colour": np.broadcast_to(pixels[:, :, :1], pixels.shape),
    }[layout]
    view.flags.writeable = False
    np.testing.assert_array_equal(_read(encode_png(view)), view)


@pytest.mark.parametrize(("channels", "colour_type"), [(1, 0), (2, 4), (3, 2), (4, 6)])
def test_the_parts_of_the_file(channels, colour_type):
    height, width = 300, 1000  # several strips
    pixels = np.resize(_landscape(height, width), (height, width, channels))
    chunks = _chunks(encode_png(pixels))
    assert [kind for kind, _ in chunks] == [b"IHDR", *[b"IDAT"] * (len(chunks) - 2), b"IEND"]
    assert chunks[0][1] == struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    assert len(chunks) > 3
    assert all(content for kind, content in chunks if kind == b"IDAT")
    assert chunks[-1][1] == b""
    decompressor = zlib.decompressobj()
    rows = decompressor.decompress(b"".join(content for kind, content in chunks if kind == b"IDAT"))
    assert decompressor.eof  # with the right checksum
    assert decompressor.unused_data == b""
    types = np.frombuffer(rows, np.uint8).reshape(height, 1 + width * channels)[:, 0]
    assert types.max() <= 4


def test_each_strip_of_a_mixed_image_has_its_own_compression():
    pixels = PICTURES["a photograph between noise"]
    alone = [len(encode_png(pixels[:300])), len(encode_png(pixels[300:]))]
    assert len(encode_png(pixels)) < 1.02 * sum(alone)
    assert alone[1] < 0.8 * alone[0]


@pytest.mark.parametrize("order", ["HWC", "CHW"])
def test_a_large_image_takes_little_memory_beyond_its_file(order):
    pixels = np.zeros((4000, 1400, 3) if order == "HWC" else (3, 4000, 1400), np.uint8)
    pixels = pixels if order == "HWC" else pixels.transpose(1, 2, 0)
    pixels[::100, ::7] = RANDOM.integers(0, 256, (40, 200, 3))
    encode_png(pixels[:10])
    tracemalloc.start()
    try:
        data = make_image(pixels).encoded_image_string
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert pixels.nbytes > 16e6
    assert peak < 3 * len(data) + 1.5e6
    assert len(data) < 1e6
    np.testing.assert_array_equal(_read(data), pixels)


def test_the_same_pixels_are_the_same_bytes():
    pixels = _landscape()
    assert encode_png(pixels) == encode_png(np.asfortranarray(pixels))


def test_stock_tensorboard_serves_the_same_pixels(tmp_path, tensorboard):
    opacity = np.clip(255 - np.hypot(ROWS - 128, COLUMNS - 128)[:, :, np.newaxis] * 2, 0, 255).astype(np.uint8)
    pictures = {
        **{name.replace(" ", "_"): pixels for name, pixels in PICTURES.items()},
        "rgba": np.concatenate((PICTURES["photograph"], opacity), axis=2),
        "grey_and_opacity": np.concatenate((PICTURES["photograph"][:, :, :1], opacity), axis=2),
        "dot": PICTURES["noise"][:1, :1],
        "line": PICTURES["gradient"][:1],
    }
    with SummaryWriter(tmp_path) as writer:
        for tag, pixels in pictures.items():
            writer.add_image(tag, pixels, 1, dataformats="HWC")
    shown = served.images(tensorboard(tmp_path))["."]
    assert set(shown) == set(pictures)
    for tag, pixels in pictures.items():
        [(step, found)] = shown[tag][0]
        assert step == 1
        np.testing.assert_array_equal(found, pixels)
