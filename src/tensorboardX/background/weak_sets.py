"""Looking at a WeakSet that other threads add to."""

from __future__ import annotations

import weakref
from typing import TypeVar

T = TypeVar("T")


def members(weak_set: weakref.WeakSet[T]) -> list[T]:
    """Return what is in the set now; iterating it raises RuntimeError where another thread adds to it meanwhile."""
    references = list(weak_set.data)  # type: ignore[attr-defined]  # in one step, under the interpreter lock
    return [member for reference in references if (member := reference()) is not None]
