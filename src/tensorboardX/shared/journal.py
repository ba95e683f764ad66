"""What the processes that append to one event file have to agree on, in a small file beside it.

They write down what they are about to append before they do (a redo log). So whatever a process that dies leaves
half done, the next one completes: the event file itself never has to be cut back under a reader that follows it.

The file holds TFRecord records: the name of the event file, then the latest entry as JSON, and then the bytes of
that entry's batch. A name is written once for each event file, entries and batches over one another. What was not
written whole does not match its checksum, and counts as not written.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from dataclasses import dataclass, field

from ..errors import RecordError
from ..records.framing import FRAME_BYTES, frame, frame_batch, masked_crc32c
from ..records.reader import RecordReader

_MOST_SLACK = 1 << 20  # bytes of an earlier, larger batch that may stay


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
    """The journal at `path`. Its methods are called under the lock on that file, and raise OSError."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._parsed: tuple[bytes, Entry] | None = None

    def read(self) -> tuple[str, Entry | None]:
        """Return the name of the event file, "" if there is none, and the latest entry unless that is not whole."""
        name = ""
        with contextlib.suppress(RecordError, FileNotFoundError), RecordReader(self.path) as reader:
            name = (reader.read() or b"").decode()
            entry = self._parse(reader.read() or b"{}") if name else None
            if entry is not None and entry.file == name:
                return name, entry
        return name, None

    def _parse(self, data: bytes) -> Entry | None:
        if self._parsed is None or self._parsed[0] != data:
            try:
                self._parsed = data, Entry(**json.loads(data))
            except (ValueError, TypeError):  # another version's
                return None
        return self._parsed[1]

    def read_batch(self, entry: Entry) -> bytes | None:
        """Return the batch of the latest entry, None if that is not whole."""
        with contextlib.suppress(RecordError), RecordReader(self.path) as reader, open(self.path, "rb") as file:
            reader.read()
            reader.read()
            file.seek(reader.offset)
            batch = file.read(entry.length)
            if masked_crc32c(batch) == entry.crc:
                return batch
        return None

    def begin(self, descriptor: int, entry: Entry) -> None:
        """Write down the name of an event file, and its first entry, which has no batch."""
        _write_at(descriptor, 0, frame_batch([entry.file.encode(), _to_json(entry)]))

    def write(self, descriptor: int, entry: Entry, batch: bytes) -> None:
        """Write down an entry and its batch, behind the name. An error leaves no entry that counts."""
        data = _to_json(entry)
        end = _write_at(descriptor, len(entry.file.encode()) + FRAME_BYTES, frame(data) + batch)
        if os.fstat(descriptor).st_size - end > _MOST_SLACK:
            os.ftruncate(descriptor, end)
        self._parsed = data, entry

    def remove(self) -> None:
        """Delete the journal."""
        os.unlink(self.path)


def _to_json(entry: Entry) -> bytes:
    return json.dumps(vars(entry)).encode()


def _write_at(descriptor: int, offset: int, data: bytes) -> int:
    """Write all of `data`; return where it ends."""
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        if written == 0:
            raise OSError(errno.EIO, "the file takes no more bytes")
        offset += written
        rest = rest[written:]
    return offset
