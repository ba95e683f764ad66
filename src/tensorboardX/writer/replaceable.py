"""Layers whose methods tools replace while writers are open, and the notification of that.

ClearML, for one, replaces `FileWriter.add_event`. A fast path that skips such a method would have to check for that at
each event. It is notified instead.
"""

from __future__ import annotations

import abc
import weakref
from typing import Any, Protocol

from ..background.weak_sets import members

_WATCHED = frozenset({"add_event", "add_summary", "event_writer"})


class Shortcut(Protocol):
    """A fast path that skips the methods of a layer."""

    def update_fast_path(self) -> None:
        """Check again whether any of them was replaced."""


_shortcuts: weakref.WeakSet[Shortcut] = weakref.WeakSet()


def notify_when_replaced(shortcut: Shortcut) -> None:
    """Call `shortcut.update_fast_path()` whenever a method of a layer is replaced or put back."""
    _shortcuts.add(shortcut)


def _notify(name: str) -> None:
    if name in _WATCHED:
        for shortcut in members(_shortcuts):
            shortcut.update_fast_path()


class _ReplaceableType(abc.ABCMeta):  # an ABCMeta, so that subclasses can be ABCs too
    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        _notify(name)

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        _notify(name)


class Replaceable(metaclass=_ReplaceableType):
    """A layer whose methods may be replaced, on the class or on one object."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        _notify(name)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        _notify(name)
