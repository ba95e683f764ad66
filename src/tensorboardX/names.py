"""What names of tags, directories and files share: a hash in overlong ones, and those that Windows reserves."""

from __future__ import annotations

import re

HASH_BYTES = 17
"""What a hash and the hyphen before it add to a name that was cut."""

_DEVICES = r"CON|PRN|AUX|NUL|(?:COM|LPT)[0-9]"
_DEVICE = re.compile(rf"(?:{_DEVICES})(?:\..*)?", re.IGNORECASE)
_LIKE_DEVICE = re.compile(rf"(?:{_DEVICES}|CONIN\$|CONOUT\$|(?:COM|LPT)[¹²³])\s*(?:\..*)?", re.IGNORECASE | re.DOTALL)


def name_hash(name: str) -> str:
    """Return 16 hexadecimal digits, a hash of a name."""
    import hashlib  # here: it takes long to import, and few names are overlong

    return hashlib.sha256(name.encode()).hexdigest()[:16]


def cut(name: str, most: int, given: str | None = None) -> str:
    """Return the beginning of a name and a hash, in UTF-8 `most` bytes together.

    Args:
        name: what the result begins with.
        most: bytes.
        given: what the hash is of; by default `name`.
    """
    start = name.encode()[: most - HASH_BYTES].decode("utf-8", "ignore")
    return f"{start}-{name_hash(name if given is None else given)}"


def is_device(name: str) -> bool:
    """Whether every Windows takes a file name, with its suffix or without, for that of a device."""
    return _DEVICE.fullmatch(name) is not None


def is_like_device(name: str) -> bool:
    """Whether some Windows may: the console's two ends, superscript digits, and blanks before the suffix too."""
    return _LIKE_DEVICE.fullmatch(name) is not None


_VALID_NAME_START = re.compile(r"[A-Za-z0-9.]")
_VALID_NAME_PARTS = re.compile(r"[A-Za-z0-9_.\-/]+")


def make_valid_tf_name(name: str) -> str:
    """Return `name` with everything that a TensorFlow node name cannot hold replaced by `_`."""
    if not _VALID_NAME_START.match(name):
        name = "." + name
    return "_".join(_VALID_NAME_PARTS.findall(name))
