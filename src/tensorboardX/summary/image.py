"""Images, one or a batch as a grid, with boxes if wanted."""

from __future__ import annotations

import functools
import io
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from ..errors import InvalidValueError, describe, type_error, value_error
from ..notices import warn_once
from ..proto.summary_pb2 import Summary
from ..values.arrays import Array, owned, to_float, to_numpy, to_owned
from .layout import GRID_COLUMNS, check_axes, convert_to_HWC
from .png import encode_png
from .size import check_size
from .tags import blob_tag, clean_tag, to_text
from .wire import Buffer, field, integer, summary

FORMATS = ("PNG", "JPEG", "WEBP")
"""The formats of images."""

# How Pillow writes them: the most pixels a side, the modes that they store, and options.
_PILLOW_FORMATS: dict[str, tuple[int, tuple[str, ...], dict[str, Any]]] = {
    "PNG": (65_535, ("L", "LA", "RGB", "RGBA"), {}),
    "JPEG": (65_535, ("L", "RGB"), {"quality": 90}),
    "WEBP": (16_383, ("RGB", "RGBA"), {"quality": 90}),
}

# Bytes of pixels. So small an image Pillow encodes as fast as `encode_png`, and then its file is that of the original.
_SMALL = 4096

_IMAGE_AXES = ("HW", "CHW", "NCHW")
_CHANNELS = (1, 2, 3, 4)
_FARTHEST = 1e6  # pixels; Pillow cannot draw at coordinates beyond 32 bits
_MOST_RESCALED = 2**28  # pixels times channels of an image that is made larger
_LONGEST_LABEL = 1000  # characters; Pillow refuses a million
_CONVERTED = 1 << 16  # numbers that are converted at once: they fit into the cache of a core


def image(tag: str, tensor: Any, rescale: float = 1, dataformats: str = "CHW") -> Summary:
    """Return the Summary of an image, as PNG under the cleaned tag.

    Args:
        tag: the tag.
        tensor: an array or tensor, shape as `dataformats` says, with 1, 2, 3 or 4 channels: grey or RGB, and opacity
            or not. uint8 is taken as it is, and so are other integers from 0 to 255 that are not all 0 or 1; every
            other array is multiplied by 255, and what is then out of [0, 255] is clamped.
        rescale: factor on both sides of the stored image.
        dataformats: a permutation of HW, CHW or NCHW; a batch becomes a grid eight images wide.

    Raises TypeError or ValueError that names the tag.
    """
    return Summary.FromString(prepare_image(tag, tensor, rescale, dataformats)())


def prepare_image(
    tag: str, tensor: Any, rescale: float = 1, dataformats: str = "CHW", image_format: str = "PNG"
) -> partial[bytes]:
    """Check and copy the arguments of `image`; the call of what is returned encodes them, in a format of `FORMATS`."""
    tag = clean_tag(tag)
    return partial(_encode, tag, *_checked(tag, tensor, dataformats, rescale, image_format), image_format)


def image_boxes(
    tag: str,
    tensor_image: Any,
    tensor_boxes: Any,
    rescale: float = 1,
    dataformats: str = "CHW",
    labels: Sequence[str] | None = None,
) -> Summary:
    """Return the Summary of an image with red boxes drawn on it. As `image`, but for the tag.

    Args:
        tag: the tag; kept as it is, but for `_` in place of quotes, backslashes and control characters.
        tensor_boxes: shape (N, 4), each row (xmin, ymin, xmax, ymax) in pixels.
        labels: a text for each box.

    Raises TypeError or ValueError that names the tag.
    """
    return Summary.FromString(prepare_image_boxes(tag, tensor_image, tensor_boxes, rescale, dataformats, labels)())


def prepare_image_boxes(
    tag: str,
    tensor_image: Any,
    tensor_boxes: Any,
    rescale: float = 1,
    dataformats: str = "CHW",
    labels: Sequence[str] | None = None,
    image_format: str = "PNG",
) -> partial[bytes]:
    """Check and copy the arguments of `image_boxes`; the call of what is returned encodes them."""
    tag = blob_tag(tag)
    boxes = to_owned(tensor_boxes, tag)
    boxes = boxes if boxes.size else np.zeros((0, 4))  # of a detector that found nothing, in whatever shape
    if boxes.dtype.kind == "c":
        raise type_error(tag, tensor_boxes, "boxes of real numbers")
    with np.errstate(over="ignore"):  # what is beyond float64 becomes infinite, and is refused
        boxes = boxes.astype(np.float64)
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all():
        raise value_error(tag, tensor_boxes, "boxes of shape (N, 4), finite pixels xmin, ymin, xmax, ymax")
    texts = _checked_labels(tag, labels, len(boxes))
    boxes = boxes.clip(-_FARTHEST, _FARTHEST)
    checked = _checked(tag, tensor_image, dataformats, rescale, image_format)
    preload_drawing()
    return partial(_encode, tag, *checked, image_format, boxes, texts)


def make_image(
    tensor: Array,
    rescale: float = 1,
    rois: Array | None = None,
    labels: Sequence[str] | None = None,
    image_format: str = "PNG",
) -> Summary.Image:
    """Return an image in the message that TensorBoard reads.

    Args:
        tensor: uint8, shape (H, W, C), C being 2, 3 or 4.
        rescale: factor on both sides.
        rois: boxes to draw, shape (N, 4).
        labels: a text for each box.
        image_format: one of `FORMATS`. What is too large for it becomes PNG; JPEG leaves out alpha.
    """
    return Summary.Image.FromString(b"".join(_image(tensor, rescale, rois, labels, image_format)))


def _image(
    pixels: Array, rescale: float, rois: Array | None, labels: Sequence[str] | None, image_format: str
) -> list[Buffer]:
    """Return the parts of a serialized Summary.Image. Format: tensorboard/compat/proto/summary.proto."""
    height, width, channels = pixels.shape
    if rois is not None or rescale != 1:
        pil_image = Image.fromarray(np.ascontiguousarray(pixels))
        if rois is not None:
            pil_image = draw_boxes(pil_image, rois, labels)
        if rescale != 1:
            height, width = max(int(height * rescale), 1), max(int(width * rescale), 1)
            pil_image = pil_image.resize((width, height), Image.Resampling.LANCZOS)
        pixels = np.asarray(pil_image)
    size = integer(1, height) + integer(2, width) + integer(3, channels)
    return [size, *field(4, _encoded(pixels, image_format))]


def checked_format(image_format: Any) -> str:
    """Return the name of an image format as `FORMATS` has it. Raises ValueError for any other."""
    name = image_format.upper() if isinstance(image_format, str) else ""
    if name not in FORMATS:
        raise InvalidValueError(f"image_format: got {describe(image_format)}; accepted are {', '.join(FORMATS)}")
    if name != "PNG":  # every Pillow can write it
        try:
            preload_codec(name)
        except (KeyError, OSError) as error:
            raise InvalidValueError(f"image_format: this Pillow was built without {name}") from error
    return name


# The background threads must not import anything: a fork's child would inherit a held import lock. So callers have
# Pillow import its modules, by encoding a small example.


@functools.cache
def preload_codec(image_format: str) -> None:
    """Import what encoding images needs: in this format, and as PNG, used for an image that is too large for it."""
    encode_png(np.zeros((8, 8, 3), np.uint8))
    for name in {"PNG", image_format}:
        Image.new("RGB", (1, 1)).save(io.BytesIO(), format=name)


@functools.cache
def preload_drawing() -> None:
    """Import what drawing boxes and labels needs, and what Pillow needs to return the pixels."""
    make_image(np.zeros((8, 8, 3), np.uint8), 2, np.zeros((1, 4)), ["a"])


def _encoded(pixels: Array, image_format: str) -> bytes:
    most, modes, options = _PILLOW_FORMATS[image_format]
    if max(pixels.shape[:2]) > most or (image_format == "PNG" and pixels.size > _SMALL):
        return encode_png(pixels)
    pil_image = Image.fromarray(np.ascontiguousarray(pixels))
    if pil_image.mode not in modes:
        pil_image = pil_image.convert("RGBA" if "RGBA" in modes else "RGB")
    output = io.BytesIO()
    pil_image.save(output, format=image_format, **options)
    return output.getvalue()


def draw_boxes(disp_image: Image.Image, boxes: Array, labels: Sequence[str] | None = None) -> Image.Image:
    """Draw boxes in red, each with its label on red ground at the lower left corner, if there are labels.

    Args:
        disp_image: the image; drawn upon and returned.
        boxes: shape (N, 4), each row (xmin, ymin, xmax, ymax) in pixels.
        labels: a text for each box.
    """
    from PIL import ImageDraw  # here: few programs draw boxes

    draw = ImageDraw.Draw(disp_image)
    for index, (left, top, right, bottom) in enumerate(boxes):
        corners = [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)]
        draw.line(corners, width=2, fill="Red")
        if labels is not None and labels[index]:
            _draw_label(draw, labels[index], left, bottom)
    return disp_image


def _draw_label(draw: Any, label: str, left: float, bottom: float) -> None:
    from PIL import ImageFont

    font = ImageFont.load_default()
    if not isinstance(font, ImageFont.FreeTypeFont):  # Pillow before 10.1, or built without FreeType
        label = label.encode("latin-1", "replace").decode("latin-1")
    x0, y0, x1, y1 = font.getbbox(label)
    width, height = x1 - x0, y1 - y0
    margin = math.ceil(0.05 * height)
    draw.rectangle([(left, bottom - height - 2 * margin), (left + width, bottom)], fill="Red")
    draw.text((left + margin, bottom - height - margin), label, fill="black", font=font)


def _checked(tag: str, tensor: Any, dataformats: str, rescale: Any, image_format: str) -> tuple[Array, str, float]:
    preload_codec(image_format)
    array = to_numpy(tensor, tag)
    if array.dtype.kind == "c":
        raise type_error(tag, tensor, "an image of real numbers")
    axes = check_axes(tag, array.shape, dataformats, _IMAGE_AXES)
    if array.size == 0:
        raise value_error(tag, tensor, "an image with at least one pixel")
    if "C" in axes and array.shape[axes.index("C")] not in _CHANNELS:
        raise value_error(tag, tensor, f"an image with 1 to 4 channels, where dataformats={dataformats!r} says")
    factor = _checked_factor(tag, rescale, array)
    check_size(tag, tensor, _most_encoded(array.shape, axes, factor))
    return owned(array, tensor), axes, factor


def _most_encoded(shape: tuple[int, ...], axes: str, factor: float) -> float:
    """How many bytes an image takes where it cannot be compressed."""
    length = dict(zip(axes, shape, strict=True))
    images, columns = length.get("N", 1), min(length.get("N", 1), GRID_COLUMNS)
    pixels = math.ceil(images / columns) * columns * length["H"] * length["W"] * factor**2
    return 1.002 * pixels * max(length.get("C", 1), 3)  # and what deflate adds to data that it leaves as it is


def _checked_factor(tag: str, rescale: Any, array: Array) -> float:
    factor = to_float(rescale, tag)
    if not 0 < factor < math.inf:
        raise value_error(tag, rescale, "a rescale that is positive and finite")
    if factor > 1 and factor * factor * array.size > _MOST_RESCALED:
        raise value_error(tag, rescale, f"a rescale that makes no more than {_MOST_RESCALED} numbers of {array.size}")
    return factor


def _checked_labels(tag: str, labels: Any, count: int) -> list[str] | None:
    if labels is None:
        return None
    labels = [labels] if isinstance(labels, str) else labels
    if not isinstance(labels, (list, tuple)) and not (isinstance(labels, np.ndarray) and labels.ndim):
        raise type_error(tag, labels, "a list of labels, one for each box")
    if len(labels) != count:
        warn_once(tag, f"{len(labels)} labels for {count} boxes; the labels are left out")
        return None
    return ["" if label is None else to_text(tag, label)[:_LONGEST_LABEL] for label in labels]


def _encode(
    tag: str,
    array: Array,
    axes: str,
    rescale: float,
    image_format: str,
    rois: Array | None = None,
    labels: Sequence[str] | None = None,
) -> bytes:
    pixels = convert_to_HWC(to_uint8(tag, array), axes)
    return summary(tag, *field(4, *_image(pixels, rescale, rois, labels, image_format)))


def whole_pixels(tag: str, array: Array) -> Array:
    """Return integers from 0 to 255, of which one is beyond 1, as uint8, with one warning per tag; others as they are.

    Multiplied by 255, as the original does with every dtype but uint8, they would all be white.
    """
    if array.dtype.kind not in "iu" or array.dtype == np.uint8 or array.size == 0:
        return array
    if array.min() < 0 or not 1 < array.max() <= 255:
        return array
    warn_once(tag, f"pixels of {array.dtype} are taken for values in [0, 255], which are expected as uint8")
    return array.astype(np.uint8)


def to_uint8(tag: str, array: Array) -> Array:
    """Return pixels as uint8, by `whole_pixels` or else multiplied by 255 and cut to whole numbers.

    Values out of range are clamped and NaN becomes 0, with one warning per tag.
    """
    array = whole_pixels(tag, array)
    if array.dtype == np.uint8:
        return array
    numbers = array.reshape(-1)
    pixels = np.empty(array.shape, np.uint8)
    flat = pixels.reshape(-1)
    for start in range(0, numbers.size, _CONVERTED):
        part = slice(start, start + _CONVERTED)
        flat[part] = _scaled(tag, numbers[part])
    return pixels


def _scaled(tag: str, numbers: Array) -> Array:
    """Return numbers times 255, clamped to what a byte holds."""
    with np.errstate(over="ignore"):
        scaled: Array = numbers * 255.0
    if not (scaled.min() >= 0 and scaled.max() <= 255):  # NaN fails both
        warn_once(tag, "pixels out of range are clamped; expected is uint8 in [0, 255] or another dtype in [0, 1]")
        scaled = np.nan_to_num(scaled, nan=0.0, posinf=255.0, neginf=0.0).clip(0, 255)
    return scaled
