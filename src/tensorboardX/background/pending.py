"""What waits in an event queue."""

from __future__ import annotations

import _thread
from collections.abc import Callable
from time import monotonic
from typing import Union

from ..proto.event_pb2 import Event
from ..proto.summary_pb2 import Summary
from . import progress


class Pending:
    """Something to be turned into serialized Events behind the caller.

    `nbytes` is about what it keeps in memory until then.
    """

    __slots__ = ("nbytes",)

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes

    def serialize(self) -> list[bytes]:
        """Return the serialized Events."""
        raise NotImplementedError


class PendingSummary(Pending):
    """A checked and copied value; `encode` returns its Summary."""

    __slots__ = ("encode", "step", "walltime")

    def __init__(self, encode: Callable[[], Summary], step: int | None, walltime: float, nbytes: int) -> None:
        super().__init__(nbytes)
        self.encode = encode
        self.step = step
        self.walltime = walltime

    def serialize(self) -> list[bytes]:
        """Encode the value, as one Event."""
        return [Event(wall_time=self.walltime, step=self.step, summary=self.encode()).SerializeToString()]


class PendingEvents(Pending):
    """Many Events that are serialized together; `encode` returns them."""

    __slots__ = ("encode",)

    def __init__(self, encode: Callable[[], list[bytes]], nbytes: int) -> None:
        super().__init__(nbytes)
        self.encode = encode

    def serialize(self) -> list[bytes]:
        """Return what `encode` returns."""
        return self.encode()


class PendingFiles(Pending):
    """Files to be written beside the event file by `write`; there is no Event to it."""

    __slots__ = ("_failing_since", "write")

    def __init__(self, write: Callable[[], object], nbytes: int) -> None:
        super().__init__(nbytes)
        self.write = write
        self._failing_since: float | None = None

    def serialize(self) -> list[bytes]:
        """Write the files; return nothing. Raises OSError."""
        self.write()
        return []

    def may_fail_again(self) -> bool:
        """After an error of `write`: return whether to try again, which keeps the entries behind waiting."""
        if self._failing_since is None:
            self._failing_since = monotonic()
        return monotonic() < self._failing_since + progress.PATIENCE


class Ticket:
    """A place in the queue: done once everything before it is written, or is known not to be."""

    __slots__ = ("_is_done", "_pending", "close", "written")

    def __init__(self, *, close: bool = False) -> None:
        self.close = close
        self.written = False
        self._is_done = False  # for a signal handler that waits for the ticket while its thread leaves `wait`
        self._pending = _thread.allocate_lock()
        self._pending.acquire()

    def done(self, written: bool) -> None:
        """Let the caller go on; `written` says whether its events are with the operating system."""
        self.written = written
        self._is_done = True
        if self._pending.locked():
            self._pending.release()

    def wait(self, seconds: float) -> bool:
        """Wait until done, `seconds` at most; return whether it is."""
        if self._is_done:
            return True
        if self._pending.acquire(timeout=max(seconds, 0.0)):
            self._pending.release()
            return True
        return False


ScalarEntry = tuple[str, float, Union[int, None], float]  # noqa: UP007 (evaluated at run time on Python 3.10)
"""Tag, value, step and wall time of a plain scalar."""

Entry = Union[ScalarEntry, bytes, Pending, Ticket]  # noqa: UP007
"""What a queue holds. Bytes are a serialized Event."""


def nbytes(entry: Entry) -> int:
    """How much memory an entry holds beyond its place in the queue."""
    if isinstance(entry, bytes):
        return len(entry)
    return entry.nbytes if isinstance(entry, Pending) else 0
