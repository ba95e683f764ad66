"""The kinds of values that a life logs, and how each is recognised in an event file.

Every value carries an ordinal, a whole number below 2**24, in its content: so an event that is read back says by
itself which call it comes from, and that what was stored is what was logged.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.random import default_rng  # now: NumPy's own lazy import does not survive a fork

from tensorboardX.background.entries import QUICK_BYTES
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary

SUB_RUNS = {"scalars": ("x", "y"), "crowd": tuple(f"k{number}" for number in range(60))}
"""Keys of `add_scalars`, by kind: those of a crowd are more than there are files open at once."""

PARTS = ("x", "y", "z")
"""Last parts of the tags of `add_scalars_at_step`."""

_TEXT = "number {} " + "of many words " * 20


class Kind(NamedTuple):
    """A kind of value: `log(writer, tag, ordinals, seconds)` logs one for each ordinal, `read(value)` returns it."""

    log: Callable[[Any, str, range, float], None]
    read: Callable[[Any], int]


class Stepless:
    """A writer whose methods leave the step to be found: a GlobalSummaryWriter, or one within `use_metadata`."""

    def __init__(self, writer: Any, use_step: Callable[[int], AbstractContextManager[Any]]) -> None:
        self._writer = writer
        self._use_step = use_step

    def __getattr__(self, name: str) -> Callable[..., None]:
        def call(tag: str, value: Any, step: int) -> None:
            with self._use_step(step):
                getattr(self._writer, name)(tag, value)

        return call


def _each(log: Callable[[Any, str, int], None]) -> Callable[[Any, str, range, float], None]:
    def log_each(writer: Any, tag: str, ordinals: range, seconds: float) -> None:
        for ordinal in ordinals:
            log(writer, tag, ordinal)

    return log_each


def _file_writer(writer: Any) -> Any:
    return writer._get_file_writer() if hasattr(writer, "_get_file_writer") else writer


# ---- what is logged


def _digits(ordinal: int) -> tuple[int, int, int]:
    return ordinal >> 16, ordinal >> 8 & 255, ordinal & 255


def _picture(side: int, ordinal: int) -> np.ndarray:
    """Noise, so that it takes its time, with the ordinal in its first pixel."""
    picture = default_rng(ordinal).integers(0, 256, (3, side, side), dtype=np.uint8)
    picture[:, 0, 0] = _digits(ordinal)
    return picture


def _film(side: int, frames: int, ordinal: int) -> np.ndarray:
    """Frames of few colours, the ordinal in the first pixel of the first one."""
    film = np.zeros((1, frames, 3, side, side), np.uint8)
    film[0, :, 0] = default_rng(ordinal).integers(0, 8, (frames, side, side)) * 32
    film[0, 0, :, 0, 0] = _digits(ordinal)
    return film


def _simple(tag: str, ordinal: int) -> Summary:
    return Summary(value=[Summary.Value(tag=tag, simple_value=ordinal)])


def _encode_slowly(tag: str, ordinal: int, seconds: float, payload: np.ndarray) -> Summary:
    time.sleep(seconds)
    return _simple(tag, ordinal)


def _log_slow(writer: Any, tag: str, ordinals: range, seconds: float) -> None:
    """Log what takes long to encode, as large values do."""
    payload = np.zeros(QUICK_BYTES + 1, np.uint8)
    for ordinal in ordinals:
        _file_writer(writer).add_deferred(tag, partial(_encode_slowly, tag, ordinal, seconds, payload), ordinal)


def _log_series(writer: Any, tag: str, ordinals: range, seconds: float) -> None:
    writer.add_scalar_series(tag, list(ordinals), list(ordinals))


# ---- what is read back


def _read_scalar(value: Any) -> int:
    return int(value.simple_value) if value.HasField("simple_value") else int(_read_array(value).item())


def _read_array(value: Any) -> np.ndarray:
    from tensorboard.util.tensor_util import make_ndarray

    return make_ndarray(value.tensor)


def _read_picture(value: Any) -> int:
    from PIL import Image

    red, green, blue = Image.open(io.BytesIO(value.image.encoded_image_string)).convert("RGB").getpixel((0, 0))
    return red << 16 | green << 8 | blue


def _read_text(value: Any) -> int:
    text = value.tensor.string_val[0].decode()
    ordinal = int(text.split()[1])
    if text != _TEXT.format(ordinal):
        raise ValueError(f"not the text that was logged: {text!r}")
    return ordinal


def _read_constant(value: Any) -> int:
    array = _read_array(value)
    if not (array == array.flat[0]).all():
        raise ValueError("not the array that was logged")
    return int(array.flat[0])


def _constant(count: int, ordinal: int) -> np.ndarray:
    return np.full(count, ordinal, np.float32)


KINDS: dict[str, Kind] = {
    "burst": Kind(_each(lambda w, tag, n: w.add_scalar(tag, float(n), n)), _read_scalar),
    "scalar": Kind(_each(lambda w, tag, n: w.add_scalar(tag, float(n), n)), _read_scalar),
    "number": Kind(_each(lambda w, tag, n: w.add_scalar(tag, np.float32(n), np.int64(n))), _read_scalar),
    "named": Kind(_each(lambda w, tag, n: w.add_scalar(tag, float(n), n, None, "a name")), _read_scalar),
    "modern": Kind(_each(lambda w, tag, n: w.add_scalar(tag, float(n), n, new_style=True)), _read_scalar),
    "scalars": Kind(
        _each(lambda w, tag, n: w.add_scalars(tag, dict.fromkeys(SUB_RUNS["scalars"], float(n)), n)), _read_scalar
    ),
    "crowd": Kind(
        _each(lambda w, tag, n: w.add_scalars(tag, dict.fromkeys(SUB_RUNS["crowd"], float(n)), n)), _read_scalar
    ),
    "at_step": Kind(
        _each(lambda w, tag, n: w.add_scalars_at_step({f"{tag}/{part}": float(n) for part in PARTS}, n)), _read_scalar
    ),
    "series": Kind(_log_series, _read_scalar),
    "histogram": Kind(
        _each(lambda w, tag, n: w.add_histogram(tag, _constant(100, n), n)), lambda value: int(value.histo.min)
    ),
    "image": Kind(_each(lambda w, tag, n: w.add_image(tag, _picture(8, n), n)), _read_picture),
    "poster": Kind(_each(lambda w, tag, n: w.add_image(tag, _picture(600, n), n)), _read_picture),
    "video": Kind(_each(lambda w, tag, n: w.add_video(tag, _film(8, 3, n), n)), _read_picture),
    "film": Kind(_each(lambda w, tag, n: w.add_video(tag, _film(96, 24, n), n)), _read_picture),
    "text": Kind(_each(lambda w, tag, n: w.add_text(tag, _TEXT.format(n), n)), _read_text),
    "tensor": Kind(_each(lambda w, tag, n: w.add_tensor(tag, _constant(10, n), n)), _read_constant),
    "block": Kind(_each(lambda w, tag, n: w.add_tensor(tag, _constant(16384, n), n)), _read_constant),
    "summary": Kind(_each(lambda w, tag, n: _file_writer(w).add_summary(_simple(tag, n), n)), _read_scalar),
    "event": Kind(_each(lambda w, tag, n: _file_writer(w).add_event(Event(summary=_simple(tag, n)), n)), _read_scalar),
    "slow": Kind(_log_slow, _read_scalar),
}
"""By name. The name is the last part of the tag; see `tag_of`."""

OF_GLOBAL = ("scalar", "histogram", "image", "text", "tensor", "video")
"""Those that a GlobalSummaryWriter takes, and that go by `Stepless`."""

OF_FILE = ("scalar", "summary", "event", "slow")
"""Those that a FileWriter takes."""


def tag_of(process: str, thread: str, writer: int, kind: str) -> str:
    """Return the tag of what one thread logs with one writer. It is one safe name, for a directory too."""
    return f"{process}-{thread}-{writer}-{kind}"


def kind_of(tag: str) -> str:
    """Return the kind of what is stored under a tag."""
    return tag.partition("/")[0].rpartition("-")[2]


def stored_under(kind: str, tag: str) -> str:
    """Return the first tag of the event of a call with this tag."""
    return {"text": f"{tag}/text_summary", "at_step": f"{tag}/{PARTS[0]}"}.get(kind, tag)


def directories(kind: str, run: str, tag: str) -> list[str]:
    """Return the directories, below that of the life's logs, that get an event of each call."""
    return [f"{run}/{tag}/{key}" for key in SUB_RUNS[kind]] if kind in SUB_RUNS else [run]
