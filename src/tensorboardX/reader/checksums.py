"""Checksums of many records, and of many places where one may begin, at once. Format: see `records.framing`."""

from __future__ import annotations

import functools
from struct import Struct

import numpy as np
import numpy.typing as npt
from crc32c import crc32c

from ..records.framing import masked_crc32c
from .source import Source

HEADER_BYTES = 12
"""The length of a record, and the checksum of the length."""

CRC_BYTES = 4
"""The checksum of the data."""

_HEADER = Struct("<QI")
_MASK = np.uint32(0xA282EAD8)
_LENGTH_BYTES = 8
_FEW = 16  # records of one length, for which arrays gain nothing
_LONGEST_ROW = 128  # bytes of a record; more of them differ in longer ones, for which `crc32c` is faster
_PIECE = 1 << 20  # bytes of a long record that are in memory at once

Positions = npt.NDArray[np.int64]
Crcs = npt.NDArray[np.uint32]


def length_in(header: bytes) -> int | None:
    """Return the length that the header of a record tells, None if it is cut off or its checksum does not match."""
    if len(header) < HEADER_BYTES:
        return None
    length, crc = _HEADER.unpack(header)
    return int(length) if masked_crc32c(header[:_LENGTH_BYTES]) == crc else None


def are_whole(data: bytes, starts: Positions, ends: Positions) -> npt.NDArray[np.bool_]:
    """Return for each record, given by where it begins and ends in `data`, whether its data matches its checksum."""
    lengths = ends - starts - (HEADER_BYTES + CRC_BYTES)
    crcs = np.empty(len(starts), np.uint32)
    is_done = np.zeros(len(starts), np.bool_)
    counts = np.bincount(lengths, minlength=1)[: _LONGEST_ROW + 1]
    for length in np.flatnonzero(counts >= _FEW).tolist():
        of_length = lengths == length
        crcs[of_length] = _crcs_of_rows(rows_of(data, starts[of_length] + HEADER_BYTES, length))
        is_done |= of_length
    for index in np.flatnonzero(~is_done).tolist():
        crcs[index] = crc32c(data[starts[index] + HEADER_BYTES : ends[index] - CRC_BYTES])
    whole: npt.NDArray[np.bool_] = _masked(crcs) == _words(data)[ends - CRC_BYTES]
    return whole


def rows_of(data: bytes, starts: Positions, length: int) -> npt.NDArray[np.uint8]:
    """Return `length` bytes from each position on, shape (N, length)."""
    items = np.ndarray((len(data) - length + 1,), f"V{length}", data, strides=(1,))
    rows: npt.NDArray[np.uint8] = items[starts].view(np.uint8).reshape(len(starts), length)
    return rows


def _crcs_of_rows(rows: npt.NDArray[np.uint8]) -> Crcs:
    """Return the CRC-32C of each row: that of the first, and without carries what each byte that differs adds."""
    first = rows[0]
    columns = np.ascontiguousarray((rows ^ first).T)
    crcs = np.full(len(rows), crc32c(first.tobytes()), np.uint32)
    tables = _tables()
    for index in np.flatnonzero(columns.any(1)).tolist():
        crcs ^= tables[len(first) - 1 - index][columns[index]]
    return crcs


def is_whole(source: Source, offset: int, length: int) -> bool:
    """Return whether the data of one long record matches its checksum. Raises OSError."""
    crc, position, end = 0, offset + HEADER_BYTES, offset + HEADER_BYTES + length
    while position < end:
        piece = source.read(position, min(_PIECE, end - position))
        if not piece:
            return False
        crc = crc32c(piece, crc)
        position += len(piece)
    stored = source.read(end, CRC_BYTES)
    return len(stored) == CRC_BYTES and int(_masked(np.array([crc], np.uint32))[0]) == int.from_bytes(stored, "little")


def headers_in(data: bytes, most: int) -> list[int]:
    """Return every position in `data` at which there is a valid header of a record of at most `most` bytes."""
    count = len(data) - HEADER_BYTES + 1
    if count <= 0 or not any(data):
        return []
    words = _words(data)
    # The upper half of a length is 0 in a file of less than 4 GiB: few positions are left to compute a checksum for.
    positions = np.flatnonzero(words[4 : 4 + count] <= most >> 32)
    if not len(positions):
        return []
    computed = _masked(_crcs_of_lengths(data, positions))
    found = positions[computed == words[positions + _LENGTH_BYTES]]
    return [position for position in found.tolist() if _HEADER.unpack_from(data, position)[0] <= most]


def _words(data: bytes) -> npt.NDArray[np.uint32]:
    """Return a view of the 32-bit words that begin at each byte."""
    words: Crcs = np.ndarray((max(len(data) - 3, 0),), np.dtype("<u4"), data, strides=(1,))
    return words


def _masked(crcs: Crcs) -> Crcs:
    masked: Crcs = (crcs >> np.uint32(15) | crcs << np.uint32(17)) + _MASK
    return masked


def _crcs_of_lengths(data: bytes, positions: npt.NDArray[np.intp]) -> Crcs:
    """Return the CRC-32C of the eight bytes at each position: the sum, without carries, of what each byte adds."""
    octets = np.frombuffer(data, np.uint8)
    crcs = np.full(len(positions), crc32c(bytes(_LENGTH_BYTES)), np.uint32)
    for index in range(_LENGTH_BYTES):
        crcs ^= _tables()[_LENGTH_BYTES - 1 - index][octets[positions + index]]
    return crcs


@functools.cache
def _tables() -> npt.NDArray[np.uint32]:
    """Return what each value of a byte adds to a checksum, by how many bytes follow it, shape (N, 256)."""
    tables = [np.array([crc32c(bytes([value])) ^ crc32c(bytes(1)) for value in range(256)], np.uint32)]
    for _ in range(1, _LONGEST_ROW):  # another byte follows
        tables.append(tables[-1] >> np.uint32(8) ^ tables[0][tables[-1] & np.uint32(0xFF)])
    return np.array(tables)


def whole_data(source: Source, offset: int, length: int) -> bytes | None:
    """Return the data of a record, None if it does not match its checksum. Raises OSError."""
    body = source.read(offset + HEADER_BYTES, length + CRC_BYTES)
    data = body[:length]
    is_intact = len(body) == length + CRC_BYTES and masked_crc32c(data) == int.from_bytes(body[length:], "little")
    return data if is_intact else None
