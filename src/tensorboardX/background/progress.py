"""Whether the store of a run makes progress, and for how long callers wait for it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from time import monotonic

from . import clock

PATIENCE = 5.0
"""Timeout in seconds of a caller that waits for a store which does not answer."""

ENCODING_PATIENCE = 600.0
"""Timeout in seconds of a caller that waits for a single value to be encoded: a device may never answer."""

BRIEF_PATIENCE = 0.01
"""Timeout in seconds of `flush` for an operation that has timed out before: it may be called at every step."""

WARN_SECONDS = 60.0
"""Seconds between two warnings of one category. A store may fail and recover all the time."""


class Progress:
    """The operations of a run's threads that callers wait for.

    The timeout `PATIENCE` applies to operations of the store: opening a file, a write, an fsync, an upload. Encoding
    has a timeout of its own.

    Attributes:
        stalled: a caller has timed out on the operation that the store has not answered. Callers that need room do
            not wait for it again.
        encoding: the encoding thread has values to encode.
    """

    def __init__(self) -> None:
        self.stalled = False
        self.encoding = False
        self._operations: set[int] = set()  # the threads that wait for the store
        self._at = clock.now()  # when the last operation began or ended, or an encoding ended
        self._shared_since: float | None = None
        self._next_warning: dict[str, float] = {}

    @contextlib.contextmanager
    def shared_wait(self) -> Iterator[None]:
        """Within the block, the waits for all queues of the run share one timeout."""
        self._shared_since = clock.now()
        try:
            yield
        finally:
            self._shared_since = None

    def wait_start(self) -> float:
        """Return the start of a wait, by `clock.now`: now, or that of the `shared_wait`."""
        return clock.now() if self._shared_since is None else self._shared_since

    @contextlib.contextmanager
    def operation(self) -> Iterator[None]:
        """Mark the block as an operation of the store."""
        thread = threading.get_ident()
        self._at = clock.now()
        self._operations.add(thread)
        try:
            yield
        finally:
            self._operations.discard(thread)
            self._at = clock.now()

    def note_encoded(self) -> None:
        """Note that a value was encoded."""
        self._at = clock.now()

    def note_written(self) -> bool:
        """Note that the store has answered; return whether it was stalled until now."""
        self._at = clock.now()
        was_stalled, self.stalled = self.stalled, False
        return was_stalled

    def seconds_left(self, since: float, if_stalled: float | None = None) -> float:
        """Return the seconds until the deadline of a caller.

        Args:
            since: when it began to wait, by `clock.now`.
            if_stalled: the timeout for an operation on which another caller has timed out; `PATIENCE` by default.
        """
        if self.encoding and not self._operations:
            return max(since, self._at) + ENCODING_PATIENCE - clock.now()
        stalled = self.stalled and bool(self._operations)
        timeout = PATIENCE if if_stalled is None or not stalled else if_stalled
        return max(since, self._at) + timeout - clock.now()

    def may_warn(self, about: str) -> bool:
        """Return whether a warning of this category may be logged now, and count it as logged."""
        if not self.is_warning_due(about):
            return False
        self._next_warning[about] = monotonic() + WARN_SECONDS
        return True

    def is_warning_due(self, about: str) -> bool:
        """Return whether a warning of this category may be logged now."""
        return monotonic() >= self._next_warning.get(about, 0.0)
