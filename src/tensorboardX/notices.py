"""Things worth saying once: a notice that repeats every step is noise."""

from __future__ import annotations

import logging

logger = logging.getLogger("tensorboardX")

_MOST_NOTICES = 10_000
_said: set[tuple[str, str]] = set()


def warn_once(tag: str, message: str) -> None:
    """Log a warning about a tag, the first time only."""
    if (tag, message) in _said or len(_said) >= _MOST_NOTICES:
        return
    _said.add((tag, message))
    logger.warning("tag %r: %s", tag, message)
