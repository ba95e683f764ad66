"""The layers between a SummaryWriter and the event file of a `SharedRun`."""

from __future__ import annotations

import collections
import contextlib
import os
from typing import Any, cast

from .. import writer
from ..background.options import queue_options
from ..background.thread import WriterThread
from ..records.events import EventsWriter
from ..records.writer import RecordWriter
from ..storage import locks
from ..storage.factories import is_local, local_path
from ..writer.event_file_writer import EventFileWriter
from ..writer.file_writer import DefaultMetadata, FileWriter
from ..writer.summary_writer import SummaryWriter
from .run import SharedRun


class SharedRecordWriter:
    """Replaces the RecordWriter of an `EventsWriter`: takes serialized Events without steps."""

    def __init__(self, run: SharedRun) -> None:
        self._run = run
        self._pending: list[bytes] = []

    @property
    def path(self) -> str:
        """The path of the event file."""
        return self._run.path

    def write(self, data: bytes) -> None:
        """Append one Event. Raises OSError; it is kept then, and `write_out` tries again."""
        self.take_batch([data])
        self.write_out()

    def take_batch(self, batch: list[bytes]) -> None:
        """Take Events, for `write_out` to append."""
        self._pending += batch

    def unwritten(self) -> list[bytes]:
        """Return the Events that are in neither the event file nor the journal."""
        return list(self._pending)

    def write_out(self) -> None:
        """Append what was taken. Raises OSError; what is not in the file then is kept."""
        self._run.append(self._pending)

    def flush(self) -> None:
        """Nothing to do: every write went to the operating system at once."""

    def sync(self) -> None:
        """Sync the event file (fsync). Raises OSError."""
        self._run.sync()

    def close(self) -> None:
        """Leave the event file to the other processes."""
        self._pending = []
        with contextlib.suppress(OSError):  # a journal that is left behind does no harm
            self._run.close()

    abandon = close


class SharedEventsWriter(EventsWriter):
    """Writes Events to the event file of a run that several processes share."""

    def __init__(self, run: SharedRun) -> None:  # does not call that of the base, which makes a file
        self._records = SharedRecordWriter(run)
        self._py_recordio_writer = cast(RecordWriter, self._records)
        self._file_name = self.path = run.path
        self._take_batch = self._records.take_batch
        self._left = collections.deque()

    def unwritten_of(self, batch: list[bytes]) -> list[bytes]:
        """Return the Events of the batch written last that will never be in the file, after an error."""
        return self._records.unwritten()


class SharedEventFileWriter(EventFileWriter):
    """Writes Events to the shared event file of a run, from a background thread.

    Args:
        run: the run.
        flush_secs: seconds between two fsyncs.
        thread: the writer thread.
        create: whether to begin a new file if no other process has one open, and raise OSError if that fails.
        options: see `QueueOptions`.

    Attributes:
        joined: whether another process had the file open already.
    """

    def __init__(
        self, run: SharedRun, logdir: str, flush_secs: float, thread: WriterThread, create: bool, **options: Any
    ) -> None:  # does not call that of the base, which opens files of its own
        self._logdir = logdir
        self._arguments = (run, logdir, flush_secs, options)
        self.joined = False
        run.on_progress = lambda: thread.progress.note_written()

        def open_file() -> EventsWriter:
            run.open()
            return SharedEventsWriter(run)

        open_file = self._noting(open_file)
        first = None
        if create:
            with contextlib.suppress(TimeoutError):  # the lock's holder is stuck: the thread opens the file later
                self.joined = run.open_or_create()
                first = self._ev_writer = SharedEventsWriter(run)
        self._serve(open_file, thread, queue_options(flush_secs, options), first)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, self._arguments


def _restore(run: SharedRun, logdir: str, flush_secs: float, options: dict[str, Any]) -> SharedEventFileWriter:
    return SharedEventFileWriter(run, logdir, flush_secs, WriterThread(), create=False, **options)


class SharedFileWriter(FileWriter):
    """Writes Events to the shared event file of a run. See `SharedEventFileWriter`."""

    def __init__(self, event_writer: SharedEventFileWriter) -> None:  # does not call that of the base, which makes one
        self.event_writer = event_writer
        self._default_metadata = DefaultMetadata()


class SharedSummaryWriter(SummaryWriter):
    """A SummaryWriter whose run has one event file for all the processes that hold a copy of this writer.

    Sub-runs have files of their own, as always.
    """

    _shares_run = True

    def _start(self) -> None:
        super()._start()
        self._run: SharedRun = vars(self).get("_run") or SharedRun(local_path(self._directory), self._filename_suffix)

    def _new_file_writer(self, logdir: str, open_now: bool) -> Any:
        replaced = writer.EventFileWriter is not EventFileWriter
        if logdir != self._directory or not self._write_to_disk or replaced:
            return super()._new_file_writer(logdir, open_now)
        settings = (self._run, logdir, self._flush_secs, self._thread, open_now)
        return SharedFileWriter(SharedEventFileWriter(*settings, **self._queue_settings))

    def _mark_purge(self) -> None:
        event_writer = getattr(self.file_writer, "event_writer", None)
        if not getattr(event_writer, "joined", False):
            super()._mark_purge()

    def assigns_steps(self, method: str) -> bool:
        """Return whether what `method` logs gets its step when it is written: no layer was replaced."""
        own = vars(self)
        replaced = own.get(method) is not own.get("_followed_methods", {}).get(method)  # Comet's listener passes it on
        if method in vars(SummaryWriter) or replaced:  # replaced by a tool: SummaryWriter itself defines no methods
            return False
        file_writer = self._get_file_writer()
        return isinstance(file_writer, SharedFileWriter) and file_writer.queue is not None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_run": self._run}


def can_share(logdir: str | os.PathLike[str]) -> bool:
    """Return whether processes can append to one file there: a local directory, on a system with flock."""
    return locks.HAS_SHARED_LOCKS and is_local(os.fspath(logdir))
