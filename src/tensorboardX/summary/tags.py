"""The names under which values are logged."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from ..errors import type_error
from ..names import cut

MOST_TAGS = 1 << 16
"""Tags for which what is computed once is kept, in some 500 bytes each. Mixture-of-experts runs have 20,000."""

_INVALID_CHARACTERS = re.compile(r"[^-/\w.]")
_MOST_BYTES = 12_000  # each takes up to four characters of a URL, of which TensorBoard's server reads 65,536
_ESCAPED_IN_JSON = re.compile(r'["\\\x00-\x1f]')


def check_tag(tag: Any) -> str:
    """Return `tag`, which must be a string. Raises TypeError.

    Half of a surrogate pair, which no UTF-8 text can hold, is replaced by a question mark.
    """
    if not isinstance(tag, str):
        raise type_error(tag, tag, "a tag that is a string")
    return tag if tag.isascii() else tag.encode("utf-8", "replace").decode("utf-8")


def check_tags(tags: Iterable[Any]) -> list[str]:
    """As `check_tag` for each of many tags, most of which are strings of ASCII."""
    tags = list(tags)
    with contextlib.suppress(TypeError):  # one of them is no string
        if all(map(str.isascii, tags)):
            return tags
    return [check_tag(tag) for tag in tags]


@lru_cache(maxsize=MOST_TAGS)
def _cleaned(tag: str) -> str:
    return _fitting(_INVALID_CHARACTERS.sub("_", tag).lstrip("/"))


def clean_tag(name: Any) -> str:
    """Return `name` with each character but letters, digits and `_ - / .` replaced by `_`, and no leading slash.

    Scalars, histograms, images and videos are stored under cleaned tags. An overlong one is cut as by `kept_tag`.
    Raises TypeError unless it is a string.
    """
    return _cleaned(check_tag(name))


def kept_tag(tag: Any) -> str:
    """Return `tag` as it is; one that fits into no URL of TensorBoard is cut, with a hash that keeps it unique.

    Raises TypeError unless it is a string.
    """
    return _fitting(check_tag(tag))


def blob_tag(tag: Any) -> str:
    """Return `tag` as `kept_tag`, for an image or audio: with `_` for quotes, backslashes and control characters.

    TensorBoard's data server (0.7.2) puts tags into the JSON key under which it serves them, and cannot read a key
    in which a character had to be escaped. Raises TypeError unless it is a string.
    """
    return kept_tag(_ESCAPED_IN_JSON.sub("_", check_tag(tag)))


def _fitting(tag: str) -> str:
    if 4 * len(tag) <= _MOST_BYTES or len(tag.encode()) <= _MOST_BYTES:
        return tag
    return cut(tag, _MOST_BYTES)


def to_text(tag: str, value: Any) -> str:
    """Return `str(value)`. Raises TypeError that names the tag where there is no such text.

    Python prints no integer of more than 4300 digits, and `__str__` of a user's class may raise anything.
    """
    try:
        return check_tag(str(value))
    except Exception as error:
        raise type_error(tag, value, "what has a text") from error
