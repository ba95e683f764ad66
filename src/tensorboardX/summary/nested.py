"""Nested dicts of values of several kinds, as `SummaryWriter.log` takes them: flat tags, and the kind of each value.

Nothing is converted here and no device is waited for: a kind follows from the type and the shape of a value.
"""

from __future__ import annotations

import contextlib
import math
import numbers
import sys
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from PIL import Image

from ..errors import InvalidTypeError, InvalidValueError, RefusedValueError, describe, shown, type_error
from ..values.arrays import Array, to_float, to_numpy
from ..values.figures import render
from .table import is_frame
from .tags import check_tag, clean_tag, kept_tag

Kind = Literal["scalar", "histogram", "text", "figure", "image", "table"]

ACCEPTED = (
    "a number, a string, an array, a list of numbers, a matplotlib figure, a PIL image, a DataFrame, None, "
    "or a dict of these"
)
_NUMBERS = (float, int, bool, np.float32, np.float64)  # the most frequent types
_DEEPEST = 100  # dicts within dicts; one that holds itself is deeper
_AS_THEY_ARE = ("1", "L", "LA", "RGB", "RGBA")  # modes of Pillow whose pixels are those of an image here


Item = tuple[str, Kind, Any]
"""One value of a nested dict: the keys that lead to it, joined by slashes, what it is, and the value."""


def items_of(values: Any) -> list[Item]:
    """Return the values of a nested dict in their order, without those that are None.

    Keys are strings or integers. A named tuple counts as a dict of its fields. What is a number, or an array or list
    of one element, is a scalar; larger and empty ones are histograms.

    Raises TypeError or ValueError that names the joined keys: for values and keys of other types, for two values that
    would be stored under one tag, and for a dict that holds itself.
    """
    if not isinstance(values, Mapping):
        raise InvalidTypeError(f"values: got {describe(values)}; accepted is a dict")
    items: list[Item] = []
    _flatten(values, "", 0, items)
    stored: dict[str, str] = {}
    for tag, kind, _ in items:
        name = f"{kept_tag(tag)}/text_summary" if kind in ("text", "table") else clean_tag(tag)
        if name in stored:
            raise RefusedValueError(f"tag {shown(tag)}: got two values, both stored as {shown(name)}; accepted is one")
        stored[name] = tag
    return items


def call_of(item: Item) -> tuple[str, dict[str, Any]]:
    """Return the method of SummaryWriter that logs a value alone, and its arguments beside the tag and the step.

    Raises TypeError or ValueError that names the tag, for a number or picture that cannot be read.
    """
    tag, kind, value = item
    if kind == "scalar":
        return "add_scalar", {"scalar_value": to_float(value, tag)}
    if kind == "histogram":
        return "add_histogram", {"values": value}
    if kind == "text":
        return "add_text", {"text_string": value}
    if kind == "table":
        return "add_table", {"rows": value}
    if kind == "figure":
        pixels, dataformats = render(tag, value), "NCHW" if isinstance(value, (list, tuple)) else "CHW"
    else:
        pixels, dataformats = _pixels_of(tag, value)
    return "add_image", {"img_tensor": pixels, "dataformats": dataformats}


def _as_colours(image: Image.Image) -> Image.Image:
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _pixels_of(tag: str, image: Any) -> tuple[Array, str]:
    """Return the pixels of a PIL image, and their axes: HW or HWC. Images in a list have one size and become NHWC."""
    if isinstance(image, (list, tuple)):
        pictures = [np.asarray(_as_colours(item)) for item in image]
        shapes = {picture.shape for picture in pictures}
        if len(shapes) > 1:
            found = ", ".join(map(str, sorted(shapes)[:3]))
            raise RefusedValueError(f"tag {shown(tag)}: got images of shapes {found}; accepted is images of one size")
        return np.stack(pictures), "NHWC"
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):  # numbers, not colours: by the rules of `image`
        pixels = np.asarray(image)
        return (pixels / 65535 if image.mode.startswith("I;16") else pixels), "HW"
    pixels = np.asarray(image if image.mode in _AS_THEY_ARE else _as_colours(image))
    pixels = pixels.astype(np.uint8) * 255 if pixels.dtype == bool else pixels
    return pixels, "HW" if pixels.ndim == 2 else "HWC"


def _flatten(values: Mapping[Any, Any], prefix: str, depth: int, items: list[Item]) -> None:
    """Append the values of a dict to `items`."""
    if depth > _DEEPEST:
        raise RefusedValueError(f"tag {shown(prefix)}: got dicts nested more than {_DEEPEST} deep")
    for key, value in _pairs(prefix, values):
        tag = prefix + (key if type(key) is str else _text_of_key(prefix, key))
        if type(value) in _NUMBERS:  # most of them
            items.append((tag, "scalar", value))
        elif isinstance(value, Mapping):
            _flatten(value, f"{tag}/", depth + 1, items)
        elif isinstance(value, tuple) and hasattr(value, "_asdict"):
            _flatten(value._asdict(), f"{tag}/", depth + 1, items)
        elif value is not None:
            items.append((tag, _checked_kind(tag, value), value))


def _pairs(prefix: str, values: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    try:
        return list(values.items())
    except Exception as error:  # whatever a dict of another library raises
        raise type_error(prefix.rstrip("/"), values, "a dict that can be read") from error


def _text_of_key(prefix: str, key: Any) -> str:
    if isinstance(key, str):  # of a subclass
        return check_tag(key)
    if isinstance(key, numbers.Integral) and not isinstance(key, bool):  # the number of a layer, say
        return str(int(key))
    raise type_error(f"{prefix}{key}", key, "a key that is a string or an integer")


def _checked_kind(tag: str, value: Any) -> Kind:
    try:
        return _kind_of(tag, value)
    except (InvalidTypeError, InvalidValueError):
        raise
    except Exception as error:  # an attribute of a user's object raises
        raise type_error(tag, value, ACCEPTED) from error


def _kind_of(tag: str, value: Any) -> Kind:
    if isinstance(value, str):
        return "text"
    if isinstance(value, (bool, int, float, numbers.Number)):
        return "scalar"
    if is_frame(value):
        return "table"
    if isinstance(value, (list, tuple)) and value:
        if all(isinstance(item, Image.Image) for item in value):
            return "image"
        if all(_is_figure(item) for item in value):
            return "figure"
        if any(isinstance(item, (str, bytes, Mapping)) for item in value):
            raise type_error(tag, value, f"{ACCEPTED}; add_table takes lists of texts and of dicts")
    if isinstance(value, Image.Image):
        return "image"
    if _is_figure(value):
        return "figure"
    return "scalar" if _size_of(tag, value) == 1 else "histogram"


def _is_figure(value: Any) -> bool:
    figure = sys.modules.get("matplotlib.figure")
    return figure is not None and isinstance(value, figure.Figure)


def _size_of(tag: str, value: Any) -> int:
    """Return the number of elements, by the shape where there is one: no device is waited for."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, (tuple, list)):  # torch.Size is a tuple, as the shapes of all but TensorFlow are
        with contextlib.suppress(TypeError, ValueError):
            return math.prod(int(length) for length in shape)
    try:
        return to_numpy(value, tag).size
    except TypeError as error:
        raise type_error(tag, value, ACCEPTED) from error
