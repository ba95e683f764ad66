"""The file that takes the place of another one, written once it is known to differ."""

from __future__ import annotations

import collections
import contextlib
import errno
import os
import shutil

from ..proto.event_pb2 import Event
from ..reader.records import Record
from ..reader.source import Source
from ..records.events import FILE_VERSION
from ..records.framing import FRAME_BYTES, frame
from ..summary.wire import walltime_of

_PIECE = 1 << 20
_BUFFERED = 256 << 10
_NOWHERE = -1


class NewFile:
    """Takes the records of a file as they are read, and those that take their place.

    As long as both are the same nothing is written. Then what was the same is copied, and the rest follows it.

    Args:
        path: where to write; None only counts.
        is_whole: whether to write it even if it differs in nothing.
        avoided: a byte at which no record is to begin, unless the file ends there. TensorBoard's Python loader goes on
            reading a file that was replaced where the old one ended. If it found a record there, it would take all that
            follows for new.

    Attributes:
        size: bytes so far.
        count: records so far.

    Every method raises OSError.
    """

    def __init__(self, path: str | None, is_whole: bool = False, avoided: int = _NOWHERE) -> None:
        self.size = self.count = 0
        self.is_changed = is_whole
        self._path = path
        self._avoided = avoided
        self._unmatched: collections.deque[Record] = collections.deque()
        self._source: Source | None = None
        self._descriptor = -1
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._last = b""  # record, which is written once the next one is known
        if is_whole:
            self._open()

    def begin_source(self, source: Source) -> None:
        """Note from which file the records come."""
        self._source = source

    def saw(self, record: Record) -> None:
        """Note that a record was read."""
        if not self.is_changed:
            self._unmatched.append(record)

    def put(self, events: list[bytes]) -> None:
        """Append records, given by their data."""
        for data in events:
            self.count += 1
            if not self.is_changed and self._is_next(data):
                self.size += len(data) + FRAME_BYTES
            else:
                self._begin_to_differ()
                self._append(frame(data))

    def end_source(self, size: int) -> None:
        """Note that there are no more records in a file of `size` bytes."""
        if not self.is_changed and (self._unmatched or self.size < size):
            self._begin_to_differ()
        self._source = None

    def close(self, like: str | None = None) -> None:
        """Bring the file onto the disk, with the permissions and times of another one."""
        if self._descriptor < 0:
            return
        self._hand_over(b"")
        self._flush()
        os.fsync(self._descriptor)
        self._release()
        if like is not None and self._path is not None:
            shutil.copystat(like, self._path)

    def abandon(self) -> None:
        """Delete the file."""
        self._release()
        if self._path is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    def _is_next(self, data: bytes) -> bool:
        """Whether the data is that of the record that lies in the source where this file ends."""
        if not self._unmatched or self._unmatched[0].data is not data or self._unmatched[0].offset != self.size:
            return False
        self._unmatched.popleft()
        return True

    def _begin_to_differ(self) -> None:
        if self.is_changed:
            return
        self.is_changed = True
        self._unmatched.clear()
        self._open()
        if self._descriptor >= 0 and self._source is not None:
            position = 0
            while position < self.size and (piece := self._source.read(position, min(_PIECE, self.size - position))):
                self._write(piece)
                position += len(piece)
            if position < self.size:
                raise OSError(errno.EIO, "the file was cut off while it was read", self._source.path)

    def _append(self, record: bytes) -> None:
        if self._last and self.size == self._avoided:
            padding = _padding(self._last)
            self._last = padding + self._last
            self.size += len(padding)
            self.count += 1
        self._hand_over(record)
        self.size += len(record)

    def _hand_over(self, record: bytes) -> None:
        self._buffer.append(self._last)
        self._buffered += len(self._last)
        self._last = record
        if self._buffered >= _BUFFERED:
            self._flush()

    def _flush(self) -> None:
        data = b"".join(self._buffer)
        self._buffer, self._buffered = [], 0
        self._write(data)

    def _open(self) -> None:
        if self._path is not None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
            self._descriptor = os.open(self._path, flags, 0o666)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while self._descriptor >= 0 and rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def _release(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _padding(before: bytes) -> bytes:
    """Return a record without meaning: the version of the format, which may be told again."""
    walltime = walltime_of(before[FRAME_BYTES - 4 : FRAME_BYTES + 8])
    made = frame(Event(wall_time=walltime, file_version=FILE_VERSION).SerializeToString())
    if len(made) == len(before):  # then the record after it would begin there
        made = frame(Event(wall_time=walltime, step=1, file_version=FILE_VERSION).SerializeToString())
    return made
