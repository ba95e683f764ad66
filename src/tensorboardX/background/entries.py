"""The entries of an event queue: scalars, serialized Events, values to be encoded, and barriers."""

from __future__ import annotations

import _thread
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Union

from ..proto.event_pb2 import Event as EventMessage
from ..proto.summary_pb2 import Summary
from ..summary.wire import event, serialized
from . import clock, progress

QUICK_BYTES = 256 << 10
"""A value of this many bytes is encoded within ten milliseconds."""


class Pending:
    """A value to be serialized in the background.

    Attributes:
        nbytes: about how much memory it takes.
        count: how many events it becomes.
        tags: under which it is logged. Entries with a common tag are written in order.
        is_done: it was encoded by `run`.
        is_cancelled: the result is not needed any more.
        may_have_scalars: its Events are shown to an observer of scalars.
        is_scalars: it is ordered with the scalars, not with the values that are slow to encode.
    """

    is_scalars = may_have_scalars = False
    is_done = is_cancelled = False
    count = 1
    _events: Sequence[bytes] = ()
    _error: Exception | None = None

    def __init__(self, nbytes: int, tags: Sequence[str] = ()) -> None:
        self.nbytes = nbytes
        self.tags = tags

    @property
    def is_quick(self) -> bool:
        """Whether it is encoded within ten milliseconds."""
        return self.nbytes <= QUICK_BYTES

    def run(self) -> int:
        """Encode, and keep the result or the error for `events`; return how much memory that takes. Raises nothing."""
        try:
            self._events = self.serialize()
        except Exception as error:
            self._error = error
        except BaseException as error:  # SystemExit of a log handler must not end the thread
            self._error = RuntimeError(f"{type(error).__name__}: {error}")
        return sum(map(len, self._events))

    def events(self) -> Sequence[bytes]:
        """Return what `run` encoded, or raise its error."""
        if self._error is not None:
            raise self._error
        return self._events

    def serialize(self) -> list[bytes]:
        """Return the serialized Events, and release the value. Called once."""
        raise NotImplementedError


class PendingSummary(Pending):
    """A checked and copied value; `encode` returns its Summary, or the bytes of one.

    Args:
        waits: whether `encode` waits, say for an accelerator.
    """

    encode: Callable[[], Summary | bytes]

    def __init__(
        self,
        tag: str,
        encode: Callable[[], Summary | bytes],
        step: int | None,
        walltime: float,
        nbytes: int,
        waits: bool = False,
    ) -> None:
        self.nbytes = nbytes
        self.tags = (tag,)
        self.encode = encode
        self._step = step
        self._walltime = walltime
        self._waits = waits

    @property
    def is_quick(self) -> bool:
        return self.nbytes <= QUICK_BYTES and not self._waits

    def serialize(self) -> list[bytes]:
        """Encode the value, as one Event."""
        encode = self.encode
        self.encode = encode.func if isinstance(encode, partial) else _encoded  # without the value, which takes memory
        return [event(serialized(encode()), self._step, self._walltime)]


class PendingScalarSummary(PendingSummary):
    """A scalar with a name or description of its own."""

    is_scalars = may_have_scalars = True


def _encoded() -> Summary:
    """Replaces the encoder of a value, so that its memory is released."""
    raise RuntimeError("the value was encoded before")


class PendingScalars(Pending):
    """Scalars that are serialized together; `encode` returns their Events."""

    is_scalars = may_have_scalars = True

    def __init__(self, tags: Sequence[str], encode: Callable[[], list[bytes]], nbytes: int, count: int = 1) -> None:
        super().__init__(nbytes, tags)
        self.count = count
        self._encode = encode

    def serialize(self) -> list[bytes]:
        """Return what `encode` returns."""
        return self._encode()


class PendingDeviceScalars(PendingScalars):
    """Scalars that a device still computes: `encode` waits for it, so that others may pass them."""

    is_scalars = is_quick = False


class PendingBytes(Pending):
    """A serialized Event that has to follow others of its tag."""

    may_have_scalars = True

    def __init__(self, event: bytes) -> None:
        super().__init__(len(event), tags_of(event))
        self._event = event

    def serialize(self) -> list[bytes]:
        """Return the Event."""
        return [self._event]


class PendingFiles(Pending):
    """Files to be written beside the event file; there is no Event to them.

    Args:
        encode: returns a function that writes them, and that may be called again after an OSError.
    """

    is_quick = False

    def __init__(self, encode: Callable[[], Callable[[], object]], nbytes: int) -> None:
        super().__init__(nbytes)
        self._encode = encode
        self._write: Callable[[], object] | None = None
        self._failing_since: float | None = None

    def run(self) -> int:
        super().run()
        return self.nbytes

    def serialize(self) -> list[bytes]:
        """Encode the files; there are no Events."""
        self._write = self._encode()
        return []

    def write(self) -> None:
        """Write the files, once they are encoded. Raises OSError."""
        if self._write is not None:
            self._write()

    def may_retry(self) -> bool:
        """After an error of `write`: return whether to retry. Later entries wait meanwhile."""
        if self._failing_since is None:
            self._failing_since = clock.now()
        return clock.now() < self._failing_since + progress.PATIENCE


class Barrier:
    """A flush or close request in the queue. It completes once all earlier entries are written, or cannot be."""

    __slots__ = ("_is_complete", "_pending", "close", "written")

    def __init__(self, *, close: bool = False) -> None:
        self.close = close
        self.written = False
        self._is_complete = False  # for a signal handler that waits while its thread is about to return from `wait`
        self._pending = _thread.allocate_lock()
        self._pending.acquire()

    @property
    def is_complete(self) -> bool:
        return self._is_complete

    def complete(self, written: bool) -> None:
        """Wake the caller; `written` says whether the operating system has its events."""
        self.written = written
        self._is_complete = True
        if self._pending.locked():
            self._pending.release()

    def wait(self, seconds: float) -> bool:
        """Wait until complete, `seconds` at most; return whether it is."""
        if self._is_complete:
            return True
        if self._pending.acquire(timeout=max(seconds, 0.0)):
            self._pending.release()
            return True
        return False


def tags_of(entry: ScalarEntry | bytes | Pending) -> Sequence[str]:
    """Return the tags of an entry, as they were given."""
    if isinstance(entry, tuple):
        return (entry[0],)
    if isinstance(entry, bytes):
        return [value.tag for value in EventMessage.FromString(entry).summary.value]
    return entry.tags


ScalarEntry = tuple[str, float, Union[int, None], float]  # noqa: UP007 (evaluated at run time on Python 3.10)
"""Tag, value, step and wall time of a plain scalar."""

Entry = Union[ScalarEntry, bytes, Pending, Barrier]  # noqa: UP007
"""What a queue holds. Bytes are a serialized Event."""


def count_events(entries: Iterable[Entry]) -> int:
    """Return how many events entries become, or files beside the event file."""
    return sum(entry.count if isinstance(entry, Pending) else not isinstance(entry, Barrier) for entry in entries)


def nbytes(entry: Entry) -> int:
    """Return how much memory an entry takes beyond its slot in the queue."""
    if isinstance(entry, bytes):
        return len(entry)
    return entry.nbytes if isinstance(entry, Pending) else 0
