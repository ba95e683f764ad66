"""A first look at large event files: blocks from all over them, read in a fraction of the time of the whole."""

from __future__ import annotations

import time

from ..reader import Columns, Logdir
from ..reader.collector import Collector
from ..reader.columns import concatenated
from ..reader.damage import DamageLog
from ..reader.filters import NameFilter, Names, Steps, step_filter
from ..reader.scalars import Points, TagNumbers
from ..reader.scan import RunScan
from ..reader.source import FileFacts, Source
from ..reader.tables import scalar_table

_LARGE = 8_000_000  # bytes of all files; less is read about as fast as looked at
_BLOCK = 1 << 15
_MOST_BLOCKS = 32
_PATIENCE = 0.3  # seconds, after which the runs that were not looked at yet are left out


def overview(logdir: Logdir, runs: Names, tags: Names, steps: Steps) -> Columns | None:
    """Return scalars from all over the files, the last ones among them; None if reading everything is as fast."""
    files = logdir.files(runs)
    total = sum(file.size for of_run in files.values() for file in of_run)
    if total < _LARGE:
        return None
    numbers, is_step = TagNumbers(NameFilter("tags", tags)), step_filter(steps)
    parts: list[tuple[str, list[Points]]] = []
    end_of_patience = time.monotonic() + _PATIENCE
    for run, of_run in files.items():
        if parts and time.monotonic() > end_of_patience:
            break
        found = Collector(is_step)
        scan = RunScan(found, (), NameFilter("tags", tags), numbers, DamageLog())
        for number, file in enumerate(of_run):
            for start, end in _blocks(file.size, max(2, _MOST_BLOCKS * file.size // total)):
                window = _Window(file, end)
                scan.read(window, number, scan.step_over(window, start - 1) if start else 0, resync=False)
        parts.append((run, found.points()))
    return concatenated([scalar_table(parts, numbers)], "scalars", ())


def _blocks(size: int, count: int) -> list[tuple[int, int]]:
    """Return where blocks of a file begin and end, the first and the last among them."""
    if size <= count * _BLOCK:
        return [(0, size)]
    starts = [(size - _BLOCK) * number // (count - 1) for number in range(count)]
    return [(start, start + _BLOCK) for start in starts]


class _Window(FileFacts):
    """A file as if it ended at a byte."""

    __slots__ = ("_file",)

    def __init__(self, file: FileFacts, end: int) -> None:
        super().__init__(file.path, end, file.identity)
        self._file = file

    def open(self) -> Source:
        return _Cut(self._file.open(), self.size)


class _Cut:
    """The bytes of a file up to one of them."""

    def __init__(self, source: Source, end: int) -> None:
        self.path = source.path
        self._source = source
        self._end = end

    def size(self) -> int:
        return min(self._end, self._source.size())

    def read(self, offset: int, size: int) -> bytes:
        return self._source.read(offset, max(0, min(size, self._end - offset)))

    def close(self) -> None:
        self._source.close()
