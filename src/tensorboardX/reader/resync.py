"""Finding the next whole record after bytes that are none."""

from __future__ import annotations

from .checksums import CRC_BYTES, HEADER_BYTES, headers_in, is_whole
from .source import Source

_PIECE = 1 << 20
_BYTES_CHECKED_FOR_EACH = 16  # that are searched: a file of nothing but headers must not take for ever
_BYTES_CHECKED_AT_LEAST = 64 << 20


def next_record(source: Source, start: int, limit: int) -> int | None:
    """Return where the first record at or after byte `start` begins that matches both its checksums.

    Args:
        source: the file.
        start: where to begin.
        limit: the size of the file; the record ends there at the latest.

    Returns None if there is none. Raises OSError.
    """
    budget = _BYTES_CHECKED_AT_LEAST + limit - start
    for position in range(start, limit, _PIECE):
        budget += _PIECE * _BYTES_CHECKED_FOR_EACH
        piece = source.read(position, min(_PIECE + HEADER_BYTES - 1, limit - position))
        for index in headers_in(piece, limit - position):
            offset = position + index
            length = int.from_bytes(piece[index : index + 8], "little")
            if offset + HEADER_BYTES + length + CRC_BYTES > limit or length > budget:
                continue
            budget -= length
            if is_whole(source, offset, length):
                return offset
    return None
