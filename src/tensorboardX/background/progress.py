"""How the store of a run is doing, as far as its writer thread can tell."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from time import monotonic

from . import clock

PATIENCE = 5.0
"""Seconds that a caller waits for a store that does not answer, before it goes on without it."""

ENCODING_PATIENCE = 600.0
"""Seconds that a caller waits for a single value to be encoded: a device that never answers must not hold it up."""

BRIEF_PATIENCE = 0.01
"""Seconds that `flush` waits for an operation which has been given up before: it is called at every step."""

WARN_SECONDS = 60.0
"""Seconds between two warnings of one kind: a store that fails and recovers all the time is one piece of news."""


class Progress:
    """What a run's threads are doing.

    Only what the store is asked to do uses up patience: opening a file, a write, an fsync, an upload. Encoding is
    work, however long it takes.

    Attributes:
        stalled: a caller has given up on the operation that the store has not answered; callers who need room do not
            wait for it again.
        encoding: the encoding thread is at work.
    """

    def __init__(self) -> None:
        self.stalled = False
        self.encoding = False
        self._operations: set[int] = set()  # the threads that the store has not answered
        self._at = clock.now()  # when the last operation began or ended, or an encoding ended
        self._together_since: float | None = None
        self._next_warning: dict[str, float] = {}

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Within the block, the waits for all queues of the run share the patience of one."""
        self._together_since = clock.now()
        try:
            yield
        finally:
            self._together_since = None

    def since(self) -> float:
        """Return when a wait that begins now began, by `clock.now`."""
        return clock.now() if self._together_since is None else self._together_since

    @contextlib.contextmanager
    def operation(self) -> Iterator[None]:
        """While the block runs, the store is asked to do something."""
        thread = threading.get_ident()
        self._at = clock.now()
        self._operations.add(thread)
        try:
            yield
        finally:
            self._operations.discard(thread)
            self._at = clock.now()

    def encoded(self) -> None:
        """Note that the encoding thread is done with a value, or with all of them."""
        self._at = clock.now()

    def made(self) -> bool:
        """Note that something was written; return whether the store was stalled until now."""
        self._at = clock.now()
        was_stalled, self.stalled = self.stalled, False
        return was_stalled

    def patience_left(self, since: float, if_stalled: float | None = None) -> float:
        """Return for how many seconds a caller should go on waiting.

        Args:
            since: when it began to wait, by `clock.now`.
            if_stalled: how long it waits for an operation that another caller has given up on; as long as that one,
                by default.
        """
        if self.encoding and not self._operations:
            return max(since, self._at) + ENCODING_PATIENCE - clock.now()
        stalled = self.stalled and bool(self._operations)
        patience = PATIENCE if if_stalled is None or not stalled else if_stalled
        return max(since, self._at) + patience - clock.now()

    def may_warn(self, about: str) -> bool:
        """Return whether it is time for a warning of this kind, and count it as given."""
        now = monotonic()
        if now < self._next_warning.get(about, now):
            return False
        self._next_warning[about] = now + WARN_SECONDS
        return True
