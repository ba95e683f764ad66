"""Settings from the environment, for programs that cannot be edited.

An argument that is not the default wins over a variable. A value that cannot be one is a warning, and the default.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from ..background.options import QueueOptions
from ..distributed.modes import checked_mode
from ..errors import InvalidValueError, describe
from ..notices import logger
from ..summary.histogram import prepare_histogram
from ..summary.image import checked_format

T = TypeVar("T")

PREFIX = "TENSORBOARDX_"
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")

_refused: set[tuple[str, str]] = set()


def setting(name: str, given: T, default: T) -> T:
    """Return an argument, or the setting of the environment if the argument has its default.

    Args:
        name: of the argument.
        given: its value.
        default: its default.
    """
    text = os.environ.get(f"{PREFIX}{name.upper()}", "")
    if given != default or not text:
        return given
    try:
        value: T = _CONVERTERS[name](text)
    except (TypeError, ValueError) as error:
        if (name, text) not in _refused:
            _refused.add((name, text))
            logger.warning("%s%s is ignored: %s", PREFIX, name.upper(), error)
        return default
    return value


def queue_settings(given: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that `QueueOptions` takes, and those of the environment that were not given."""
    defaults = vars(QueueOptions())
    names = [name for name in ("on_full", "on_error", "max_queue_bytes", "merge_scalars") if name not in given]
    found = {name: setting(name, defaults[name], defaults[name]) for name in names}
    return {name: value for name, value in found.items() if value != defaults[name]} | given


def _number(name: str, convert: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            number = convert(text)
        except ValueError:
            raise InvalidValueError(f"got {describe(text)}; accepted is a number") from None
        return _checked(name, number)

    return read


def _choice(name: str) -> Callable[[str], Any]:
    return partial(_checked, name)


def _checked(name: str, value: Any) -> Any:
    options: dict[str, Any] = {name: value}
    return getattr(QueueOptions(**options), name)


def _switch(text: str) -> bool:
    if text.lower() not in _YES + _NO:
        raise InvalidValueError(f"got {describe(text)}; accepted are 1 and 0")
    return text.lower() in _YES


def _bins(text: str) -> Any:
    bins = int(text) if text.isdecimal() else text
    prepare_histogram("bins", [0.0], bins)
    return bins


_CONVERTERS: dict[str, Callable[[str], Any]] = {
    "image_format": checked_format,
    "bins": _bins,
    "merge_scalars": _switch,
    "max_queue_bytes": _number("max_queue_bytes", int),
    "flush_secs": _number("flush_secs", float),
    "on_full": _choice("on_full"),
    "on_error": _choice("on_error"),
    "distributed": checked_mode,
}
