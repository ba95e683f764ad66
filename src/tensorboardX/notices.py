"""Things worth saying once: a notice that repeats every step is noise."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any

from .errors import shown

logger = logging.getLogger("tensorboardX")

_MOST_NOTICES = 10_000
_said: set[int] = set()  # hashes: tags may be long


def log_safely(log: Callable[..., None], message: str, *values: object, **options: Any) -> None:
    """Call `log`, a method of a logger. A log handler that raises ends neither the training nor the writing.

    SystemExit and KeyboardInterrupt come out in the main thread, where they end the program, and nowhere else.
    """
    is_main = threading.current_thread() is threading.main_thread()
    with contextlib.suppress(Exception if is_main else BaseException):
        log(message, *values, **options)


def warn_once(tag: str, message: str) -> None:
    """Log a warning about a tag, the first time only."""
    notice = hash((tag, message))
    if notice in _said or len(_said) >= _MOST_NOTICES:
        return
    _said.add(notice)
    log_safely(logger.warning, "tag %s: %s", shown(tag), message)
