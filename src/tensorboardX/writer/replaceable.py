"""Layers that tools replace from outside while writers are open, and the news of it.

ClearML, for one, puts a function of its own in the place of `FileWriter.add_event`. Who takes a shorter way past such
a method would have to look at each event whether it is still the same; it is told instead.
"""

from __future__ import annotations

import abc
import weakref
from typing import Any, Protocol

from ..background.weak_sets import members

_WATCHED = frozenset({"add_event", "add_summary", "event_writer"})


class Shortcut(Protocol):
    """Something that goes past the methods of a layer."""

    def update_fast_path(self) -> None:
        """Look again whether they are still what they were."""


_shortcuts: weakref.WeakSet[Shortcut] = weakref.WeakSet()


def tell_when_replaced(shortcut: Shortcut) -> None:
    """Call `shortcut.update_fast_path()` whenever a method of a layer is replaced or put back."""
    _shortcuts.add(shortcut)


def _tell(name: str) -> None:
    if name in _WATCHED:
        for shortcut in members(_shortcuts):
            shortcut.update_fast_path()


class _ReplaceableType(abc.ABCMeta):  # of which a class that is an ABC too must be
    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        _tell(name)

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        _tell(name)


class Replaceable(metaclass=_ReplaceableType):
    """A layer whose methods may be replaced, on the class or on one object."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        _tell(name)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        _tell(name)
