"""What may go wrong in a life, by its plan: docs/reliability.md, "What is not promised", in numbers."""

from __future__ import annotations

from .faults import STOPS
from .plan import FOREVER, PATIENCE, Life

_NEAR_PATIENCE = 3.5  # seconds without progress that may come to PATIENCE on a busy machine
_GAP = 0.6  # seconds between two faults in which a store may not be found well again
_SLACK = 6.0  # seconds that a busy machine may take for anything


class Weather:
    """What the plan of a life allows.

    Attributes:
        gives_up: whether the store makes no progress for so long that callers go on without it.
    """

    def __init__(self, life: Life) -> None:
        self._life = life
        suspended = sum(each.seconds for each in life.disturbances if each.do == "suspend")
        holds_lock = suspended if life.shares else 0.0  # the others wait for a suspended process that has its turn
        self.gives_up = max(_longest_stop(life), holds_lock) >= _NEAR_PATIENCE or _disk_may_be_full(life)
        self._held_up = suspended + sum(_holds_up(fault.kind, fault.begin, fault.end) for fault in life.faults)
        self._held_up += sum(action.seconds * action.count for action in life.actions() if action.do == "slow")

    def may_drop(self, writer: int) -> bool:
        """Return whether events of a writer may be dropped, and counted: -1 stands for any."""
        writers = self._life.writers if writer < 0 else [self._life.writers[writer]]
        options = [each.options for each in writers]
        may_err = bool(self._life.faults) or self._life.store != "local"
        raises = may_err and any(each.get("on_error") == "raise" for each in options)
        if any(each.do == "remove" for each in self._life.disturbances):
            return True  # what was logged before that is not worth a new directory at the end
        return self.gives_up or raises or any(each.get("on_full") == "drop" for each in options)

    def may_tear(self) -> bool:
        """Return whether a file may end within a record although its process did not."""
        life = self._life
        return life.store in ("limit", "disk") or any(fault.kind == "short" for fault in life.faults)

    def may_fail(self) -> bool:
        """Return whether there may be events that no file has room for."""
        return self._life.store == "limit"

    def longest_call(self) -> float:
        """Return how many seconds a call, or the end of a process, may take."""
        return PATIENCE + _SLACK + self._held_up

    def is_fair(self) -> bool:
        """Return whether nothing delays what is written."""
        heavy = ("slow", "poster", "film")
        return not (self._life.faults or self._life.disturbances or any(a.do in heavy for a in self._life.actions()))


def _longest_stop(life: Life) -> float:
    longest, begin, end = 0.0, 0.0, -FOREVER
    for fault in life.faults:
        if fault.kind in STOPS or fault.kind == "sync":
            begin = begin if fault.begin < end + _GAP else fault.begin
            end = fault.end
            longest = max(longest, end - begin)
    return longest


def _holds_up(kind: str, begin: float, end: float) -> float:
    """Return for how long a fault may make a call wait; one that stops everything not for longer than PATIENCE."""
    seconds = end - begin
    return min(seconds, PATIENCE) if kind in STOPS or end >= FOREVER else seconds


def _disk_may_be_full(life: Life) -> bool:
    if life.store != "disk":
        return False
    times = {each.do: each.at for each in life.disturbances}
    return life.size < 1 << 20 or ("fill" in times and times["free"] - times["fill"] >= _NEAR_PATIENCE)
