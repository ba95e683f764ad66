"""Reads TFRecord files back, while they are still being written.

Format: see `record_writer`.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator
from struct import Struct
from types import TracebackType
from typing import Any

from ..errors import CorruptRecordError, InvalidTypeError, InvalidValueError, TruncatedRecordError, describe
from .framing import masked_crc32c

_HEADER = Struct("<QI")
_CRC = Struct("<I")


class RecordReader:
    """Reads the records of the file `path`, from byte `offset` on.

    `offset` is where the next record begins; it moves past a record only once that was read whole. So after
    `TruncatedRecordError`, which means that the file ends within a record, the same reader can go on as soon as
    the file has grown, and a new reader can start at a remembered offset. One beyond the end of the file is its end.

    Args:
        path: the file.
        offset: where to begin.
        descriptor: of the file, where it is open already; it stays open.
        most: bytes of data that a record may have; one that has more is taken for corrupt.

    Raises OSError if the file cannot be opened, TypeError or ValueError for an offset that no file has.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        offset: int = 0,
        *,
        descriptor: int | None = None,
        most: int = 2**64,
    ) -> None:
        self.path = os.fspath(path)
        self.offset = _checked_offset(offset)
        self._most = most
        source = self.path if descriptor is None else descriptor
        self._file = open(source, "rb", closefd=descriptor is None)  # noqa: SIM115 (closed by close)

    def read(self) -> bytes | None:
        """Return the data of the next record, or None at the end of the file.

        Raises TruncatedRecordError if the file ends within the record, CorruptRecordError if a checksum does
        not match. A length is believed only once its checksum matched and the file is long enough for it, so
        that nothing is allocated for a false one.
        """
        try:
            self._file.seek(self.offset)
        except OSError:  # farther than the file system lets a file be
            if self.offset < self._size():
                raise
            return None
        header = self._file.read(_HEADER.size)
        if not header:
            return None
        if len(header) < _HEADER.size:
            raise TruncatedRecordError(f"{self._where()}: the file ends within a header")
        length, length_crc = _HEADER.unpack(header)
        if masked_crc32c(header[:8]) != length_crc:
            raise CorruptRecordError(f"{self._where()}: the checksum of the length does not match")
        if length > self._most:
            raise CorruptRecordError(f"{self._where()}: a record of {length} bytes, where {self._most} are the most")
        rest = length + _CRC.size
        fits = rest <= self._size() - self.offset - _HEADER.size
        body = self._file.read(rest) if fits else b""
        if len(body) < rest:
            raise TruncatedRecordError(f"{self._where()}: the file ends within a record of {length} bytes")
        data = body[:length]
        if masked_crc32c(data) != _CRC.unpack_from(body, length)[0]:
            raise CorruptRecordError(f"{self._where()}: the checksum of the data does not match")
        self.offset += _HEADER.size + rest
        return data

    def __iter__(self) -> Iterator[bytes]:
        """Yield the records up to the end of the file or to a torn tail; raises CorruptRecordError."""
        while True:
            try:
                data = self.read()
            except TruncatedRecordError:
                return
            if data is None:
                return
            yield data

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> RecordReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _where(self) -> str:
        return f"{self.path}, byte {self.offset}"


def _checked_offset(offset: Any) -> int:
    try:
        place = operator.index(offset)
    except TypeError as error:
        raise InvalidTypeError(f"offset: got {describe(offset)}; accepted is an integer") from error
    if not 0 <= place < 2**63:
        raise InvalidValueError(f"offset: got {describe(offset)}; accepted is a byte of a file, from 0 to 2**63 - 1")
    return place


def read_records(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """Yield the data of every whole record of a file; a torn tail is left out. Raises CorruptRecordError."""
    with RecordReader(path) as reader:
        yield from reader
