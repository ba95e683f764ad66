"""Things worth saying once: a notice that repeats every step is noise."""

from __future__ import annotations

import logging

from .errors import shown

logger = logging.getLogger("tensorboardX")

_MOST_NOTICES = 10_000
_said: set[int] = set()  # hashes: tags may be long


def warn_once(tag: str, message: str) -> None:
    """Log a warning about a tag, the first time only."""
    notice = hash((tag, message))
    if notice in _said or len(_said) >= _MOST_NOTICES:
        return
    _said.add(notice)
    logger.warning("tag %s: %s", shown(tag), message)
