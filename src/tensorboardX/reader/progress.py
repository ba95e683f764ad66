"""A line on stderr that says how far a long read is."""

from __future__ import annotations

import sys
import time

_PATIENCE = 2.0  # seconds before anything is shown
_INTERVAL = 0.2


class Progress:
    """Shows how much is read, once that takes long and where stderr is a terminal.

    Args:
        name: what is read.
        total: bytes.
        shown: False shows nothing; None leaves it to stderr.
    """

    def __init__(self, name: str, total: int, shown: bool | None = None) -> None:
        self._name = name
        self._total = max(total, 1)
        self._done = 0
        self._next = time.monotonic() + _PATIENCE
        self._is_shown = _is_terminal() if shown is None else shown
        self._width = 0

    def advance(self, count: int) -> None:
        """Note that more bytes were read."""
        self._done += count
        if self._is_shown and time.monotonic() >= self._next:
            self._next = time.monotonic() + _INTERVAL
            part = min(self._done / self._total, 1.0)
            self._write(f"{self._name}: {part:4.0%} of {self._total / 1e6:.0f} MB")

    def close(self) -> None:
        """Wipe the line."""
        if self._width:
            self._write("")

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write("\r" + text.ljust(self._width) + ("\r" if not text else ""))
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):  # it was closed meanwhile
            self._is_shown = False
        self._width = len(text)


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False
