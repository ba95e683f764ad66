"""Pictures, animations and sounds, decoded on request: in the columns they are as they lie in the file."""

from __future__ import annotations

import io
from struct import Struct, error
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import InvalidValueError, reason

_CHUNK = Struct("<4sI")
_FORMAT = Struct("<HHIIHH")
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE


class WavFormat(NamedTuple):
    """What the header of a WAV file tells.

    Attributes:
        rate: frames a second.
        channels: samples in a frame.
        frames: how many there are.
        bits: of one sample.
        is_float: whether samples are floats; integers otherwise.
        data: where the samples begin.
    """

    rate: int
    channels: int
    frames: int
    bits: int
    is_float: bool
    data: int


def decode_image(data: bytes) -> npt.NDArray[Any]:
    """Return the pixels of an encoded picture, uint8 of shape (H, W, C), or (T, H, W, C) of one that is animated.

    C is 1 for grey, 2 with opacity, 3 for RGB and 4 with opacity. Raises InvalidValueError if Pillow cannot decode it.
    """
    from PIL import Image, ImageSequence

    try:
        with Image.open(io.BytesIO(data)) as picture:
            if getattr(picture, "n_frames", 1) > 1:
                return np.stack([np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(picture)])
            mode = picture.mode
            pixels = np.array(picture if mode in ("L", "LA", "RGB", "RGBA") else picture.convert(_mode(mode)))
    except Exception as problem:  # of a file that is damaged, Pillow raises many kinds
        raise InvalidValueError(f"a picture that cannot be decoded: {reason(problem)}") from problem
    return pixels[:, :, np.newaxis] if pixels.ndim == 2 else pixels


def _mode(mode: str) -> str:
    return "L" if mode in ("1", "I", "F", "I;16") else "RGBA" if mode in ("PA", "La", "RGBa") else "RGB"


def decode_audio(data: bytes) -> tuple[int, npt.NDArray[Any]]:
    """Return the frames a second of a WAV file, and its samples, shape (frames, channels).

    Samples of 8 bits come as uint8, of 16 as int16, of 24 and 32 as int32 (those of 24 in the upper bits), and floats
    as float32 or float64. Raises InvalidValueError for anything else. Format: http://soundfile.sapp.org/doc/WaveFormat/.
    """
    found = wav_format(data)
    if found is None:
        raise InvalidValueError("a sound that is not in the WAV format")
    samples = data[found.data : found.data + found.frames * found.channels * found.bits // 8]
    if found.is_float:
        array = np.frombuffer(samples, f"<f{found.bits // 8}")
    elif found.bits == 24:
        octets = np.zeros((found.frames * found.channels, 4), np.uint8)
        octets[:, 1:] = np.frombuffer(samples, np.uint8).reshape(-1, 3)
        array = octets.view("<i4")[:, 0]
    else:
        array = np.frombuffer(samples, {8: "u1", 16: "<i2", 32: "<i4"}[found.bits])
    return found.rate, array.reshape(found.frames, found.channels)


def wav_format(data: bytes) -> WavFormat | None:
    """Return what the header of a WAV file tells; None for what is none, or is of another coding."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return None
    position, described = 12, None
    try:
        while position + _CHUNK.size <= len(data):
            name, size = _CHUNK.unpack_from(data, position)
            position += _CHUNK.size
            if name == b"fmt ":
                described = _FORMAT.unpack_from(data, position)
                if described[0] == _EXTENSIBLE:  # the coding is at the beginning of its last 16 bytes
                    described = (int.from_bytes(data[position + 24 : position + 26], "little"), *described[1:])
            elif name == b"data":
                return None if described is None else _checked(described, position, min(size, len(data) - position))
            position += size + size % 2
    except error:  # it ends within a chunk
        return None
    return None


def _checked(described: tuple[int, ...], position: int, size: int) -> WavFormat | None:
    coding, channels, rate, _, _, bits = described
    is_known = bits in (8, 16, 24, 32) if coding == _PCM else coding == _FLOAT and bits in (32, 64)
    if not is_known or not channels:
        return None
    return WavFormat(rate, channels, size // (channels * bits // 8), bits, coding == _FLOAT, position)
