"""The values of entries, those that were left in the file included."""

from __future__ import annotations

import collections
from collections.abc import Iterator

from google.protobuf.message import DecodeError

from ..proto.event_pb2 import Event
from ..proto.summary_pb2 import Summary
from .checksums import whole_data
from .damage import DamageLog
from .events import Entry
from .source import FileFacts, Source
from .walk import FRAME_BYTES, WRONG_DATA, Large

Content = Summary.Value | bytes


class Loader:
    """Yields entries with their values, reading those that were left in the file. Skips what cannot be read.

    Args:
        entries: of one run; empties it.
        damage: takes what was skipped.
    """

    def __init__(self, entries: list[Entry], damage: DamageLog) -> None:
        self._entries = collections.deque(entries)
        entries.clear()
        self._damage = damage
        self._open: tuple[FileFacts, Source] | None = None
        self._event: tuple[FileFacts, Large, Event] | None = None

    def __iter__(self) -> Iterator[tuple[Entry, Content]]:
        while self._entries:
            entry = self._entries.popleft()
            content = entry.content
            if content is None:
                content = self._load(entry)
            if content is not None:
                yield entry._replace(content=None), content

    def _load(self, entry: Entry) -> Content | None:
        file, record, position = entry.place
        if self._event is None or self._event[:2] != (file, record):
            try:
                data = whole_data(self._source(file), *record)
                event = None if data is None else Event.FromString(data)
            except (OSError, DecodeError) as error:
                self.skip(entry, f"the record cannot be read: {error}")
                return None
            if event is None:
                self.skip(entry, WRONG_DATA)
                return None
            self._event = file, record, event
        event = self._event[2]
        return _graph_of(event) if position < 0 else event.summary.value[position]

    def _source(self, file: FileFacts) -> Source:
        if self._open is None or self._open[0] is not file:
            self.close()
            self._open = file, file.open()
        return self._open[1]

    def skip(self, entry: Entry, reason: str) -> None:
        """Note that an entry is left out."""
        file, record, _ = entry.place
        self._damage.add(file.path, record.offset, record.offset + record.length + FRAME_BYTES, reason)

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _graph_of(event: Event) -> bytes:
    field = event.WhichOneof("what")
    content: bytes = (
        event.tagged_run_metadata.run_metadata if field == "tagged_run_metadata" else getattr(event, str(field))
    )
    return content
