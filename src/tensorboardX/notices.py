"""Things worth saying once: a notice that repeats every step is noise."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import Any

from .errors import shown

logger = logging.getLogger("tensorboardX")

_MOST_NOTICES = 10_000
_said: set[int] = set()  # hashes: tags may be long


def log_safely(log: Callable[..., None], message: str, *values: object, **options: Any) -> None:
    """Call `log`, a method of a logger, from behind the program: a log handler that raises must not end the writing."""
    with contextlib.suppress(Exception):
        log(message, *values, **options)


def warn_once(tag: str, message: str) -> None:
    """Log a warning about a tag, the first time only."""
    notice = hash((tag, message))
    if notice in _said or len(_said) >= _MOST_NOTICES:
        return
    _said.add(notice)
    logger.warning("tag %s: %s", shown(tag), message)
