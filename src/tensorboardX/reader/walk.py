"""The records of one event file, in stretches: what is small is read, what is large is only found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .checksums import CRC_BYTES, HEADER_BYTES, are_whole, headers_in, is_whole, length_in
from .cycles import EXAMPLES, Cycle, cycle_of
from .damage import DamageLog
from .resync import next_record
from .source import Source

LARGE = 16 << 10
"""Bytes of data from which on a record is not read before it is known to be wanted; fits into 16 bits."""

FRAME_BYTES = HEADER_BYTES + CRC_BYTES
WRONG_DATA = "the checksum of the data does not match"
TORN = "the file ends within"
"""What the reason begins with where a record is not whole because the file ends."""

_PADDING = bytes(8)  # behind the last record, for whoever reads whole words
_STRETCH_BYTES = 512 << 10  # much less than the columns of 100,000 points take
_MOST_LARGE = 1024  # of one stretch
_FIRST_READ = 64 << 10
_LEAST_READ = 4 << 10  # behind a large record, where another one may follow
_MOST_READ = 512 << 10

Offsets = npt.NDArray[np.int64]


class Large(NamedTuple):
    """A record that was not read: where it begins in the file, and how many bytes of data it has."""

    offset: int
    length: int


class Stretch(NamedTuple):
    """Successive records of a file.

    Attributes:
        data: the bytes of the small ones, whose checksums match, and some more.
        starts, ends: where the data of each of them begins and ends in `data`, int64, shape (N,).
        offsets: where each of them begins in the file, int64, shape (N,).
        large: the others, whose data was not read.
    """

    data: bytes
    starts: Offsets
    ends: Offsets
    offsets: Offsets
    large: list[Large]


class Walker:
    """Walks over the records of a file.

    Args:
        source: the file.
        damage: takes what is skipped.
        offset: where the first record begins.
        resync: whether to search for the next record where there is none. Otherwise the walk ends there, for
            another one to go on from `offset` when the file has grown.
        verify: whether to compute the checksums of large records too, which reads them.

    Attributes:
        offset: where the next record begins.
    """

    def __init__(
        self,
        source: Source,
        damage: DamageLog,
        offset: int = 0,
        resync: bool = True,
        verify: bool = False,
    ) -> None:
        self.offset = offset
        self._source = source
        self._damage = damage
        self._resync = resync
        self._verify = verify
        self._totals: dict[bytes, int] = {}  # bytes of a whole small record, by its header
        self._cycle: Cycle | None = None  # which the next records may go on
        self._limit = source.size()
        self._read = _FIRST_READ

    def __iter__(self) -> Iterator[Stretch]:
        """Yield stretches up to the end of the file as it was when the walk began. Raises OSError."""
        pieces = _Pieces()
        while self.offset < self._limit and self._step(pieces):
            if pieces.is_full:
                yield pieces.take()
        if not pieces.is_empty:
            yield pieces.take()

    def _step(self, pieces: _Pieces) -> bool:
        """Take the records of one read; return whether there may be more."""
        wanted = min(self._read, self._limit - self.offset)
        chunk = self._source.read(self.offset, wanted)
        if len(chunk) < wanted:  # the file was cut off meanwhile
            self._limit = self.offset + len(chunk)
        starts, ends = self._find(chunk)
        if not len(starts):
            return self._take_one(pieces, chunk[:HEADER_BYTES])
        self._read = min(2 * self._read, _MOST_READ)
        return self._take(pieces, chunk, starts, ends)

    def _find(self, chunk: bytes) -> tuple[Offsets, Offsets]:
        """Return where the small records at the beginning of a chunk begin and end, as far as it has them whole."""
        parts: list[Offsets] = []
        position, goes_on = 0, True
        while goes_on:
            if self._cycle is None:
                borders = self._find_one_by_one(chunk, position)
                goes_on = self._cycle is not None
            else:
                borders = self._cycle.follow(chunk, position)
                goes_on = self._cycle.is_broken or not self._cycle.is_at_end
                self._cycle = None if self._cycle.is_broken else self._cycle
            parts.append(borders[:-1])
            position = int(borders[-1])
        borders = np.concatenate([*parts, [position]])
        borders = borders if position <= len(chunk) else borders[:-1]
        return borders[:-1], borders[1:]

    def _find_one_by_one(self, chunk: bytes, position: int) -> Offsets:
        """Return where the small records begin and the last one ends, up to some that make a cycle.

        The last one may end behind the chunk.
        """
        borders, last, totals = [position], len(chunk) - HEADER_BYTES, self._totals
        headers: list[bytes] = []
        for most in (*EXAMPLES, len(chunk)):  # which has fewer records
            while position <= last and len(headers) < most:
                header = chunk[position : position + HEADER_BYTES]
                try:
                    total = totals[header]
                except KeyError:
                    length = length_in(header)
                    if length is None or length >= LARGE:
                        return np.array(borders)
                    total = totals[header] = length + FRAME_BYTES
                position += total
                borders.append(position)
                headers.append(header)
            if len(headers) == most and position <= len(chunk):
                self._cycle = cycle_of(headers, [totals[header] for header in headers])
                if self._cycle is not None:
                    break
        return np.array(borders)

    def _take(self, pieces: _Pieces, chunk: bytes, starts: Offsets, ends: Offsets) -> bool:
        """Take small records, all of which but the last are followed by another one."""
        whole = are_whole(chunk, starts, ends)
        stop = len(starts)
        if not whole.all():
            stop = self._first_to_examine(chunk, starts, ends, whole)
            if stop == 0:
                return self._pass(WRONG_DATA)
        pieces.add(chunk, starts[:stop][whole[:stop]], ends[:stop][whole[:stop]], self.offset)
        self.offset += int(ends[stop - 1])
        return True

    def _first_to_examine(self, chunk: bytes, starts: Offsets, ends: Offsets, whole: npt.NDArray[np.bool_]) -> int:
        """Skip corrupt records in which no other begins; return the first one that takes a search, or how many."""
        base, path = self.offset, self._source.path
        for index in np.flatnonzero(~whole).tolist():
            start, end = int(starts[index]), int(ends[index])
            is_last = index == len(starts) - 1
            if not self._resync or is_last or headers_in(chunk[start + 1 : end + HEADER_BYTES - 1], self._limit):
                return int(index)
            self._damage.add(path, base + start, base + end, WRONG_DATA)
        return len(starts)

    def _take_one(self, pieces: _Pieces, header: bytes) -> bool:
        """Take a record that is large, or of which too little was read; or find out what is wrong with it."""
        length = length_in(header)
        if length is None:
            return self._pass(_what_is_wrong(header, self.offset))
        end = self.offset + length + FRAME_BYTES
        if end > self._limit:
            return self._pass(f"{TORN} a record of {length} bytes")
        if length < LARGE:
            self._read = length + FRAME_BYTES
            return True
        follows = self._is_record(end)
        if (self._verify or not follows) and not is_whole(self._source, self.offset, length):
            return self._pass(WRONG_DATA)
        pieces.large.append(Large(self.offset, length))
        self.offset = end
        self._read = _LEAST_READ
        return True

    def step_over(self) -> bool:
        """Skip what is wrong at `offset`; return False, and stay, if no record follows it. Raises OSError."""
        header = self._source.read(self.offset, HEADER_BYTES)
        found = next_record(self._source, self.offset + 1, self._limit)
        if found is None:
            return False
        self._skip(found, WRONG_DATA if length_in(header) is not None else _what_is_wrong(header, self.offset))
        return True

    def _pass(self, reason: str) -> bool:
        """Skip what is wrong with the next record; return whether one follows.

        The search begins within it: if it was cut off, whole records may lie where its data would be.
        """
        if not self._resync:
            return False
        found = next_record(self._source, self.offset + 1, self._limit)
        self._skip(self._limit if found is None else found, reason)
        return found is not None

    def _is_record(self, offset: int) -> bool:
        """Whether a record may begin at a byte of the file, or the file ends there."""
        return offset == self._limit or length_in(self._source.read(offset, HEADER_BYTES)) is not None

    def _skip(self, end: int, reason: str) -> None:
        self._damage.add(self._source.path, self.offset, end, reason)
        self.offset = end
        self._read = _LEAST_READ


class _Pieces:
    """Collects the records of a stretch."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self.large: list[Large] = []
        self._chunks: list[bytes] = []
        self._size = 0
        self._columns: list[tuple[Offsets, Offsets, Offsets]] = []

    @property
    def is_empty(self) -> bool:
        return not self._columns and not self.large

    @property
    def is_full(self) -> bool:
        return self._size >= _STRETCH_BYTES or len(self.large) >= _MOST_LARGE

    def add(self, chunk: bytes, starts: Offsets, ends: Offsets, offset: int) -> None:
        """Add small records, given by where they begin and end in a chunk that begins at `offset` of the file."""
        if not len(starts):
            return
        chunk = chunk[: int(ends[-1])]
        base = self._size
        self._columns.append((starts + (base + HEADER_BYTES), ends + (base - CRC_BYTES), starts + offset))
        self._chunks.append(chunk)
        self._size += len(chunk)

    def take(self) -> Stretch:
        """Return what was added, and begin anew."""
        if self._columns:
            starts, ends, offsets = (np.concatenate(column) for column in zip(*self._columns, strict=True))
        else:
            starts = ends = offsets = np.zeros(0, np.int64)
        stretch = Stretch(b"".join([*self._chunks, _PADDING]), starts, ends, offsets, self.large)
        self._reset()
        return stretch


def _what_is_wrong(header: bytes, offset: int) -> str:
    if len(header) < HEADER_BYTES:
        return f"{TORN} the header of a record"
    if offset == 0 and header.startswith(b"\x1f\x8b"):
        return "compressed with gzip: decompress the file first"
    return "zeros" if not any(header) else "the checksum of the length does not match"
