"""The run to which several processes write, in one event file."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator

from ..errors import LogdirError
from ..names import name_hash
from ..records.events import EventsWriter
from ..records.framing import frame_batch
from ..storage.factories import directory_check
from ..storage.locks import ExclusiveLock, FileLock, is_locked
from .event_file import SharedEventFile
from .journal import Entry, Journal
from .numbering import numbered

LOCK_PATIENCE = 6.0
"""The timeout in seconds for a process that holds the lock without progress. It may be waiting for a slow disk, so this
is more than `progress.PATIENCE`, the timeout of callers for any store."""

OPEN_PATIENCE = 2.0
"""The same while a writer is constructed: the file can also be opened later."""


class SharedRun:
    """The event file of a log directory that several processes append to.

    Each of them holds a shared lock on the event file while it has it open. A process that
    appends holds the exclusive lock on the journal. Not thread-safe. Every method raises OSError, and TimeoutError if
    the holder of the journal's lock is stuck; see `ExclusiveLock`.

    Args:
        logdir: the directory, on a local file system.
        filename_suffix: appended to the names of the files.
        event_file: the name of the event file, if known from another process.

    Attributes:
        on_progress: called when other processes make progress while this one waits.
    """

    def __init__(self, logdir: str, filename_suffix: str = "", event_file: str = "") -> None:
        self.on_progress: Callable[[], object] = lambda: None
        self._logdir = logdir = os.path.abspath(logdir)  # the process may change its working directory
        self._suffix = filename_suffix
        path = os.path.join(logdir, _journal_name(filename_suffix))
        self._lock = ExclusiveLock(path, LOCK_PATIENCE, self._size_on_disk, lambda: self.on_progress())
        self._journal = Journal(path)
        self._known = Entry(event_file)  # the state that this process has read last
        self._file: SharedEventFile | None = None

    @property
    def path(self) -> str:
        """The path of the event file."""
        return self._path_of(self._known.file)

    def __reduce__(self) -> tuple[type[SharedRun], tuple[str, str, str]]:
        return type(self), (self._logdir, self._suffix, self._known.file)

    def open_or_create(self) -> bool:
        """Open the event file that other processes have open, else begin a new one; return whether there was one."""
        with self._locked(OPEN_PATIENCE) as lock:
            name, entry = self._journal.read(lock.descriptor)
            in_use = self._is_in_use(name)
            if entry is not None:
                self._complete(lock, entry)  # also where its writer was killed and there is no other
            if in_use:
                self._known, _ = self._latest(lock)
            else:
                self._begin(lock, {})
        return in_use

    def open(self) -> None:
        """Open the event file of the run, or begin one."""
        with self._locked() as lock:
            self._known, _ = self._latest(lock)

    def append(self, batch: list[bytes]) -> None:
        """Append serialized Events; those at `NEXT_STEP` get their steps.

        Empties `batch` once it is in the journal, so that it will be written exactly once. After a later error, the
        process that appends next completes this append first.
        """
        with self._locked() as lock:
            latest, file = self._latest(lock)
            if batch:
                steps = dict(latest.steps)
                data = frame_batch([numbered(event, steps) for event in batch])
                latest = latest.after(data, steps)
                self._journal.write(lock.descriptor, latest, data)
                batch.clear()
                file.append(data)
            self._known = latest

    def sync(self) -> None:
        """Bring the event file onto the disk (fsync)."""
        if self._file is not None:
            self._file.sync()

    def close(self) -> None:
        """Close the event file. The last process to do so deletes the journal."""
        self._close_file()
        try:
            with contextlib.suppress(FileNotFoundError), self._lock.hold(create=False) as lock:
                name, entry = self._journal.read(lock.descriptor)
                if not self._is_in_use(name) and (entry is None or self._complete(lock, entry)):
                    lock.unlink()
        finally:
            self._close_file()

    # ---- with the lock held

    @contextlib.contextmanager
    def _locked(self, patience: float | None = None) -> Iterator[FileLock]:
        directory_check(self._logdir)
        with self._lock.hold(patience=patience) as lock:
            if os.fstat(lock.descriptor).st_nlink > 1:
                self._copy_journal(lock)
            yield lock

    def _copy_journal(self, lock: FileLock) -> None:
        """Give the journal a file of its own, where the file has other names and is not to be written."""
        name, entry = self._journal.read(lock.descriptor)
        if entry is not None:
            self._complete(lock, entry)
        copy = FileLock(f"{lock.path}.{os.getpid()}.{time.time_ns()}")
        copy.open(os.O_CREAT | os.O_EXCL)
        try:
            copy.try_lock()
            self._journal.begin(copy.descriptor, entry or Entry(name))
            lock.replace_file(copy)
        finally:
            copy.unlink()
            copy.release()

    def _latest(self, lock: FileLock) -> tuple[Entry, SharedEventFile]:
        """Return the state of the event file, once everything that was begun is complete, and the file."""
        name, entry = self._journal.read(lock.descriptor)
        if entry is not None and self._complete(lock, entry) and self._file is not None:
            return entry, self._file
        file, size = self._open(name or self._known.file)
        if file is None:  # deleted
            return self._begin(lock, (entry or self._known).steps)
        latest, whole = self._read_steps(lock, file, size)
        if not whole:  # readers would stop at a torn record, and those that saw it must not see it change
            return self._begin(lock, latest.steps)
        self._journal.begin(lock.descriptor, latest)
        return latest, file

    def _complete(self, lock: FileLock, entry: Entry) -> bool:
        """Append what is missing of the entry's batch; return whether the event file is as the entry says."""
        file, size = self._open(entry.file)
        if file is None:
            return False
        if entry.offset <= size < entry.end and self._journal.has_batch(lock.descriptor, entry):
            for data in self._journal.batch(lock.descriptor, entry, skipped=size - entry.offset):
                file.append(data)
            size = file.size()
        return size == entry.end

    def _read_steps(self, lock: FileLock, file: SharedEventFile, size: int) -> tuple[Entry, bool]:
        def on_progress() -> None:
            self.on_progress()
            os.utime(lock.descriptor)  # progress, for processes that wait for the lock

        known = self._known if self._known.file == file.name and self._known.end <= size else Entry(file.name)
        return file.read_steps(known, on_progress)

    def _begin(self, lock: FileLock, steps: dict[str, int]) -> tuple[Entry, SharedEventFile]:
        """Begin a new event file."""
        writer = EventsWriter(os.path.join(self._logdir, "events"), self._suffix)
        writer.abandon()  # that is, close it: it has its first record
        self._close_file()
        self._file = file = SharedEventFile(self._logdir, os.path.basename(writer.path))
        entry = Entry(file.name, file.size(), steps=steps)
        is_new = os.fstat(lock.descriptor).st_size == 0
        try:
            self._journal.begin(lock.descriptor, entry)
        except OSError:
            with contextlib.suppress(OSError):  # a full disk must not fill up with attempts
                os.unlink(writer.path)
                if is_new:
                    os.ftruncate(lock.descriptor, 0)  # so that the journal is deleted
            raise
        self._known = entry
        return entry, file

    def _open(self, name: str) -> tuple[SharedEventFile | None, int]:
        """Return the event file of that name and its size; None if there is none that may be appended to."""
        if self._file is not None and self._file.name == name:
            size = self._file.size()
            if size >= 0:
                return self._file, size
        self._close_file()
        if name:
            with contextlib.suppress(FileNotFoundError, LogdirError):
                self._file = SharedEventFile(self._logdir, name)
        size = -1 if self._file is None else self._file.size()
        return (self._file if size >= 0 else None), size

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _is_in_use(self, name: str) -> bool:
        """Return whether a process has the event file of that name open."""
        try:
            return bool(name) and is_locked(self._path_of(name))
        except LogdirError:
            return False

    def _size_on_disk(self) -> int:
        """Return the size of the event file, by which waiting processes see the progress of the holder."""
        return self._file.size() if self._file is not None else -1

    def _path_of(self, name: str) -> str:
        return os.path.join(self._logdir, name)


def _journal_name(suffix: str) -> str:
    """Return the name of the journal of the event files with that suffix.

    TensorBoard reads whatever has `tfevents` in its name.
    """
    return f".tensorboardX-global{name_hash(suffix) if 'tfevents' in suffix else suffix}"
