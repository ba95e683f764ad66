"""The records of one event file as they are, for programs that copy or repair files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

from ..errors import LogdirError
from .checksums import whole_data
from .damage import Damage, DamageLog
from .source import LocalSource, Source
from .walk import FRAME_BYTES, WRONG_DATA, Large, Stretch, Walker


class Record(NamedTuple):
    """One record.

    Attributes:
        offset: where it begins in the file.
        data: what is in it: a serialized Event. `records.framing.frame(data)` is the record as it lies in the file.
    """

    offset: int
    data: bytes

    @property
    def end(self) -> int:
        """The byte after its last one."""
        return self.offset + len(self.data) + FRAME_BYTES


class Records:
    """Iterates over the whole records of a local file, in their order, up to its end as it is then.

    Args:
        path: the file.
        offset: where the first record begins.

    Attributes:
        damage: what was skipped so far.

    Raises LogdirError if the file cannot be opened or read.
    """

    def __init__(self, path: str | os.PathLike[str], offset: int = 0) -> None:
        self._path = os.fspath(path)
        self._offset = offset
        self.damage: tuple[Damage, ...] = ()

    def __iter__(self) -> Iterator[Record]:
        damage = DamageLog()
        try:
            with closing(LocalSource(self._path)) as source:
                for records in stretches_of(source, damage, self._offset):
                    yield from records
                    self.damage = damage.found()
        except OSError as error:
            raise LogdirError(f"{self._path} cannot be read: {error}") from error
        self.damage = damage.found()


def stretches_of(source: Source, damage: DamageLog, offset: int = 0) -> Iterator[Iterator[Record]]:
    """Yield the whole records of a file, in their order, in stretches of a few megabytes; a large record is read when
    its turn comes.

    Args:
        source: the file.
        damage: takes what is skipped.
        offset: where the first record begins.

    Raises OSError.
    """
    for stretch in Walker(source, damage, offset, verify=True):
        yield _records_of(stretch, source, damage)


def _records_of(stretch: Stretch, source: Source, damage: DamageLog) -> Iterator[Record]:
    spans = zip(stretch.offsets.tolist(), stretch.starts.tolist(), stretch.ends.tolist(), strict=True)
    records: list[Record | Large] = [Record(offset, stretch.data[start:end]) for offset, start, end in spans]
    records += stretch.large
    for record in sorted(records, key=lambda record: record.offset):
        if isinstance(record, Record):
            yield record
        elif (data := whole_data(source, *record)) is not None:
            yield Record(record.offset, data)
        else:
            damage.add(source.path, record.offset, record.offset + record.length + FRAME_BYTES, WRONG_DATA)
