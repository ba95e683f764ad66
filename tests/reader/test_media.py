"""Pictures and sounds, decoded."""

from __future__ import annotations

import contextlib
import io
import struct
import wave

import numpy as np
import pytest
from PIL import Image

from tensorboardX import SummaryWriter
from tensorboardX.errors import InvalidValueError
from tensorboardX.reader import decode_audio, decode_image, open_logdir


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pixels_come_back(tmp_path, channels):
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, channels), dtype=np.uint8)
    output = io.BytesIO()
    Image.fromarray(pixels if channels > 1 else pixels[:, :, 0]).save(output, "PNG")
    decoded = decode_image(output.getvalue())
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, pixels)


def test_a_logged_picture_comes_back(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (3, 20, 30), dtype=np.uint8)
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_image("image", pixels, 1)
    [data] = open_logdir(tmp_path).images()["data"]
    np.testing.assert_array_equal(decode_image(data), pixels.transpose(1, 2, 0))


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "I;16"])
def test_other_kinds_of_pictures_become_grey_or_colours(mode):
    output = io.BytesIO()
    Image.new(mode, (3, 2)).save(output, "TIFF")
    decoded = decode_image(output.getvalue())
    assert (decoded.shape[:2], decoded.dtype) == ((2, 3), np.uint8)
    assert decoded.shape[2] in (1, 3)


def test_a_video_comes_back_frame_by_frame(tmp_path):
    frames = np.zeros((1, 4, 3, 16, 16), np.uint8)
    for index in range(4):
        frames[0, index, index % 3] = 255
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_video("video", frames, 1)
    [data] = open_logdir(tmp_path).images()["data"]
    np.testing.assert_array_equal(decode_image(data), frames[0].transpose(0, 2, 3, 1))


@pytest.mark.parametrize("data", [b"", b"text", b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_what_is_no_picture(data):
    with pytest.raises(InvalidValueError, match="a picture that cannot be decoded"):
        decode_image(data)


def test_a_logged_sound_comes_back(tmp_path):
    samples = np.random.default_rng(1).integers(-(2**15), 2**15, (100, 2), dtype=np.int16)
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_audio("sound", samples, 1, 8000)
    columns = open_logdir(tmp_path).audio()
    [data] = columns["data"]
    rate, decoded = decode_audio(data)
    assert (rate, decoded.dtype) == (8000, np.int16)
    np.testing.assert_array_equal(decoded, samples)
    facts = {name: columns[name][0] for name in ("sample_rate", "channels", "frames", "content_type")}
    assert facts == {"sample_rate": 8000.0, "channels": 2, "frames": 100, "content_type": "audio/wav"}


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_sounds_of_every_width(width):
    output = io.BytesIO()
    content = np.random.default_rng(1).bytes(20 * 2 * width)
    with wave.open(output, "wb") as sound:
        sound.setparams((2, width, 44100, 20, "NONE", ""))
        sound.writeframes(content)
    rate, decoded = decode_audio(output.getvalue())
    assert (rate, decoded.shape) == (44100, (20, 2))
    assert decoded.dtype == {1: np.uint8, 2: np.int16, 3: np.int32, 4: np.int32}[width]
    octets = decoded.astype(decoded.dtype.newbyteorder("<")).view(np.uint8).reshape(-1, decoded.itemsize)
    assert octets[:, -width:].tobytes() == content
    assert width != 3 or not octets[:, 0].any()


def riff(coding: int, bits: int, samples: bytes, extensible: bool = False) -> bytes:
    described = struct.pack("<HHIIHH", 0xFFFE if extensible else coding, 1, 8000, 8000 * bits // 8, bits // 8, bits)
    described += struct.pack("<HHIH", 22, bits, 4, coding) + bytes(14) if extensible else b""
    chunks = b"LIST" + struct.pack("<I", 3) + b"odd\0"
    chunks += (
        b"fmt " + struct.pack("<I", len(described)) + described + b"data" + struct.pack("<I", len(samples)) + samples
    )
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<i2"])
def test_sounds_of_floats_and_of_the_extensible_format(dtype, extensible):
    samples = np.array([0, 1, -1], dtype)
    data = riff(1 if dtype == "<i2" else 3, 8 * samples.itemsize, samples.tobytes(), extensible)
    rate, decoded = decode_audio(data)
    assert (rate, decoded.dtype) == (8000, samples.dtype)
    assert decoded[:, 0].tolist() == samples.tolist()


def test_a_sound_that_is_cut_off_has_the_frames_that_are_there():
    data = riff(1, 16, bytes(100))
    assert decode_audio(data[:-11])[1].shape == (44, 1)


@pytest.mark.parametrize("data", [b"", b"text" * 9, b"RIFF1234WAVE", riff(1, 12, b"xx"), riff(7, 8, b"x"), b"OggS"])
def test_what_is_no_sound(data):
    with pytest.raises(InvalidValueError, match="WAV"):
        decode_audio(data)


def test_every_cut_of_a_sound_is_a_sound_or_refused():
    data = riff(1, 16, bytes(10), True)
    for end in range(len(data)):
        with contextlib.suppress(InvalidValueError):
            decode_audio(data[:end])
