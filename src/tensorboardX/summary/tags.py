"""The names under which values are logged."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from ..errors import type_error

_INVALID_CHARACTERS = re.compile(r"[^-/\w.]")


def check_tag(tag: Any) -> str:
    """Return `tag`, which must be a string. Raises TypeError.

    Half of a surrogate pair, which no UTF-8 text can hold, is replaced by a question mark.
    """
    if not isinstance(tag, str):
        raise type_error(tag, tag, "a tag that is a string")
    return tag if tag.isascii() else tag.encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=4096)
def _cleaned(tag: str) -> str:
    return _INVALID_CHARACTERS.sub("_", tag).lstrip("/")


def clean_tag(tag: Any) -> str:
    """Return `tag` with each character but letters, digits and `_ - / .` replaced by `_`, and no leading slash.

    Scalars, histograms, images and videos are stored under cleaned tags. Raises TypeError unless it is a string.
    """
    return _cleaned(check_tag(tag))
