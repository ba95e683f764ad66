"""What could not be read: which bytes of which file, and why."""

from __future__ import annotations

from typing import NamedTuple

from ..notices import logger

_MOST = 10_000


class Damage(NamedTuple):
    """Bytes of a file that were skipped.

    Attributes:
        path: the file.
        start: the first byte that was skipped.
        end: the byte after the last one.
        reason: what is wrong with them.
    """

    path: str
    start: int
    end: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}, bytes {self.start} to {self.end}: {self.reason}"


class DamageLog:
    """Takes what was skipped. What touches and has one reason becomes one entry; at most 10,000 are kept apart."""

    def __init__(self) -> None:
        self._found: list[Damage] = []

    def add(self, path: str, start: int, end: int, reason: str) -> None:
        """Note that the bytes from `start` to `end` were skipped."""
        last = self._found[-1] if self._found else None
        touches = last is not None and last.path == path and last.end == start and last.reason == reason
        if last is not None and (touches or len(self._found) >= _MOST):
            first = last.start if last.path == path else start
            self._found[-1] = Damage(path, first, max(end, last.end if last.path == path else end), reason)
        else:
            self._found.append(Damage(path, start, end, reason))

    def found(self) -> tuple[Damage, ...]:
        """Return what was noted, each entry once."""
        return tuple(dict.fromkeys(self._found))

    def clear(self) -> None:
        """Forget what was noted."""
        self._found.clear()


def warn(found: tuple[Damage, ...], known: set[Damage]) -> None:
    """Log one warning for all that is not in `known` yet, and put it there."""
    new = [damage for damage in found if damage not in known]
    if new:
        known.update(new)
        more = f", and {len(new) - 1} more: see `damage` of the result" if len(new) > 1 else ""
        logger.warning("a part of an event file was skipped: %s%s", new[0], more)
