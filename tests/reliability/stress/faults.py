"""A store on disk whose writes go wrong at planned times."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tensorboardX.testing import Fault, FaultyFile, FaultyStore, fail, short, slow

from . import plan

PREFIX = "faulty"


def path_of(path: str) -> str:
    """Return where on disk a file of the store is."""
    return path.partition(":")[2]


class Content:
    """What a `FaultyFile` appends to: a file on disk, so that a process that is killed leaves it behind."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)

    def __iadd__(self, data: bytes) -> Content:
        while data:
            data = data[os.write(self._descriptor, data) :]
        return self

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class ScheduledFile(FaultyFile):
    """A file of a `ScheduledStore`."""

    def __init__(self, path: str, content: Any, store: ScheduledStore) -> None:
        super().__init__(path, content, store)
        self._store: ScheduledStore = store

    def sync(self) -> None:
        """Fail where the store does."""
        fault = self._store.now()
        if fault is not None and fault.kind == "sync":
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def close(self) -> None:
        self._content.close()

    abandon = close


class ScheduledStore(FaultyStore):
    """A writer factory whose faults come and go at times that count from `start`, a monotonic time."""

    def __init__(self, faults: list[plan.Fault], start: float) -> None:
        super().__init__()
        self._faults = faults
        self._start = start

    def now(self) -> plan.Fault | None:
        """Return the fault of this moment."""
        seconds = time.monotonic() - self._start
        return next((fault for fault in self._faults if fault.begin <= seconds < fault.end), None)

    def take_fault(self) -> Fault | None:
        fault = self.now()
        make = WRITES.get(fault.kind) if fault is not None else None
        return make(fault, self._start) if make is not None else None

    def open(self, path: str) -> ScheduledFile:
        self._refuse_while_away()
        return ScheduledFile(path, Content(path_of(path)), self)

    def directory_check(self, path: str) -> None:
        self._refuse_while_away()
        Path(path_of(path)).mkdir(parents=True, exist_ok=True)

    def _refuse_while_away(self) -> None:
        fault = self.now()
        if fault is not None and fault.kind == "away":
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))


def _hang(fault: plan.Fault, start: float) -> Fault:
    def write(data: bytes) -> int:
        time.sleep(max(start + fault.end - time.monotonic(), 0.0))
        return len(data)

    return write


def _break(data: bytes) -> int:
    raise RuntimeError("what no file should raise")


WRITES: dict[str, Callable[[plan.Fault, float], Fault]] = {
    "EIO": lambda fault, start: fail(errno.EIO),
    "ENOSPC": lambda fault, start: fail(errno.ENOSPC),
    "EINTR": lambda fault, start: fail(errno.EINTR),
    "away": lambda fault, start: fail(errno.ENOTCONN),
    "odd": lambda fault, start: _break,
    "short": lambda fault, start: short(int(fault.amount)),
    "slow": lambda fault, start: slow(fault.amount),
    "narrow": lambda fault, start: slow(bytes_per_second=fault.amount),
    "hang": _hang,
}
"""What each kind of fault does to a write; a fault of kind "sync" does nothing to it."""

STOPS = ("EIO", "ENOSPC", "EINTR", "away", "odd", "hang")
"""The kinds that let no write through."""
