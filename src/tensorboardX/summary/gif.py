"""Videos, as animated GIF."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from functools import partial
from struct import Struct
from typing import Any

import numpy as np
from PIL import Image

from ..errors import type_error, value_error
from ..notices import warn_once
from ..proto.summary_pb2 import Summary
from ..values.arrays import Array, owned, to_float, to_numpy
from .image import preload_codec, to_uint8, whole_pixels
from .layout import check_axes, convert_to_NTCHW
from .size import check_size
from .tags import clean_tag

_CHANNELS = (1, 2, 3, 4)
_COLOURS = 256
_FEW_PIXELS = 64 * 64
_SHORTEST_DELAY = 2
_LONGEST_DELAY = 2**16 - 1
_LARGEST_SIDE = 2**16 - 1
_MOST_PIXELS = 2**30
_FRAME_BYTES, _BYTES_A_PIXEL = 1024, 1.6  # the palette, and the most that LZW makes of a byte


def video(tag: str, tensor: Any, fps: Any = 4, dataformats: str = "NTCHW") -> Summary:
    """Return the Summary of a video, as animated GIF that repeats for ever, under the cleaned tag.

    Args:
        tag: the tag.
        tensor: an array or tensor of five axes, as `dataformats` says, with 1, 2, 3 or 4 channels: grey or RGB, and
            opacity or not, which is left out, since GIF has none. The values are those of `image`.
        fps: frames per second, positive. GIF counts hundredths of a second: frames last shorter or longer by one,
            so that the whole is right. Above 50 it plays at 50, since browsers play still shorter delays at 10.
        dataformats: a permutation of NTCHW. The videos of a batch play side by side, in a grid of a power of two.

    Raises TypeError or ValueError that names the tag.
    """
    return prepare_video(tag, tensor, fps, dataformats)()


def prepare_video(tag: str, tensor: Any, fps: Any = 4, dataformats: str = "NTCHW") -> partial[Summary]:
    """Check and copy the arguments of `video`; the call of what is returned encodes them."""
    tag = clean_tag(tag)
    array = to_numpy(tensor, tag)
    if array.dtype.kind == "c":
        raise type_error(tag, array, "a video of real numbers")
    axes = check_axes(tag, array.shape, dataformats, ("NTCHW",))
    if array.size == 0:
        raise value_error(tag, array, "a video with at least one pixel")
    batch, count, channels, height, width = convert_to_NTCHW(array, axes).shape
    if channels not in _CHANNELS:
        raise value_error(tag, tensor, f"a video with 1 to 4 channels, where dataformats={dataformats!r} says")
    rows, columns = _grid_shape(batch)
    height, width = rows * height, columns * width
    if max(height, width) > _LARGEST_SIDE or count * height * width > _MOST_PIXELS:
        accepted = (
            f"a video (a batch is a grid) of up to {_LARGEST_SIDE} pixels a side and {_MOST_PIXELS} in all frames"
        )
        raise value_error(tag, tensor, accepted)
    check_size(tag, tensor, count * (_FRAME_BYTES + _BYTES_A_PIXEL * height * width))
    preload_codec("GIF")
    return partial(_encode, tag, convert_to_NTCHW(owned(array, tensor), axes), _checked_fps(tag, fps))


def make_video(tensor: Array, fps: float) -> Summary.Image:
    """Return a video as animated GIF in the message that TensorBoard reads.

    Args:
        tensor: shape (T, H, W, C), uint8, or another dtype with values in [0, 1].
        fps: frames per second, positive.

    Raises ValueError for frames per second that are not positive.
    """
    _, height, width, channels = tensor.shape
    frames = (to_uint8("", frame) for frame in whole_pixels("", tensor))
    return _image(height, width, channels, frames, _checked_fps("", fps))


def _prepare_video(V: Array) -> Array:  # noqa: N803 (the name of the original, as is the function's)
    """Return a batch of videos, shape (N, T, C, H, W), as one, shape (T, rows * H, columns * W, C).

    uint8 becomes float32 in [0, 1]; other dtypes are kept. The grid has a power of two of cells, the last of
    which are black.
    """
    if V.dtype == np.uint8:
        V = V.astype(np.float32) / 255  # noqa: N806
    return np.stack([_grid(frame) for frame in V.swapaxes(0, 1)])


def _checked_fps(tag: str, fps: Any) -> float:
    rate = to_float(fps, tag)
    slowest = 100 / _LONGEST_DELAY
    if not slowest <= rate < float("inf"):
        raise value_error(tag, fps, f"fps, frames per second, of at least {slowest:.4f}")
    if rate > 100 / _SHORTEST_DELAY:
        warn_once(tag, "the video plays at 50 frames per second, the most that browsers play of a GIF")
        return 100 / _SHORTEST_DELAY
    return rate


def _encode(tag: str, videos: Array, fps: float) -> Summary:
    batch, _, channels, height, width = videos.shape
    rows, columns = _grid_shape(batch)
    # One frame at a time, so that no copy of the whole video is made.
    frames = (_grid(to_uint8(tag, frame)) for frame in whole_pixels(tag, videos).swapaxes(0, 1))
    return Summary(value=[Summary.Value(tag=tag, image=_image(rows * height, columns * width, channels, frames, fps))])


def _image(height: int, width: int, channels: int, frames: Iterable[Array], fps: float) -> Summary.Image:
    data = _gif(height, width, frames, fps)
    return Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=data)


def _grid_shape(batch: int) -> tuple[int, int]:
    """Rows and columns of the grid of a batch: cells up to the next power of two, as square as can be."""
    cells = 1 << (batch - 1).bit_length()
    rows = 1 << (batch.bit_length() - 1) // 2
    return rows, cells // rows


def _grid(frame: Array) -> Array:
    """Return the same frame of each video of a batch, shape (N, C, H, W), as one, shape (rows * H, columns * W, C)."""
    batch, channels, height, width = frame.shape
    rows, columns = _grid_shape(batch)
    cells = np.zeros((rows * columns, channels, height, width), dtype=frame.dtype)
    cells[:batch] = frame
    cells = cells.reshape(rows, columns, channels, height, width)
    grid: Array = cells.transpose(0, 3, 1, 4, 2).reshape(rows * height, columns * width, channels)
    return grid


# GIF, as https://www.w3.org/Graphics/GIF/spec-gif89a.txt has it. Pillow encodes each frame. It is not asked to
# write the animation: it would keep every frame in memory until the last, and drop those that repeat.

_SCREEN = Struct("<6sHHBBB")
_CONTROL = Struct("<BBBBHBB")
_DESCRIPTOR = Struct("<BHHHHB")
_FOR_EVER = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_KEEP = 1 << 2  # disposal: what a frame does not cover stays as it was
_HAS_PALETTE = 0x80


def _gif(height: int, width: int, frames: Iterable[Array], fps: float) -> bytes:
    """Return uint8 frames, each of shape (H, W, C), as an animated GIF."""
    output = io.BytesIO()
    output.write(_SCREEN.pack(b"GIF89a", width, height, 0x70, 0, 0) + _FOR_EVER)
    before = None
    for frame, delay in zip(frames, _delays(fps), strict=False):
        colours = frame[:, :, : 3 if frame.shape[2] > 2 else 1]
        top, bottom, left, right = (0, height, 0, width) if before is None else _changed(before, colours)
        output.write(_block(_with_palette(colours[top:bottom, left:right]), left, top, delay))
        before = colours
    output.write(bytes([_TRAILER]))
    return output.getvalue()


def _delays(fps: float) -> Iterator[int]:
    """Hundredths of a second for each frame, rounded such that no frame starts more than a half too early or late."""
    index = start = 0
    while True:
        index += 1
        end = round(100 * index / fps)
        yield min(end - start, _LONGEST_DELAY)
        start = end


def _changed(before: Array, now: Array) -> tuple[int, int, int, int]:
    """Return top, bottom, left, right of what differs between two frames; of one pixel if nothing does."""
    differs = (before != now).any(axis=2)
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if rows.size == 0:
        return 0, 1, 0, 1
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _with_palette(pixels: Array) -> Image.Image:
    """Return pixels, shape (H, W, 1 or 3), with a palette; without loss where they have no more than 256 colours."""
    if pixels.shape[2] == 1:
        return Image.fromarray(np.ascontiguousarray(pixels[:, :, 0]))
    pil_image = Image.fromarray(np.ascontiguousarray(pixels))
    if pil_image.getcolors(_COLOURS) is not None:
        return pil_image.quantize(_COLOURS, Image.Quantize.MEDIANCUT)
    # An octree chooses the colours, and the means of the pixels nearest to each replace them: as close to the image
    # as Pillow's median cut, and several times faster. With few pixels the first step alone is as close.
    octree = pil_image.quantize(_COLOURS, Image.Quantize.FASTOCTREE)
    nearest = pil_image.quantize(palette=octree, dither=Image.Dither.NONE)
    if pil_image.width * pil_image.height <= _FEW_PIXELS:
        return nearest
    return pil_image.quantize(palette=_mean_colours(nearest, pixels), dither=Image.Dither.NONE)


def _mean_colours(pil_image: Image.Image, pixels: Array) -> Image.Image:
    """Return a palette with the mean colour of the pixels for which `pil_image` has each index."""
    index = np.asarray(pil_image).reshape(-1)
    count = np.maximum(np.bincount(index, minlength=_COLOURS), 1)
    sums = [np.bincount(index, pixels[:, :, channel].reshape(-1), _COLOURS) for channel in range(3)]
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.rint(np.stack(sums, axis=1) / count[:, np.newaxis]).astype(np.uint8).tobytes())
    return palette


def _block(pil_image: Image.Image, left: int, top: int, delay: int) -> bytes:
    """Return an image as one frame of an animation: its control, its descriptor, its palette and its data."""
    palette, data = _palette_and_data(pil_image)
    size = (len(palette) // 3).bit_length() - 2  # 2 ** (size + 1) colours
    control = _CONTROL.pack(_EXTENSION, 0xF9, 4, _KEEP, delay, 0, 0)
    descriptor = _DESCRIPTOR.pack(_IMAGE, left, top, pil_image.width, pil_image.height, _HAS_PALETTE | size)
    return control + descriptor + palette + data


def _palette_and_data(pil_image: Image.Image) -> tuple[bytes, bytes]:
    """Return the palette and the compressed data of an image, from the GIF that Pillow encodes it as."""
    output = io.BytesIO()
    pil_image.save(output, format="GIF", interlace=0)
    encoded = output.getvalue()
    start = _SCREEN.size
    end = start + 3 * 2 ** ((encoded[10] & 7) + 1)
    palette = encoded[start:end]
    while encoded[end] == _EXTENSION:
        end += 2
        while encoded[end]:
            end += encoded[end] + 1
        end += 1
    return palette, encoded[end + _DESCRIPTOR.size : -1]
