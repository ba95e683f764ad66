"""Counts the steps of one process, by stored tag as in the event file that several processes share."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

from ..summary.tags import blob_tag, clean_tag, kept_tag

_calling = threading.RLock()  # one lock for all; reentrant, because logging a value may log another


def _text_tag(tag: Any) -> str:
    return f"{kept_tag(tag)}/text_summary"


_STORED: dict[str, Callable[[Any], str]] = {
    "add_audio": blob_tag,
    "add_image_with_boxes": blob_tag,
    "add_mesh": lambda tag: f"{kept_tag(tag)}_1",
    "add_pr_curve": kept_tag,
    "add_tensor": kept_tag,
    "add_table": _text_tag,
    "add_text": _text_tag,
}
"""The tag under which a method stores a value, where that is not the cleaned one."""


class StepCounter:
    """Counts how often a stored tag was logged.

    By stored tag and not by method, because TensorBoard keeps one series for each: once a step repeats in it, by an
    image after a scalar for instance, the data server drops what was there.
    """

    def __init__(self) -> None:
        self._steps: dict[str, int] = {}

    @contextlib.contextmanager
    def step(self, method: str, tag: Any) -> Iterator[int]:
        """Yield the step of a call of `method`, which the `with` block makes; one that raises does not count.

        Other threads wait, so that the steps of a tag are in the file in their order. Raises TypeError unless `tag`
        is a string.
        """
        with _calling:
            stored = _STORED.get(method, clean_tag)(tag)
            step = self._steps.get(stored, 0)
            yield step
            self._steps[stored] = step + 1


def _after_fork_in_child() -> None:
    global _calling
    _calling = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
