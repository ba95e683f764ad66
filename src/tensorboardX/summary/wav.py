"""Audio, as WAV."""

from __future__ import annotations

import struct
from functools import partial
from typing import Any

import numpy as np

from ..errors import type_error, value_error
from ..notices import warn_once
from ..proto.summary_pb2 import Summary
from ..values.arrays import Array, owned, to_float, to_numpy
from .metadata import plugin_metadata
from .size import MOST_BYTES
from .tags import blob_tag
from .wire import Buffer, field, integer, packed, summary

_NUMBERS = frozenset((np.float16, np.float32, np.float64, np.int16, np.int32))
_HIGHEST_RATE = 2**30 - 1  # WAV stores the bytes of a second, up to four a frame, in 32 bits
_MOST_SAMPLES = MOST_BYTES // 2 - 64
_BLOCK = 1 << 14  # samples that are converted at once: they fit into the cache of a core
_PCM = 1
_pack_header = struct.Struct("<4sI4s4sIHHIIHH4sI").pack


def audio(tag: str, tensor: Any, sample_rate: Any = 44100) -> Summary:
    """Return the Summary of audio, as a WAV file of 16-bit PCM.

    Args:
        tag: the tag; kept as it is, but for `_` in place of quotes, backslashes and control characters.
        tensor: samples, shape (L,), (L, 1) or (L, 2), L being the number of frames; (1, L) is one channel too,
            where L is more than 2. Floats are in [-1, 1]: what is beyond is clipped and NaN becomes 0, with one warning
            per tag. int16 is stored as it is, int32 by its upper 16 bits.
        sample_rate: frames per second, at least 1; a fraction is cut off.

    Raises TypeError or ValueError that names the tag. Format: http://soundfile.sapp.org/doc/WaveFormat/.
    """
    return Summary.FromString(_encode(*_checked(tag, tensor, sample_rate)))


def prepare_audio(tag: str, tensor: Any, sample_rate: Any = 44100) -> partial[bytes]:
    """Check and copy the arguments of `audio`; the call of what is returned encodes them.

    A value with tag and metadata only comes first, by which TensorBoard's data server knows that the audio is WAV.
    The audio itself has no metadata, like the original's: some readers skip values of a plugin that they do not know.
    """
    return partial(_encode_marked, *_checked(tag, tensor, sample_rate))


def _checked(tag: str, tensor: Any, sample_rate: Any) -> tuple[str, Array, int]:
    tag = blob_tag(tag)
    samples = to_numpy(tensor, tag)
    if samples.dtype.type not in _NUMBERS:
        raise type_error(tag, samples, "audio of floats in [-1, 1], int16 or int32")
    if samples.ndim == 1 or (samples.ndim == 2 and samples.shape[0] == 1 and samples.shape[1] > 2):
        samples = samples.reshape(-1, 1)
    if samples.ndim != 2 or samples.shape[1] not in (1, 2):
        raise value_error(tag, samples, "audio of shape (L,), (L, 1), (L, 2) or (1, L)")
    if not 0 < samples.size <= _MOST_SAMPLES:
        raise value_error(tag, samples, f"audio of 1 to {_MOST_SAMPLES} samples")
    return tag, owned(samples, tensor), _checked_rate(tag, sample_rate)


def _checked_rate(tag: str, sample_rate: Any) -> int:
    rate = to_float(sample_rate, tag)
    if not 1 <= rate <= _HIGHEST_RATE:
        raise value_error(tag, sample_rate, f"a sample_rate from 1 to {_HIGHEST_RATE}")
    return int(rate)


def _encode(tag: str, samples: Array, rate: int) -> bytes:
    """Return the bytes of the Summary. Format of its Audio: tensorboard/compat/proto/summary.proto."""
    frames, channels = samples.shape
    clip = [
        struct.pack("<Bf", 1 << 3 | 5, rate),
        integer(2, channels),
        integer(3, frames),
        *field(4, *_wav(_to_int16(tag, samples), rate)),
        packed(5, b"audio/wav"),
    ]
    return summary(tag, *field(6, *clip))


def _encode_marked(tag: str, samples: Array, rate: int) -> bytes:
    """Return the audio after a value that marks it as WAV, for the data server, which ignores `content_type`.

    Format: tensorboard/plugins/audio/plugin_data.proto, field 2 of which, the encoding, is 11. With a data class the
    Python loader would take the empty label for a second audio clip.
    """
    metadata = plugin_metadata("audio", b"\x10\x0b").SerializeToString()
    return summary(tag, packed(9, metadata)) + _encode(tag, samples, rate)


def _to_int16(tag: str, samples: Array) -> Array:
    """Return samples as little-endian 16-bit integers, the same as libsndfile makes of them."""
    if samples.dtype.kind == "i":
        return (samples if samples.itemsize == 2 else samples >> 16).astype("<i2")
    floats = samples.astype(np.float64 if samples.itemsize == 8 else np.float32, copy=False)
    if not (floats.min() >= -1 and floats.max() <= 1):  # NaN fails both
        warn_once(tag, "audio out of [-1, 1] is clipped, and NaN becomes 0")
        floats = np.nan_to_num(floats, nan=0.0, posinf=1.0, neginf=-1.0).clip(-1, 1)
    integers = np.empty(floats.shape, "<i2")
    for start in range(0, len(floats), _BLOCK):
        _quantize(floats[start : start + _BLOCK], integers[start : start + _BLOCK])
    return integers


def _quantize(floats: Array, integers: Array) -> None:
    """Round to 32 bits, of which the lower 16 are cut off: what is just below 0 stays 0."""
    scaled = floats * floats.dtype.type(2.0**31)
    np.rint(scaled, out=scaled)
    scaled *= 2.0**-16
    np.floor(scaled, out=scaled)
    np.minimum(scaled, 2.0**15 - 1, out=scaled)
    np.copyto(integers, scaled, casting="unsafe")


def _wav(samples: Array, rate: int) -> list[Buffer]:
    """Return the header of a WAV file of 16-bit PCM, and its data."""
    data = samples.reshape(-1).data.cast("B")
    channels = samples.shape[1]
    frame = 2 * channels
    parts = (b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, _PCM, channels, rate, rate * frame, frame, 16, b"data")
    return [_pack_header(*parts, len(data)), data]
