"""CRC-32C (RFC 3720, B.4) in Python, a byte at a time: for programs that compute it in steps.

Records are written with the package crc32c, which is some thousand times faster.
"""

from __future__ import annotations

from collections.abc import Iterable

CRC_INIT = 0
"""The checksum of nothing."""

_POLYNOMIAL = 0x82F63B78  # with its bits reversed, as the bits of each byte come lowest first
_MASK = 0xFFFFFFFF


def _of_byte(byte: int) -> int:
    crc = byte
    for _ in range(8):
        crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    return crc


CRC_TABLE = tuple(map(_of_byte, range(256)))
"""What the low byte of a checksum contributes as it is shifted out."""


def crc_update(crc: int, data: bytes | Iterable[int]) -> int:
    """Return the checksum of what `crc` is of, followed by `data`, each of its items in [0, 255]."""
    crc ^= _MASK
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ _MASK


def crc_finalize(crc: int) -> int:
    """Return the checksum, of which nothing is left to do, in 32 bits."""
    return crc & _MASK


def checksum(data: bytes | Iterable[int]) -> int:
    """Return the checksum of `data`."""
    return crc_finalize(crc_update(CRC_INIT, data))
