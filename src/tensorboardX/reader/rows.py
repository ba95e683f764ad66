"""The rows that one value makes, for the kinds of which each value stands for itself.

Formats: summary.proto, and for tensors the plugins of TensorBoard: histograms [K, 3] of left, right and count, images
[2 + N] of width, height and N pictures, audio [N] or [N, 2] of sounds and labels, pr_curves [6, T].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..errors import InvalidValueError
from ..proto.summary_pb2 import Summary
from .media import wav_format
from .tensors import Array, array_of
from .values import AUDIO, HISTOGRAMS, IMAGES, PR_CURVES, TENSORS, TEXTS, TagMetadata

Rows = Iterable[tuple[Any, ...]]

_CURVES = 6
_MOST_DIGITS = 10  # of a number of pixels
_WAV = "audio/wav"


def _histogram(value: Summary.Value, metadata: TagMetadata) -> Rows:
    if value.HasField("histo"):
        histogram = value.histo
        right, count = np.array(histogram.bucket_limit, np.float64), np.array(histogram.bucket, np.float64)
        first = np.minimum(histogram.min, right[:1])  # the leftmost bucket begins at the least value
        facts = (histogram.min, histogram.max, histogram.num, histogram.sum, histogram.sum_squares)
        return [(*facts, np.concatenate((first, right[:-1])), right, count)]
    buckets = _numbers(value)
    if buckets.ndim != 2 or buckets.shape[1] != 3:
        raise InvalidValueError(f"a histogram of shape {buckets.shape}, not [K, 3]")
    left, right, count = buckets.astype(np.float64).T.copy()
    low, high = (left[0], right[-1]) if len(left) else (np.nan, np.nan)
    return [(low, high, count.sum(), np.nan, np.nan, left, right, count)]


def _images(value: Summary.Value, metadata: TagMetadata) -> Rows:
    if value.HasField("image"):
        image = value.image
        return [(0, image.height, image.width, image.encoded_image_string)]
    strings = _strings(value).reshape(-1).tolist()
    sizes = [int(text) for text in strings[:2] if text.isdigit() and len(text) < _MOST_DIGITS]
    if len(sizes) < 2:
        raise InvalidValueError("pictures without their width and height")
    width, height = sizes
    return [(index, height, width, data) for index, data in enumerate(strings[2:])]


def _audio(value: Summary.Value, metadata: TagMetadata) -> Rows:
    if value.HasField("audio"):
        sound = value.audio
        facts = (sound.sample_rate, sound.num_channels, sound.length_frames, sound.content_type)
        return [(0, *facts, sound.encoded_audio_string)]
    strings = _strings(value)
    sounds = strings[:, 0] if strings.ndim == 2 and strings.shape[1] else strings.reshape(-1)
    return [(index, *_facts(data), data) for index, data in enumerate(sounds.tolist())]


def _facts(data: bytes) -> tuple[float, int, int, str]:
    """Return frames a second, channels, frames and type of a sound, as far as it tells."""
    found = wav_format(data)
    return (np.nan, 0, 0, "") if found is None else (float(found.rate), found.channels, found.frames, _WAV)


def _text(value: Summary.Value, metadata: TagMetadata) -> Rows:
    strings = _strings(value)
    texts = np.empty(strings.size, object)
    texts[:] = [string.decode("utf-8", "replace") for string in strings.reshape(-1).tolist()]
    return [(texts[0] if texts.size == 1 else texts.reshape(strings.shape),)]


def _curve(value: Summary.Value, metadata: TagMetadata) -> Rows:
    curve = _numbers(value)
    if curve.ndim != 2 or len(curve) != _CURVES:
        raise InvalidValueError(f"a precision-recall curve of shape {curve.shape}, not [6, T]")
    return [tuple(curve.astype(np.float64))]


def _tensor(value: Summary.Value, metadata: TagMetadata) -> Rows:
    return [(metadata.plugin, array_of(value.tensor))]


def _strings(value: Summary.Value) -> Array:
    array = array_of(value.tensor)
    if array.dtype != object:
        raise InvalidValueError(f"a tensor of {array.dtype}, not of strings")
    return array


def _numbers(value: Summary.Value) -> Array:
    array = array_of(value.tensor)
    if array.dtype.kind not in "biuf":
        raise InvalidValueError(f"a tensor of {array.dtype}, not of real numbers")
    return array


ROWS: dict[str, tuple[dict[str, type], Callable[[Summary.Value, TagMetadata], Rows]]] = {
    HISTOGRAMS: (
        {
            **dict.fromkeys(("min", "max", "num", "sum", "sum_squares"), np.float64),
            **dict.fromkeys(("left", "right", "count"), object),
        },
        _histogram,
    ),
    IMAGES: ({"index": np.int64, "height": np.int64, "width": np.int64, "data": object}, _images),
    AUDIO: (
        {
            "index": np.int64,
            "sample_rate": np.float64,
            "channels": np.int64,
            "frames": np.int64,
            "content_type": object,
            "data": object,
        },
        _audio,
    ),
    TEXTS: ({"text": object}, _text),
    PR_CURVES: (dict.fromkeys(("tp", "fp", "tn", "fn", "precision", "recall"), object), _curve),
    TENSORS: ({"plugin": object, "value": object}, _tensor),
}
"""For each of these kinds the dtypes of its columns, and what makes the rows of one value."""
