"""Event files: one serialized Event a record, the first of them naming the format's version."""

from __future__ import annotations

import collections
import contextlib
import itertools
import os
import time
import weakref
from typing import Any

from .errors import InvalidTypeError, describe
from .event_queue import EventQueue
from .proto import event_pb2
from .queue_options import Stats, queue_options
from .record_writer import RecordWriter, directory_check, is_relative
from .replaceable import Replaceable
from .writer_thread import WriterThread

__all__ = ["EventFileWriter", "EventsWriter", "RecordWriter", "directory_check", "event_pb2"]

FILE_VERSION = "brain.Event:2"
FRAME_BYTES = 16  # what a record takes beyond its data

_MOST_ATTEMPTS = 1000

_counter = itertools.count()
_latest = 0  # second in the name of a file


class EventsWriter:
    """Writes Events to one new file. Not thread-safe.

    The file is named `<file_prefix>.out.tfevents.<seconds>.<host>.<pid>.<counter><filename_suffix>`, so that no
    two writers ever share one, and is created exclusively. Raises OSError if it cannot be.
    """

    def __init__(self, file_prefix: str, filename_suffix: str = "") -> None:
        self._py_recordio_writer = _open_record_writer(file_prefix, filename_suffix)
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
        """Take serialized Events, for `write_out` to write: all of them, or none if there is no memory for it."""
        if self._take_batch is not None and type(self).write_event is _PLAIN_WRITE_EVENT:
            self._take_batch(batch)
        else:
            self._left.extend(batch)

    def write_out(self) -> None:
        """Write what was taken, in one write. Raises OSError; what is not written then is kept for the next call."""
        self._of_record_writer("write_out")
        self._write_left()

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
                if hasattr(self._py_recordio_writer, "write_out"):  # ours has kept it
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
        """Hand everything to the operating system. Raises OSError."""
        self._py_recordio_writer.flush()
        return True

    def sync(self) -> None:
        """Bring everything onto the disk. Raises OSError."""
        self._of_record_writer("sync")

    def close(self) -> bool:
        """Bring everything onto the disk and close the file. Raises OSError."""
        try:
            self.sync()
        finally:
            self._py_recordio_writer.close()
        return True

    def is_lost(self) -> bool:
        """Return whether nobody could read what is written from now on: the file was deleted, or cannot grow."""
        return bool(self._of_record_writer("is_lost"))

    def abandon(self) -> None:
        """Let go of the file, writing nothing more."""
        self._of_record_writer("abandon")

    def _of_record_writer(self, method: str) -> Any:
        """Call a method that a RecordWriter put in from outside may lack."""
        return getattr(self._py_recordio_writer, method, lambda: None)()


_PLAIN_WRITE_EVENT = EventsWriter.write_event


def _open_record_writer(file_prefix: str, filename_suffix: str) -> RecordWriter:
    import socket

    global _latest
    host = socket.gethostname().replace(os.sep, "_")
    attempts = 0
    while True:
        # TensorBoard reads files in the order of their names: a clock set back, or ten files, must not change it.
        _latest = max(_latest, int(time.time()))
        name = f"{_latest:010d}.{host}.{os.getpid()}.{next(_counter):06d}{filename_suffix}"
        try:
            return RecordWriter(f"{file_prefix}.out.tfevents.{name}")
        except FileExistsError:  # a container with the same host name and process id: take the next number
            attempts += 1
            if attempts == _MOST_ATTEMPTS:
                raise


class EventFileWriter(Replaceable):
    """Writes Events to files in a log directory, from a thread behind the callers.

    Args:
        logdir: the directory; made if it is not there.
        max_queue_size: accepted for compatibility. The queue is bounded in bytes, by `max_queue_bytes`.
        flush_secs: seconds between two fsyncs.
        filename_suffix: appended to the names of the event files.
        thread: a writer thread to share with other writers.
        open_now: whether to create the first file here, and raise OSError if that fails, or when it is needed.
        options: see `QueueOptions`.
    """

    def __init__(
        self,
        logdir: str,
        max_queue_size: int = 10,
        flush_secs: float = 120,
        filename_suffix: str = "",
        *,
        thread: WriterThread | None = None,
        open_now: bool = True,
        **options: Any,
    ) -> None:
        self._logdir = os.fspath(logdir)
        self._settings = (self._logdir, max_queue_size, flush_secs, filename_suffix)
        self._options = options
        prefix = os.path.join(self._logdir, "events")
        if is_relative(prefix):  # for later files, should the process go elsewhere
            prefix = os.path.abspath(prefix)

        def open_file() -> EventsWriter:
            directory_check(os.path.dirname(prefix))
            return EventsWriter(prefix, filename_suffix)

        checked = queue_options(flush_secs, options)
        first = open_file() if open_now else None
        self._serve(EventQueue(open_file, thread or WriterThread(), checked, first))

    def _serve(self, queue: EventQueue) -> None:
        self.queue = queue
        # A writer that nobody can reach any more is closed behind everybody's back.
        weakref.finalize(self, queue.request_close).atexit = False

    @property
    def _ev_writer(self) -> EventsWriter | None:
        return self.queue.events_writer

    @property
    def stats(self) -> Stats:
        """What became of the events so far."""
        return self.queue.stats

    def get_logdir(self) -> str:
        """Return the directory of the event files."""
        return self._logdir

    def add_event(self, event: Any) -> None:
        """Write an Event; the caller may change it afterwards. Raises TypeError unless it is a protobuf message."""
        if not hasattr(event, "SerializeToString"):
            raise InvalidTypeError(f"got {describe(event)}; accepted is an Event message")
        self.queue.put(event.SerializeToString())

    def reopen(self) -> None:
        """Accepted for compatibility: an event added after `close` opens a new file by itself."""

    def flush(self) -> None:
        """Wait until every earlier event is with the operating system."""
        self.queue.flush()

    def close(self) -> None:
        """Write everything, bring it onto the disk and close the file. Idempotent."""
        self.queue.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self._settings, self._options)


def _restore(cls: type[EventFileWriter], settings: tuple[Any, ...], options: dict[str, Any]) -> EventFileWriter:
    return cls(*settings, open_now=False, **options)
