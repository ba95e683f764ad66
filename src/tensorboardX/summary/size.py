"""How large a value may be: no message of protobuf may have 2 GiB.

It is checked in the caller, because a value that is too large would fail in the background thread.
See https://protobuf.dev/programming-guides/proto-limits/.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

from google.protobuf.message import EncodeError

from ..errors import InvalidValueError, shown, value_error

MOST_BYTES = 2**31 - 2**16
"""What a value may take in an Event, beside its tag and what else is in there."""

_CHUNK = 1 << 20
_TOO_LARGE = "what takes less than the 2 GiB that an Event can hold"


def check_size(tag: str, value: Any, nbytes: float) -> None:
    """Raise ValueError that names the tag and the value if it takes too many bytes."""
    if nbytes > MOST_BYTES:
        raise value_error(tag, value, _TOO_LARGE)


def check_texts(tag: str, texts: Iterable[str]) -> None:
    """Raise ValueError that names the tag if the texts together take too many bytes."""
    texts = list(texts)
    if 4 * sum(map(len, texts)) + 64 * len(texts) > MOST_BYTES:
        for text in texts:
            check_size(tag, text, sum(map(_utf8_bytes, texts)) + 64 * len(texts))


def _utf8_bytes(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(len(text[start : start + _CHUNK].encode("utf-8", "replace")) for start in range(0, len(text), _CHUNK))


def serialized(message: Any, name: str = "", **options: bool) -> bytes:
    """Return the bytes of a message of this or another package. Raises ValueError if there are too many.

    Args:
        message: the message.
        name: what the error calls it; by default the first tag in it.
        options: of `SerializeToString`.
    """
    try:
        data: bytes = message.SerializeToString(**options)
    except EncodeError as error:
        if not message.IsInitialized():  # it lacks a field that it must have
            raise
        raise InvalidValueError(f"{name or _name(message)}: accepted is {_TOO_LARGE}") from error
    if len(data) >= 2**31:  # which the implementation of protobuf in Python lets pass
        raise InvalidValueError(f"{name or _name(message)}: accepted is {_TOO_LARGE}")
    return data


def _name(message: Any) -> str:
    with contextlib.suppress(AttributeError, IndexError):
        return f"tag {shown(message.summary.value[0].tag)}"
    return type(message).__name__
