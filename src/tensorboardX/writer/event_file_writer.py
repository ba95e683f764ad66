"""EventFileWriter: Events are written as records of files, in the background.

`tensorboardX.event_file_writer` is this very module: tools replace its `EventsWriter` or `RecordWriter`.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any

from ..background.options import QueueOptions, Stats, queue_options
from ..background.queue import EventQueue
from ..background.thread import WriterThread
from ..errors import InvalidTypeError, describe
from ..proto import event_pb2
from ..records.events import EventsWriter, checked_suffix, preload
from ..records.writer import RecordWriter
from ..storage.factories import directory_check, is_relative, local_path, preload_store
from ..summary.size import serialized
from .compiler import keep_from_compiler
from .replaceable import Replaceable

__all__ = ["EventFileWriter", "EventsWriter", "RecordWriter", "directory_check", "event_pb2"]

_PLAIN_RECORD_WRITER = RecordWriter


@keep_from_compiler
class EventFileWriter(Replaceable):
    """Writes Events to files in a log directory, from a background thread.

    Args:
        logdir: the directory; made if it is not there.
        max_queue_size: accepted for compatibility. The queue is bounded in bytes, by `max_queue_bytes`.
        flush_secs: seconds between two fsyncs.
        filename_suffix: appended to the names of the event files.
        thread: a writer thread to share with other writers.
        open_now: whether to create the first file here, and raise OSError if that fails, or when it is needed.
        options: see `QueueOptions`.
    """

    # The file that was opened last, closed or not: programs read its `_file_name`, and may replace it.
    _ev_writer: EventsWriter | None = None

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
        checked_suffix(filename_suffix)
        self._settings = (self._logdir, max_queue_size, flush_secs, filename_suffix)
        self._options = options
        prefix = local_path(os.path.join(self._logdir, "events"))
        if is_relative(prefix):  # for later files: the process may change its working directory
            prefix = os.path.abspath(prefix)

        def open_file() -> EventsWriter:
            directory_check(os.path.dirname(prefix))
            replaced = () if RecordWriter is _PLAIN_RECORD_WRITER else (RecordWriter,)
            return EventsWriter(prefix, filename_suffix, *replaced)

        checked = queue_options(flush_secs, options)
        open_file = self._noting(open_file)
        first = _checked(open_file()) if open_now else None
        if first is None:
            preload_store(prefix)
        self._serve(open_file, thread or WriterThread(), checked, first)

    def _noting(self, open_file: Callable[[], EventsWriter]) -> Callable[[], EventsWriter]:
        """Return what opens a file and makes it `_ev_writer`, without keeping this writer alive."""
        reference = weakref.ref(self)

        def open_and_note() -> EventsWriter:
            opened = open_file()
            writer = reference()
            if writer is not None:
                writer._ev_writer = opened
            return opened

        return open_and_note

    def _serve(
        self,
        open_file: Callable[[], EventsWriter],
        thread: WriterThread,
        options: QueueOptions,
        first: EventsWriter | None,
    ) -> None:
        preload()
        self.queue = queue = EventQueue(open_file, thread, options, first)
        # An unreachable writer is closed, without waiting.
        weakref.finalize(self, queue.request_close).atexit = False

    @property
    def _file_name(self) -> str | None:
        """The path of the file that was opened last, under the name that TensorBoard's own EventFileWriter has."""
        return None if self._ev_writer is None else self._ev_writer._file_name

    @property
    def stats(self) -> Stats:
        """Counts of the events so far."""
        return self.queue.stats

    def get_logdir(self) -> str:
        """Return the directory of the event files."""
        return self._logdir

    def add_event(self, event: Any) -> None:
        """Write an Event; the caller may change it afterwards.

        Raises TypeError unless it is a protobuf message, ValueError for one of 2 GiB.
        """
        if not hasattr(event, "SerializeToString"):
            raise InvalidTypeError(f"got {describe(event)}; accepted is an Event message")
        self.queue.put(serialized(event))

    def reopen(self) -> None:
        """Accepted for compatibility: an event added after `close` opens a new file by itself."""

    def flush(self) -> None:
        """Wait until the operating system has every earlier event."""
        self.queue.flush()

    def close(self) -> None:
        """Write everything, sync and close the file. Idempotent."""
        self.queue.close()

    def __reduce__(self) -> tuple[Any, ...]:
        options = {name: value for name, value in self._options.items() if name != "observe"}  # of this process
        return _restore, (type(self), self._settings, options)


def _checked(first: EventsWriter) -> EventsWriter:
    """Check that the first file can be written; raise OSError if not. A class of a tool may lack the check."""
    try:
        getattr(first, "check_writable", bool)()
    except OSError:
        getattr(first, "abandon", first.close)()
        raise
    return first


def _restore(cls: type[EventFileWriter], settings: tuple[Any, ...], options: dict[str, Any]) -> EventFileWriter:
    return cls(*settings, open_now=False, **options)
