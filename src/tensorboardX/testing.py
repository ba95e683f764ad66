"""For tests of programs that log, and of stores: reading events, a store that fails on demand, checks of a store.

    import errno

    from tensorboardX import SummaryWriter
    from tensorboardX.record_writer import register_writer_factory
    from tensorboardX.testing import FaultyStore, fail, short

    store = FaultyStore()
    register_writer_factory("faulty", store)
    writer = SummaryWriter("faulty:run")
    store.next += [fail(errno.EIO), short(3)]  # the next write fails, the one after it takes three bytes
    writer.close()

`read_events` returns what is in a run. `check_store` is the conformance suite of stores.
"""

from __future__ import annotations

import collections
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from google.protobuf.message import DecodeError

from .errors import CorruptRecordError, TensorBoardXError
from .proto.event_pb2 import Event
from .reader import Records
from .reader.walk import TORN
from .storage.base import File
from .storage.factories import WriterFactory
from .storage.memory import MemoryFile, MemoryStore

__all__ = [
    "Fault",
    "FaultyFile",
    "FaultyStore",
    "StoreContractError",
    "block",
    "check_store",
    "fail",
    "read_events",
    "short",
    "slow",
]


def read_events(logdir: str | os.PathLike[str]) -> list[Event]:
    """Return the events of one run, file after file, in the order in which TensorBoard reads them.

    The record at the beginning of each file that names its format, and a record that is not whole at the end of
    one, are left out. Sub-runs are directories of their own: read them by their own path.

    Raises OSError if a file cannot be read, CorruptRecordError that names file and byte if a checksum does not match or
    a record is no Event.
    """
    paths = sorted(path for path in Path(logdir).iterdir() if "tfevents" in path.name and path.is_file())
    return [event for path in paths for event in _events_of(path) if not event.file_version]


def _events_of(path: Path) -> Iterator[Event]:
    records = Records(path)
    found = list(records)
    damage = min(records.damage, key=lambda each: each.start, default=None)
    for record in found:
        if damage is not None and record.offset > damage.start:  # which the reader searches for whole records
            break
        try:
            yield Event.FromString(record.data)
        except DecodeError as error:
            raise CorruptRecordError(f"{path}, byte {record.offset}: the record is no Event") from error
    if damage is not None and not damage.reason.startswith(TORN):
        raise CorruptRecordError(f"{path}, byte {damage.start}: {damage.reason}")


# ---- a store that fails on demand

Fault = Callable[[bytes], int]
"""What happens to one write: takes its data, returns how many bytes are stored, or raises OSError."""


def fail(error: int) -> Fault:
    """A write that raises OSError with this `errno`, and stores nothing."""

    def write(data: bytes) -> int:
        raise OSError(error, os.strerror(error))

    return write


def short(nbytes: int) -> Fault:
    """A write that stores `nbytes` bytes at most."""
    return lambda data: min(nbytes, len(data))


def slow(seconds: float = 0.0, bytes_per_second: float = float("inf")) -> Fault:
    """A slow write."""

    def write(data: bytes) -> int:
        time.sleep(seconds + len(data) / bytes_per_second)
        return len(data)

    return write


def block(until: threading.Event) -> Fault:
    """A write that stores everything, but not before `until` is set: a mount that went away, and may come back."""

    def write(data: bytes) -> int:
        until.wait()
        return len(data)

    return write


class FaultyFile(MemoryFile):
    """A file of a `FaultyStore`."""

    def __init__(self, path: str, content: bytearray, store: FaultyStore) -> None:
        super().__init__(path, content)
        self._store = store

    def write(self, data: bytes) -> int:
        """Store the data, or what the next fault allows."""
        fault = self._store.take_fault()
        return super().write(data if fault is None else data[: fault(data)])

    def sync(self) -> None:
        """Count it; raise what the store has in `sync_error`."""
        self._store.syncs += 1
        if self._store.sync_error is not None:
            raise self._store.sync_error


class FaultyStore(MemoryStore):
    """A writer factory whose files stay in memory, and whose writes fail as the test says.

    Attributes:
        next: faults of the writes to come, each for one write.
        always: the fault of every write after those; None while the store works.
        sync_error: what every `sync` raises; None while the store works.
        syncs: how often a file was synced.
        files: the content of each file, by path.
    """

    def __init__(self) -> None:
        super().__init__()
        self.next: collections.deque[Fault] = collections.deque()
        self.always: Fault | None = None
        self.sync_error: OSError | None = None
        self.syncs = 0

    def open(self, path: str) -> FaultyFile:
        """Make a new empty file. Raises FileExistsError if `path` is taken."""
        super().open(path)
        return FaultyFile(path, self.files[path], self)

    def take_fault(self) -> Fault | None:
        """Return the fault of the write that begins now."""
        return self.next.popleft() if self.next else self.always

    def save(self, directory: str | os.PathLike[str]) -> None:
        """Write the files below a directory, under their paths without the prefix, for other programs to read."""
        for path, content in self.files.items():
            target = Path(directory, path.partition(":")[2].lstrip("/"))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(bytes(content))


# ---- what every store owes


class StoreContractError(TensorBoardXError, AssertionError):
    """A store does not do what event files need."""


def check_store(store: WriterFactory, directory: str, read: Callable[[str], bytes]) -> None:
    """Check that a store does what event files need; see `storage.base.File` for what that is.

    Args:
        store: what would be given to `register_writer_factory`.
        directory: a path in the store where nothing is yet.
        read: returns what a reader finds under the path of a file.

    Raises StoreContractError, naming what the store does not do.
    """
    store.directory_check(directory)
    store.directory_check(directory)  # a run that is logged to again
    _check_appends(store, f"{directory}/appended", read)
    _check_exclusive(store, f"{directory}/exclusive", read)
    _check_independent(store, f"{directory}/one", f"{directory}/other", read)
    _check_abandon(store, f"{directory}/abandoned", read)


def _require(kept: bool, promise: str) -> None:
    if not kept:
        raise StoreContractError(promise)


def _write(file: File, data: bytes) -> None:
    while data:
        taken = file.write(data)
        _require(taken is None or 0 < taken <= len(data), f"write returns how many bytes it took; it returned {taken}")
        data = b"" if taken is None else data[taken:]


def _check_appends(store: WriterFactory, path: str, read: Callable[[str], bytes]) -> None:
    file, expected = store.open(path), b""
    for data in (b"first", bytes(range(256)) * 1024, b"\r\n\x1a\x00"):
        _write(file, data)
        expected += data
        file.flush()
        _require(read(path) == expected, "after flush a reader finds every byte that was written, in order")
        _require(getattr(file, "buffered", 0) == 0, "after flush nothing is buffered")
    for name in ("sync", "close", "close"):
        getattr(file, name, file.flush)()
    _require(read(path) == expected, "sync, and close called twice, change nothing of what was written")


def _check_exclusive(store: WriterFactory, path: str, read: Callable[[str], bytes]) -> None:
    file = store.open(path)
    _write(file, b"kept")
    file.close()
    try:
        store.open(path)
    except FileExistsError:
        _require(read(path) == b"kept", "a file that exists is never touched")
    else:
        _require(False, "opening a file that exists raises FileExistsError")


def _check_independent(store: WriterFactory, one: str, other: str, read: Callable[[str], bytes]) -> None:
    files = {path: store.open(path) for path in (one, other)}
    for number in range(3):
        for path, file in files.items():
            _write(file, f"{path} {number};".encode())
    for path, file in files.items():
        file.close()
        _require(read(path) == "".join(f"{path} {number};" for number in range(3)).encode(), "files do not mix")


def _check_abandon(store: WriterFactory, path: str, read: Callable[[str], bytes]) -> None:
    file = store.open(path)
    _write(file, b"flushed")
    file.flush()
    _require(not getattr(file, "is_lost", bool)(), "a file that is there is not lost")
    getattr(file, "abandon", file.close)()
    _require(read(path) == b"flushed", "what was flushed stays when a file is abandoned")
