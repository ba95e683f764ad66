"""Event files: one serialized Event a record, the first of them naming the format's version."""

from __future__ import annotations

import collections
import contextlib
import itertools
import os
import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from ..errors import InvalidTypeError, InvalidValueError, describe, shown
from ..proto import event_pb2
from ..storage.factories import is_local
from ..storage.local import LocalFile
from .framing import FRAME_BYTES, load_checksum
from .writer import RecordWriter

FILE_VERSION = "brain.Event:2"

_MOST_ATTEMPTS = 1000
_MOST_NAME_BYTES = 255  # of a file, on nearly every file system

_SECONDS = re.compile(r"\.tfevents\.([0-9]{10})\.")

_counter = itertools.count()
_latest = 0  # second in the name of a file


def checked_suffix(suffix: Any) -> str:
    """Return what is to end the names of event files. Raises TypeError or ValueError where no file can be named so."""
    if not isinstance(suffix, str):
        raise InvalidTypeError(f"filename_suffix: got {describe(suffix)}; accepted is a string")
    if not suffix:
        return suffix
    import socket

    try:
        size = len(os.fsencode(suffix))
    except UnicodeEncodeError as error:  # half of a surrogate pair
        raise InvalidValueError(f"filename_suffix: got {shown(suffix)}; accepted is what UTF-8 can hold") from error
    most = _MOST_NAME_BYTES - len(f"events.out.tfevents.{0:010d}.{socket.gethostname()}.{2**22}.{0:06d}".encode())
    if size > most or any(separator in suffix for separator in ("\0", os.sep, os.altsep) if separator):
        accepted = f"at most {most} bytes, without slashes and null characters: the end of the name of a file"
        raise InvalidValueError(f"filename_suffix: got {shown(suffix)} of {size} bytes; accepted are {accepted}")
    return suffix


def preload() -> None:
    """Import in a caller what writing takes and `import tensorboardX` leaves out: the writer thread imports nothing."""
    import hashlib  # noqa: F401 (for the names of overlong tags)
    import socket  # noqa: F401

    load_checksum()


def name_after(names: Iterable[str]) -> None:
    """Let the names of all later files sort after those of these event files, whatever the clock of their host was."""
    global _latest
    seconds = [int(found[1]) for found in map(_SECONDS.search, names) if found]
    _latest = max([_latest, *(second + 1 for second in seconds)])


class EventsWriter:
    """Writes Events to one new file. Not thread-safe.

    The file is named `<file_prefix>.out.tfevents.<seconds>.<host>.<pid>.<counter><filename_suffix>`, so that no
    two writers ever share one, and is created exclusively. Where it is not a local file, eight random digits follow
    the counter. Raises OSError if the file cannot be made.
    """

    def __init__(
        self, file_prefix: str, filename_suffix: str = "", open_record_writer: Callable[[str], Any] = RecordWriter
    ) -> None:
        self._py_recordio_writer = _open_record_writer(file_prefix, filename_suffix, open_record_writer)
        self._file_name = self.path = self._py_recordio_writer.path
        self._take_batch = getattr(self._py_recordio_writer, "take_batch", None)
        self._left: collections.deque[bytes] = collections.deque()  # of a batch that is written one by one
        try:
            self.write_event(event_pb2.Event(wall_time=time.time(), file_version=FILE_VERSION))
        except Exception:  # of a registered factory's file it may be any
            self.abandon()
            with contextlib.suppress(OSError):  # a full disk must not fill up with attempts
                os.unlink(self.path)
            raise

    def write_event(self, event: Any) -> None:
        """Write one Event. Raises TypeError unless it is a protobuf message, OSError if writing fails."""
        if not hasattr(event, "SerializeToString"):
            raise InvalidTypeError(f"got {describe(event)}; accepted is an Event message")
        self._write_serialized_event(event.SerializeToString())

    def _write_serialized_event(self, event_str: bytes) -> None:
        self._py_recordio_writer.write(event_str)

    def take_batch(self, batch: list[bytes]) -> None:
        """Take serialized Events, for `write_some` to write: all of them, or none if there is no memory for it."""
        if self._take_batch is not None and type(self).write_event is _PLAIN_WRITE_EVENT:
            self._take_batch(batch)
        else:
            self._left.extend(batch)

    def local_file(self) -> LocalFile | None:
        """Return the file, if a caller may write to it directly: it is on a local disk.

        None where a class was replaced, or where something is left to write.
        """
        writer = self._py_recordio_writer
        plain = type(writer) is RecordWriter and type(self).write_event is _PLAIN_WRITE_EVENT
        if not plain or self._left or not writer.is_idle:
            return None
        file = writer.file
        return file if type(file) is LocalFile and file.is_on_local_disk else None

    def directory_removed_at(self) -> float | None:
        """Return when the file was deleted together with its directory, None where it was not; see `LocalFile`."""
        file = getattr(self._py_recordio_writer, "file", None)
        return file.directory_removed_at() if isinstance(file, LocalFile) else None

    def resume(self, records: bytes) -> None:
        """Take records that a caller began to write to `local_file`, for `write_some` to write."""
        self._py_recordio_writer.resume(records)

    def write_some(self) -> bool:
        """Write a chunk of what was taken; return whether that was the last one.

        Raises OSError; what is not written then is kept for the next call.
        """
        write_some = getattr(self._py_recordio_writer, "write_some", None)
        if write_some is None:
            self._of_record_writer("write_out")
        elif not write_some():
            return False
        self._write_left()
        return True

    def _write_left(self) -> None:
        """Write one by one: for a tool that wants to see every Event, or a RecordWriter put in from outside."""
        while self._left:
            data = self._left[0]
            try:
                if type(self).write_event is _PLAIN_WRITE_EVENT:
                    self._write_serialized_event(data)
                else:
                    self.write_event(event_pb2.Event.FromString(data))
            except OSError:
                if hasattr(self._py_recordio_writer, "write_out"):  # our RecordWriter has kept it
                    self._left.popleft()
                raise
            self._left.popleft()

    def unwritten_of(self, batch: list[bytes]) -> list[bytes]:
        """Return the Events of the batch written last that are not whole in the file, after an error."""
        count = len(self._left)
        unwritten = getattr(self._py_recordio_writer, "unwritten_bytes", 0)
        while unwritten > 0 and count < len(batch):
            count += 1
            unwritten -= len(batch[-count]) + FRAME_BYTES
        return batch[len(batch) - count :]

    def flush(self) -> bool:
        """Write everything to the operating system. Raises OSError."""
        self._py_recordio_writer.flush()
        return True

    def sync(self) -> None:
        """Sync the file. Raises OSError."""
        self._of_record_writer("sync")

    @property
    def buffered_bytes(self) -> int:
        """How many bytes of what was written are in the buffer of the file."""
        return getattr(self._py_recordio_writer, "buffered_bytes", 0)

    def store_next(self) -> None:
        """Upload the oldest part of the buffer. Raises OSError."""
        self._of_record_writer("store_next")

    def check_writable(self) -> None:
        """Raise OSError if the store will refuse what is written, where that can be known at once."""
        self._of_record_writer("check_writable")

    def close(self) -> bool:
        """Sync and close the file. Raises OSError."""
        try:
            self.sync()
        finally:
            self._py_recordio_writer.close()
        return True

    def is_lost(self) -> bool:
        """Return whether later writes would be lost: the file was deleted, or cannot grow."""
        return bool(self._of_record_writer("is_lost"))

    def abandon(self) -> None:
        """Release the file without writing anything more."""
        self._of_record_writer("abandon")

    def _of_record_writer(self, method: str) -> Any:
        """Call a method that a RecordWriter put in from outside may lack."""
        return getattr(self._py_recordio_writer, method, lambda: None)()


_PLAIN_WRITE_EVENT = EventsWriter.write_event


def _open_record_writer(file_prefix: str, filename_suffix: str, open_record_writer: Callable[[str], Any]) -> Any:
    import socket

    global _latest
    host = socket.gethostname().replace(os.sep, "_")
    # Containers share host names and process ids, and an object store replaces what has the same name.
    unique = "" if is_local(file_prefix) else f".{os.urandom(4).hex()}"
    attempts = 0
    while True:
        # TensorBoard reads files in the order of their names: a clock set back, or ten files, must not change it.
        _latest = max(_latest, int(time.time()))
        name = f"{_latest:010d}.{host}.{os.getpid()}.{next(_counter):06d}{unique}{filename_suffix}"
        try:
            return open_record_writer(f"{file_prefix}.out.tfevents.{name}")
        except FileExistsError:  # a container with the same host name and process id: take the next number
            attempts += 1
            if attempts == _MOST_ATTEMPTS:
                raise
