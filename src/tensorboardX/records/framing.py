"""TFRecord framing.

A record is its length (uint64, little-endian), the masked CRC-32C of those eight bytes, the data, and the
masked CRC-32C of the data. Format: tensorflow/core/lib/io/record_writer.h; the checksum: RFC 3720, B.4.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from struct import Struct

import numpy as np

FRAME_BYTES = 16
"""What a record takes beyond its data."""

_LENGTH = Struct("<Q")
_pack_crc = Struct("<I").pack
_MASK = 0xA282EAD8
_MOST_HEADERS = 4096
_MANY = 16  # records from which on masking their checksums together is faster


def u32(x: int) -> int:
    """Return the low 32 bits of `x`."""
    return x & 0xFFFFFFFF


@functools.cache
def load_checksum() -> Callable[..., int]:
    """Import crc32c when it is needed: it reads package metadata, which takes longer than all other imports."""
    import crc32c

    checksum: Callable[..., int] = crc32c.crc32c
    return checksum


def masked_crc32c(data: bytes) -> int:
    """Return the CRC-32C of `data`, rotated right by 15 bits plus a constant, as TFRecord stores it.

    The mask keeps the checksum of data that embeds checksums from being trivial.
    """
    return _masked(load_checksum()(data))


def masked_crc32c_of(parts: Iterable[bytes]) -> int:
    """Return the `masked_crc32c` of all parts together, of which only one is in memory at a time."""
    crc = 0
    for part in parts:
        crc = load_checksum()(part, crc)
    return _masked(crc)


def _masked(crc: int) -> int:
    return (crc >> 15 | crc << 17) + _MASK & 0xFFFFFFFF


def frame(data: bytes) -> bytes:
    """Return `data` as one TFRecord record."""
    return b"".join(_parts(data))


def _parts(data: bytes) -> tuple[bytes, bytes, bytes]:
    return _headers.get(len(data)) or _header(len(data)), data, _pack_crc(masked_crc32c(data))


def frame_batch(batch: Sequence[bytes]) -> bytes:
    """Return each item as one record, one after the other."""
    if len(batch) < _MANY:
        return b"".join(chain.from_iterable(map(_parts, batch)))  # one copy of large data
    crcs = np.fromiter(map(load_checksum(), batch), "<u4", len(batch))
    masked = (crcs >> 15 | crcs << 17) + np.uint32(_MASK)
    parts = [b""] * (3 * len(batch))
    parts[0::3] = [_headers.get(length) or _header(length) for length in map(len, batch)]
    parts[1::3] = batch
    parts[2::3] = masked.view("V4").tolist()
    return b"".join(parts)


_headers: dict[int, bytes] = {}  # the records of a run have few different lengths


def _header(length: int) -> bytes:
    """Return the 12 bytes before data of `length` bytes."""
    packed = _LENGTH.pack(length)
    header = packed + _pack_crc(masked_crc32c(packed))
    if len(_headers) < _MOST_HEADERS:
        _headers[length] = header
    return header
