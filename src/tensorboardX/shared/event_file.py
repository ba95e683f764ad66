"""An event file to which several processes append."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from time import monotonic

from google.protobuf.message import DecodeError

from ..errors import RecordError
from ..proto.event_pb2 import Event
from ..records.reader import RecordReader
from ..storage.locks import FileLock
from .journal import CHUNK, MOST_EVENT_BYTES, Entry
from .numbering import count


class SharedEventFile:
    """The event file `name` of a directory, open for appending, and locked with a shared lock.

    Other processes detect by the lock that the file is in use. Raises OSError; LogdirError if it is not a
    regular file or not to be trusted.
    """

    def __init__(self, directory: str, name: str) -> None:
        self.name = name
        self._lock = FileLock(os.path.join(directory, name), append=True)
        self._lock.open()
        try:
            self._lock.try_lock(shared=True)  # if another program has locked it, that lock marks it
        except BaseException:
            self._lock.release()
            raise

    def size(self) -> int:
        """Return how many bytes the file has.

        It is -1 where the file is not to be appended to any more: its name leads elsewhere, or it has other names, of
        a backup for instance, whose content would change too.
        """
        found = self._lock.stat()
        return -1 if found is None or found.st_nlink != 1 else found.st_size

    def append(self, data: bytes) -> None:
        """Append all of `data`. Raises OSError."""
        rest = memoryview(data)
        while rest:
            written = os.write(self._lock.descriptor, rest[:CHUNK])
            if written == 0:
                raise OSError(errno.EIO, "the file takes no more bytes", self._lock.path)
            rest = rest[written:]

    def read_steps(self, known: Entry, on_progress: Callable[[], object]) -> tuple[Entry, bool]:
        """Read on where `known` ends; return the state of the file, and whether it holds whole Events only.

        Args:
            known: an earlier state of this file.
            on_progress: called twice a second.
        """
        steps, whole, next_call = dict(known.steps), True, monotonic()
        path, descriptor = self._lock.path, self._lock.descriptor
        with RecordReader(path, known.end, descriptor=descriptor, most=MOST_EVENT_BYTES) as reader:
            try:
                for data in reader:
                    count(Event.FromString(data), steps)
                    if monotonic() > next_call:
                        next_call = monotonic() + 0.5
                        on_progress()
            except (RecordError, DecodeError, MemoryError):
                whole = False
        return Entry(self.name, reader.offset, steps=steps), whole and reader.offset == self.size()

    def sync(self) -> None:
        """Sync the file (fsync). Raises OSError."""
        if self.size() >= 0:
            os.fsync(self._lock.descriptor)

    def close(self) -> None:
        """Release the lock and close the file."""
        self._lock.release()
