"""One event file to which several processes append, each of them whole batches in its turn."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

from google.protobuf.message import DecodeError

from ..errors import RecordError
from ..proto.event_pb2 import Event
from ..records.events import EventsWriter
from ..records.framing import frame_batch
from ..records.reader import RecordReader
from ..storage.descriptors import open_descriptor
from ..storage.factories import directory_check
from .journal import Entry, Journal
from .lock import FileLock, is_in_use, locked

NEXT_STEP = 2**63 - 1
"""Stands for the step that follows the last one of its tag, until the event is written."""

_APPEND = os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)


class SharedRun:
    """The event file of a log directory that processes write together, and this process's part in it.

    Each holds a shared lock on the event file while it takes part, so that one that comes later can tell whether
    there is anybody to join; they take turns by an exclusive lock on the journal. Not thread-safe. Every method
    raises OSError, TimeoutError if another process does not end its turn.

    Args:
        logdir: the directory, on a local file system.
        filename_suffix: appended to the names of the files.
        event_file: the name of the event file, where another process told it.
    """

    def __init__(self, logdir: str, filename_suffix: str = "", event_file: str = "") -> None:
        self._logdir = logdir = os.path.abspath(logdir)  # the process may change its working directory
        self._suffix = filename_suffix
        # Not named after the event file: TensorBoard reads whatever has `tfevents` in its name.
        self._journal = Journal(os.path.join(logdir, f".tensorboardX-global{filename_suffix}"))
        self._known = Entry(event_file)  # the state when this process saw it last
        self._presence = FileLock()

    @property
    def path(self) -> str:
        """The path of the event file."""
        return self._path_of(self._known.file)

    def __reduce__(self) -> tuple[type[SharedRun], tuple[str, str, str]]:
        return type(self), (self._logdir, self._suffix, self._known.file)

    def begin(self) -> bool:
        """Take part: join the processes that write here, or begin a new file; return whether there were any."""
        with self._turn() as descriptor:
            name, entry = self._journal.read()
            joins = bool(name) and is_in_use(self._path_of(name))
            if entry is not None:
                self._complete(entry)  # also where its writer was killed and left nobody behind
            self._take_part(self._latest(descriptor) if joins else self._new_file(descriptor, {}))
        return joins

    def join(self) -> None:
        """Take part: go on in the file that is there, if there is one."""
        with self._turn() as descriptor:
            self._take_part(self._latest(descriptor))

    def append(self, batch: list[bytes]) -> None:
        """Append serialized Events; those at `NEXT_STEP` get their steps.

        Empties `batch` as soon as it is sure to be written once, come what may: if an error is raised after that,
        the next to append, of whatever process, appends the rest first.
        """
        with self._turn() as descriptor:
            latest = self._latest(descriptor)
            if batch:
                steps = dict(latest.steps)
                data = frame_batch([_number(event, steps) for event in batch])
                latest = latest.after(data, steps)
                self._journal.write(descriptor, latest, data)
                batch.clear()
                _append(self._path_of(latest.file), data)
            self._take_part(latest)

    def sync(self) -> None:
        """Bring the event file onto the disk (fsync)."""
        with contextlib.suppress(FileNotFoundError), open(self.path, "rb") as file:
            os.fsync(file.fileno())

    def leave(self) -> None:
        """Take part no longer. Who is the last takes the journal away."""
        self._presence.release()
        if not os.path.exists(self._journal.path):
            return
        with self._turn():
            name, entry = self._journal.read()
            if not is_in_use(self._path_of(name)) and (entry is None or self._complete(entry)):
                self._journal.remove()

    # ---- under the lock

    @contextlib.contextmanager
    def _turn(self) -> Iterator[int]:
        directory_check(self._logdir)
        with locked(self._journal.path) as descriptor:
            yield descriptor

    def _take_part(self, entry: Entry) -> None:
        moved = entry.file != self._known.file
        self._known = entry
        if moved or self._presence.descriptor < 0:
            self._presence.release()
            self._presence.try_shared(self.path)

    def _latest(self, descriptor: int) -> Entry:
        """Return the state of the event file, once everything that was begun is complete."""
        name, entry = self._journal.read()
        if entry is not None and self._complete(entry):
            return entry
        name = name or self._known.file
        if self._size_of(name) < 0:  # deleted
            return self._new_file(descriptor, (entry or self._known).steps)
        latest, whole = self._count(name)
        if not whole:  # readers would stop at a torn record, and those that saw it must not see it change
            return self._new_file(descriptor, latest.steps)
        self._journal.begin(descriptor, latest)
        return latest

    def _complete(self, entry: Entry) -> bool:
        """Append what is missing of the entry's batch; return whether the event file is as the entry says."""
        size = self._size_of(entry.file)
        if entry.offset <= size < entry.end:
            batch = self._journal.read_batch(entry)
            if batch is not None:
                _append(self._path_of(entry.file), batch[size - entry.offset :])
                size = entry.end
        return size == entry.end

    def _count(self, name: str) -> tuple[Entry, bool]:
        """Read the steps of all tags back from the event file; return whether it holds whole Events only."""
        size = self._size_of(name)
        known = self._known if self._known.file == name and self._known.end <= size else Entry(name)
        steps, whole = dict(known.steps), True
        with RecordReader(self._path_of(name), known.end) as reader:
            try:
                for data in reader:
                    _count_step(Event.FromString(data), steps)
            except (RecordError, DecodeError):
                whole = False
        return Entry(name, reader.offset, steps=steps), whole and reader.offset == size

    def _new_file(self, descriptor: int, steps: dict[str, int]) -> Entry:
        writer = EventsWriter(os.path.join(self._logdir, "events"), self._suffix)
        writer.abandon()  # that is, close it: it has its first record
        entry = Entry(os.path.basename(writer.path), os.path.getsize(writer.path), steps=steps)
        self._journal.begin(descriptor, entry)
        return entry

    def _path_of(self, name: str) -> str:
        return os.path.join(self._logdir, name)

    def _size_of(self, name: str) -> int:
        """Return the size of an event file, -1 if there is none."""
        try:
            return os.path.getsize(self._path_of(name)) if name else -1
        except FileNotFoundError:
            return -1


def _append(path: str, data: bytes) -> None:
    descriptor = open_descriptor(path, _APPEND)
    try:
        while data:
            written = os.write(descriptor, data)
            if written == 0:
                raise OSError(errno.EIO, "the file takes no more bytes", path)
            data = data[written:]
    finally:
        os.close(descriptor)


def _number(data: bytes, steps: dict[str, int]) -> bytes:
    """Return a serialized Event with its step; it counts."""
    event = Event.FromString(data)
    if event.step == NEXT_STEP:
        event.step = max((steps.get(value.tag, 0) for value in event.summary.value), default=0)
        data = event.SerializeToString()
    _count_step(event, steps)
    return data


def _count_step(event: Event, steps: dict[str, int]) -> None:
    for value in event.summary.value:
        steps[value.tag] = max(steps.get(value.tag, 0), event.step + 1)
