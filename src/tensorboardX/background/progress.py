"""How the store of a run is doing, as far as its writer thread can tell."""

from __future__ import annotations

from math import inf
from time import monotonic

PATIENCE = 5.0
"""Seconds that a caller waits for a store that makes no progress, before it goes on without it."""

WARN_SECONDS = 60.0
"""Seconds between two warnings of one kind: a store that fails and recovers all the time is one piece of news."""

_device_at = -inf


def device_at_work() -> None:
    """Note that what is to be written is still computed by an accelerator: nobody loses patience with a store then."""
    global _device_at
    _device_at = monotonic()


class Progress:
    """When a run's events last went somewhere. `stalled`: a caller has waited for that in vain; nobody waits again."""

    def __init__(self) -> None:
        self.stalled = False
        self._at = monotonic()
        self._next_warning: dict[str, float] = {}

    def made(self) -> bool:
        """Note that something was written; return whether the store was stalled until now."""
        self._at = monotonic()
        was_stalled, self.stalled = self.stalled, False
        return was_stalled

    def patience_left(self, since: float) -> float:
        """Return for how many seconds a caller that waits since the monotonic time `since` should go on."""
        return 0.0 if self.stalled else max(since, self._at, _device_at) + PATIENCE - monotonic()

    def may_warn(self, about: str) -> bool:
        """Return whether it is time for a warning of this kind, and count it as given."""
        now = monotonic()
        if now < self._next_warning.get(about, now):
            return False
        self._next_warning[about] = now + WARN_SECONDS
        return True
