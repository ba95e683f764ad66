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
    """A writer factory whose faults come and go as planned, once the life has begun."""

    def __init__(self, faults: list[plan.Fault]) -> None:
        super().__init__()
        self._faults = faults

    def now(self) -> plan.Fault | None:
        """Return the fault of this moment."""
        seconds = time.monotonic() - float(os.environ.get(plan.BEGAN, "inf"))
        return next((fault for fault in self._faults if fault.begin <= seconds < fault.end), None)

    def take_fault(self) -> Fault | None:
        fault = self.now()
        make = WRITES.get(fault.kind) if fault is not None else None
        return make(fault) if make is not None else None

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


def _hang(fault: plan.Fault) -> Fault:
    def write(data: bytes) -> int:
        time.sleep(max(float(os.environ[plan.BEGAN]) + fault.end - time.monotonic(), 0.0))
        return len(data)

    return write


def _break(data: bytes) -> int:
    raise RuntimeError("what no file should raise")


WRITES: dict[str, Callable[[plan.Fault], Fault]] = {
    "EIO": lambda fault: fail(errno.EIO),
    "ENOSPC": lambda fault: fail(errno.ENOSPC),
    "EINTR": lambda fault: fail(errno.EINTR),
    "away": lambda fault: fail(errno.ENOTCONN),
    "odd": lambda fault: _break,
    "short": lambda fault: short(int(fault.amount)),
    "slow": lambda fault: slow(fault.amount),
    "narrow": lambda fault: slow(bytes_per_second=fault.amount),
    "hang": _hang,
}
"""What each kind of fault does to a write; a fault of kind "sync" does nothing to it."""

STOPS = ("EIO", "ENOSPC", "EINTR", "away", "odd", "hang")
"""The kinds that let no write through."""
