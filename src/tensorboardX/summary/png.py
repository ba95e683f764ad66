"""PNG files of arrays. Format: https://www.w3.org/TR/png-3/.

NumPy filters an image and zlib compresses it, block by block. So little memory is needed, and both release the
interpreter lock. The compression of each strip of several blocks is chosen by a sample of it.

There is no palette. To find the colours would take longer than everything else, and programs that read the file with
Pillow would get indices instead of colours.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = Struct(">IIBBBBB")
_UINT32 = Struct(">I")
_BITS = 8
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # by channels: grey, grey and opacity, RGB, RGB and opacity
_ZLIB_HEADER = b"\x78\x01"  # deflate, with a window of 32 KiB

_STRIP_BYTES, _BLOCK_BYTES = 256 << 10, 64 << 10
_PLACES = [(0.125, 0.375), (0.375, 0.875), (0.625, 0.125), (0.875, 0.625)]  # of a sample: how far down and right
_PATCH_BYTES, _PATCH_ROWS = 1 << 10, 4  # at each place
_SAMPLE_WINDOW = 13  # the bits of a window that holds a sample

_NONE, _SUB, _UP, _AVERAGE = range(4)  # filter types; Paeth takes NumPy longer than zlib, for 2 % of the bytes


class _Mode(NamedTuple):
    """How a strip is filtered and compressed: a filter type, and a level and a strategy of zlib."""

    filter_type: int
    level: int
    strategy: int = zlib.Z_DEFAULT_STRATEGY


# These constants were tuned on a hundred images of a training: photographs, plots, masks, grids of digits, noise.
_STORED = _Mode(_NONE, 0)  # noise
_PLAIN = _Mode(_NONE, 2)  # few colours, or a texture that repeats
# The same where `_PLAIN` leaves less than that: then higher levels are fast.
_TEXT = [(0.08, _Mode(_NONE, 6)), (0.2, _Mode(_NONE, 3))]
# Heat maps and gradients. The factor weighs their time in bytes.
_DRAWN = [(1.1, _Mode(_UP, 4)), (1.15, _Mode(_SUB, 4))]
# Long matches are rare, so none are sought.
_PHOTOGRAPHED = [_Mode(_SUB, 1, zlib.Z_RLE), _Mode(_AVERAGE, 1, zlib.Z_RLE)]
_PHOTOGRAPH_BONUS = 0.9  # they take half as long as `_PLAIN`
_PHOTOGRAPH_RISK = 0.03  # of the bytes: where the sample lies beside a drawing, they leave many times as much
_NOISE, _MAYBE_DRAWN, _MAYBE_PHOTOGRAPHED = 0.985, 0.4, 0.25  # of the bytes are left


def encode_png(pixels: Bytes) -> bytes:
    """Return pixels as a PNG file.

    Args:
        pixels: uint8, shape (H, W, C), in any order in memory. C is 1 for grey, 2 for grey and opacity, 3 for RGB,
            4 for RGB and opacity.
    """
    height, width, channels = pixels.shape
    output = io.BytesIO()
    output.write(_SIGNATURE)
    _write_chunk(output, b"IHDR", _HEADER.pack(width, height, _BITS, _COLOUR_TYPES[channels], 0, 0, 0))
    for part in _compressed(pixels):
        if part:
            _write_chunk(output, b"IDAT", part)
    _write_chunk(output, b"IEND", b"")
    return output.getvalue()


def _write_chunk(output: io.BytesIO, kind: bytes, data: bytes) -> None:
    output.write(_UINT32.pack(len(data)) + kind)
    output.write(data)
    output.write(_UINT32.pack(zlib.crc32(data, zlib.crc32(kind))))


def _compressed(pixels: Bytes) -> Iterator[bytes]:
    """Return the zlib stream of all rows, in parts. Format: https://www.rfc-editor.org/rfc/rfc1950."""
    height, width, channels = pixels.shape
    checksum, header = 1, _ZLIB_HEADER
    for top, bottom in _divided(0, height, width * channels, _STRIP_BYTES):
        mode = _best_mode(pixels, top, bottom)
        compressor = _compressor(mode)
        for start, end in _divided(top, bottom, width * channels, _BLOCK_BYTES):
            filtered = _filtered(_rows(pixels, start, end), channels, mode.filter_type)
            checksum = zlib.adler32(filtered.data, checksum)
            yield header + compressor.compress(filtered.data)
            header = b""
        if bottom < height:
            yield compressor.flush(zlib.Z_SYNC_FLUSH)
        else:
            yield compressor.flush() + _UINT32.pack(checksum)


def _divided(top: int, bottom: int, row_bytes: int, most_bytes: int) -> Iterator[tuple[int, int]]:
    """Divide rows evenly into parts that are no larger than `most_bytes`, unless a row is."""
    parts = -(-(bottom - top) * row_bytes // most_bytes)
    step = -(-(bottom - top) // parts)
    for start in range(top, bottom, step):
        yield start, min(start + step, bottom)


def _compressor(mode: _Mode, window: int = zlib.MAX_WBITS) -> zlib._Compress:
    """Return what writes a deflate stream. Format: https://www.rfc-editor.org/rfc/rfc1951."""
    return zlib.compressobj(mode.level, zlib.DEFLATED, -window, zlib.DEF_MEM_LEVEL, mode.strategy)


def _rows(pixels: Bytes, top: int, bottom: int) -> Bytes:
    """Return rows after the row above and a pixel to the left, which are 0 where there are none.

    Returns shape (1 + bottom - top, C + W * C).
    """
    _, width, channels = pixels.shape
    rows = np.zeros((1 + bottom - top, 1 + width, channels), np.uint8)
    inner, source = rows[0 if top else 1 :, 1:], pixels[max(top - 1, 0) : bottom]
    if source.flags.c_contiguous:
        inner[...] = source
    else:  # several times faster so, where each channel lies apart
        for channel in range(channels):
            inner[..., channel] = source[..., channel]
    return rows.reshape(len(rows), -1)


def _filtered(rows: Bytes, channels: int, filter_type: int) -> Bytes:
    """Return rows less what a filter predicts of them, each after the type of the filter.

    Args:
        rows: shape (..., 1 + N, C + M), as `_rows` makes them.

    Returns shape (..., N, 1 + M).
    """
    here, left, above = rows[..., 1:, channels:], rows[..., 1:, :-channels], rows[..., :-1, channels:]
    filtered = np.empty((*here.shape[:-1], 1 + here.shape[-1]), np.uint8)
    filtered[..., 0] = filter_type
    inner = filtered[..., 1:]
    if filter_type == _NONE:
        inner[...] = here
    elif filter_type == _SUB:
        np.subtract(here, left, out=inner)
    elif filter_type == _UP:
        np.subtract(here, above, out=inner)
    else:  # the mean of both, cut to a whole number, without a ninth bit
        np.bitwise_xor(left, above, out=inner)
        inner >>= 1
        inner += left & above
        np.subtract(here, inner, out=inner)
    return filtered


def _best_mode(pixels: Bytes, top: int, bottom: int) -> _Mode:
    """Return how to compress a strip: with the settings that leave few bytes of a sample, and are fast."""
    channels = pixels.shape[2]
    sample = _sample(pixels, top, bottom)
    plain = np.ascontiguousarray(sample[..., 1:, channels:])
    left = _share_left(plain, _PLAIN)
    candidates = [(left, next((mode for most, mode in _TEXT if left < most), _PLAIN))]
    if left > _MAYBE_PHOTOGRAPHED:
        shares = [(_entropy(_filtered(sample, channels, mode.filter_type)), mode) for mode in _PHOTOGRAPHED]
        if min(left, min(shares)[0]) > _NOISE:
            return _STORED
        candidates += [(_PHOTOGRAPH_BONUS * share + _PHOTOGRAPH_RISK, mode) for share, mode in shares]
    if min(candidates)[0] < _MAYBE_DRAWN:
        candidates += [
            (_share_left(_filtered(sample, channels, mode.filter_type), mode) * price, mode) for price, mode in _DRAWN
        ]
    return min(candidates)[1]


def _sample(pixels: Bytes, top: int, bottom: int) -> Bytes:
    """Return patches of a strip, each like what `_rows` returns, or all of it where it is small."""
    _, width, channels = pixels.shape
    height, most = bottom - top, _PATCH_BYTES // channels
    if height * width <= len(_PLACES) * most or min(height, width) == 1:
        return _rows(pixels, top, bottom)[np.newaxis]
    rows = min(height - 1, max(_PATCH_ROWS, most // width))
    columns = min(width - 1, most // rows)
    corners = [(top + int(down * (height - rows)), int(right * (width - columns))) for down, right in _PLACES]
    patches = np.stack([pixels[y : y + rows + 1, x : x + columns + 1] for y, x in corners])
    return patches.reshape(len(corners), rows + 1, -1)


def _share_left(data: Bytes, mode: _Mode) -> float:
    """Return how large compressed data are, by their own size."""
    compressor = _compressor(mode, _SAMPLE_WINDOW)
    return (len(compressor.compress(data.data)) + len(compressor.flush())) / data.size


def _entropy(data: Bytes) -> float:
    """Return the share of bytes that a code for each value by itself leaves."""
    counts = np.bincount(data.reshape(-1))
    counts = counts[counts > 0]
    return float(np.log2(data.size) - np.dot(counts, np.log2(counts)) / data.size) / 8
