"""One run, read from its first event file to its last: scalars are decoded, everything else is found."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing

from .damage import DamageLog
from .events import EventReader, Place, Sink
from .scalars import ScalarDecoder, TagNumbers, in_order
from .source import FileFacts, Source
from .values import Tags
from .walk import Large, Stretch, Walker

_FILE_SHIFT = 44  # bits of an order that tell the offset in a file; those above tell the file


def _nothing(count: int) -> None:
    """Note no progress."""


class RunScan:
    """Reads the files of one run, in the order of their names.

    Args:
        sink: takes what is found.
        kinds: those that are wanted besides scalars.
        is_wanted: whether a tag is.
        numbers: of the tags of scalars; None if no scalars are wanted.
        damage: takes what could not be read.
        verify: whether to check what is skipped, too.
        advance: called with how many bytes of a file were passed.
    """

    def __init__(
        self,
        sink: Sink,
        kinds: Collection[str],
        is_wanted: Callable[[str], bool],
        numbers: TagNumbers | None,
        damage: DamageLog,
        verify: bool = False,
        advance: Callable[[int], object] = _nothing,
    ) -> None:
        self._sink = sink
        self._damage = damage
        self._verify = verify
        self._advance = advance
        tags = Tags()
        self._decoder = ScalarDecoder(numbers, tags)
        self._events = EventReader(sink, kinds, is_wanted, numbers, tags, damage)

    def read(self, file: FileFacts, number: int, offset: int = 0, resync: bool = True) -> int:
        """Read a file, the `number`-th of the run, from `offset` on; return where the next record begins.

        See `Walker` for `resync`. A file that cannot be opened or read is noted as damaged.
        """
        passed = offset
        try:
            with closing(file.open()) as source:
                walker = Walker(source, self._damage, offset, resync, self._verify)
                for stretch in walker:
                    self._take(stretch, source, file, number << _FILE_SHIFT)
                    self._advance(walker.offset - passed)
                    passed = walker.offset
                self._advance(walker.offset - passed)
                return walker.offset
        except OSError as error:
            self._damage.add(file.path, passed, max(file.size, passed), f"the file cannot be read: {error}")
            return passed

    def step_over(self, file: FileFacts, offset: int) -> int:
        """Skip what is wrong at a byte of a file, if a record follows it; return where the next record begins."""
        try:
            with closing(file.open()) as source:
                walker = Walker(source, self._damage, offset)
                walker.step_over()
                return walker.offset
        except OSError:  # of which `read` tells
            return offset

    def _take(self, stretch: Stretch, source: Source, file: FileFacts, base: int) -> None:
        parts, left = self._decoder.decode(stretch)
        parts = [part._replace(orders=part.orders + base) for part in parts]
        for record, index in self._left_over(stretch, left.tolist()):
            order, place = base + record.offset, Place(file, record, -1)
            if index is None:
                self._events.read_large(source, order, place)
            else:
                start = int(stretch.starts[index])
                self._events.read(stretch.data[start : start + record.length], order, place)
        late = self._events.late_points()
        if late is not None:
            parts.append(late)
        if parts:
            self._sink.take_points(in_order(parts))

    @staticmethod
    def _left_over(stretch: Stretch, left: list[int]) -> list[tuple[Large, int | None]]:
        """Return the records that are read one at a time, in their order; those that were not read have no index."""
        lengths = stretch.ends - stretch.starts
        records: list[tuple[Large, int | None]] = [
            (Large(int(stretch.offsets[index]), int(lengths[index])), index) for index in left
        ]
        if stretch.large:
            records += [(record, None) for record in stretch.large]
            records.sort(key=lambda found: found[0].offset)
        return records
