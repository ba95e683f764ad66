"""The write-ahead log of an event file to which several processes append: a small file beside it.

A process writes a batch to the journal before it appends it to the event file. If the process is killed in between, the
next one completes the append. So the event file never has to be truncated under a reader that follows it.

The file holds TFRecord records: the name of the event file, then the latest entry as JSON, and then the bytes of that
entry's batch. The name is written once for each event file; each entry and batch overwrites the last. A record that was
not written whole does not match its checksum, and is ignored. All content is validated: what this package would not
have written is ignored too.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..errors import RecordError
from ..records.framing import FRAME_BYTES, frame, frame_batch, masked_crc32c, masked_crc32c_of
from ..records.reader import RecordReader

MOST_NAME_BYTES = 255
MOST_ENTRY_BYTES = 16 << 20
"""A larger entry is not read: the steps are then counted in the event file."""

MOST_EVENT_BYTES = 2 << 30
"""What protobuf serializes at most."""

CHUNK = 8 << 20
"""Bytes that are written at once, so that waiting processes see the progress of a slow store."""

_MOST_BATCH_BYTES = MOST_EVENT_BYTES + (64 << 20)
_MOST_SLACK = 1 << 20  # bytes of an earlier, larger batch that are not truncated
_FIELDS = {"file", "offset", "length", "crc", "steps"}


@dataclass(frozen=True)
class Entry:
    """The state of an event file once a batch is appended to it.

    Attributes:
        file: the name of the event file.
        offset: where the batch begins in it.
        length: how many bytes the batch has.
        crc: masked CRC-32C of the batch.
        steps: the next step of each tag.
    """

    file: str
    offset: int = 0
    length: int = 0
    crc: int = 0
    steps: dict[str, int] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """How many bytes the event file has after the batch."""
        return self.offset + self.length

    def after(self, batch: bytes, steps: dict[str, int]) -> Entry:
        """Return the entry that follows this one."""
        return Entry(self.file, self.end, len(batch), masked_crc32c(batch), steps)


class Journal:
    """The journal at `path`. Its methods take the descriptor of the locked file, and raise OSError."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._parsed: tuple[bytes, Entry | None] = b"", None
        self._batch_at = 0  # where the batch of the entry read last begins

    def read(self, descriptor: int) -> tuple[str, Entry | None]:
        """Return the name of the event file, "" if there is none, and the latest entry unless that is not whole."""
        name = ""
        with contextlib.suppress(RecordError), self._reader(descriptor) as reader:
            name = _checked_name(reader.read() or b"")
            entry = self._parse(reader.read() or b"") if name else None
            self._batch_at = reader.offset
            if entry is not None and entry.file == name:
                return name, entry
        return name, None

    def _reader(self, descriptor: int) -> RecordReader:
        return RecordReader(self.path, descriptor=descriptor, most=MOST_ENTRY_BYTES)

    def _parse(self, data: bytes) -> Entry | None:
        if self._parsed[0] != data:
            self._parsed = data, _checked_entry(data)
        return self._parsed[1]

    def has_batch(self, descriptor: int, entry: Entry) -> bool:
        """Return whether the batch of the entry that was read last is whole."""
        if entry.length > min(os.fstat(descriptor).st_size, _MOST_BATCH_BYTES):
            return False
        return masked_crc32c_of(self.batch(descriptor, entry)) == entry.crc

    def batch(self, descriptor: int, entry: Entry, skipped: int = 0) -> Iterator[bytes]:
        """Yield the batch of the entry that was read last in parts, without its first bytes."""
        offset, end = self._batch_at + skipped, self._batch_at + entry.length
        while offset < end:
            data = os.pread(descriptor, min(end - offset, CHUNK), offset)
            if not data:
                return
            yield data
            offset += len(data)

    def begin(self, descriptor: int, entry: Entry) -> None:
        """Write the name of an event file, and its first entry, which has no batch."""
        _write_at(descriptor, 0, frame_batch([os.fsencode(entry.file), _to_json(entry)]))

    def write(self, descriptor: int, entry: Entry, batch: bytes) -> None:
        """Write an entry and its batch, after the name. After an error no entry is whole."""
        data = _to_json(entry)
        end = _write_at(descriptor, len(os.fsencode(entry.file)) + FRAME_BYTES, frame(data) + batch)
        if os.fstat(descriptor).st_size - end > _MOST_SLACK:
            os.ftruncate(descriptor, end)
        self._parsed = data, entry


def _write_at(descriptor: int, offset: int, data: bytes) -> int:
    """Write all of `data`; return where it ends."""
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest[:CHUNK], offset)
        if written == 0:
            raise OSError(errno.EIO, "the file takes no more bytes")
        offset += written
        rest = rest[written:]
    return offset


def _to_json(entry: Entry) -> bytes:
    return json.dumps(vars(entry)).encode()


def _checked_name(data: bytes) -> str:
    """Return the name that was written as `data`; "" unless it is that of an event file in the directory itself."""
    name = os.fsdecode(data)
    elsewhere = any(part in name for part in (os.sep, os.altsep or os.sep, "\0"))
    return "" if elsewhere or "tfevents" not in name or len(data) > MOST_NAME_BYTES else name


def _checked_entry(data: bytes) -> Entry | None:
    """Return the entry that was written as `data`; None for what no process of this version writes."""
    try:
        values = json.loads(data)
    except (ValueError, RecursionError, MemoryError):
        return None
    if not isinstance(values, dict) or values.keys() != _FIELDS:
        return None
    entry = Entry(**values)
    numbers = [entry.offset, entry.length, entry.crc]  # and the steps: all of them integers of 63 bits
    if type(entry.file) is not str or type(entry.steps) is not dict:
        return None
    numbers += entry.steps.values()
    if any(kind is not int for kind in set(map(type, numbers))) or min(numbers) < 0 or max(numbers) >= 2**63:
        return None
    return entry
