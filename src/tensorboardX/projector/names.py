"""From a tag and a step to the names on the disk and on the page."""

from __future__ import annotations

import re

from ..names import cut, is_like_device, name_hash

# One component may have 255 bytes on most file systems; a temporary file next to it needs some of them.
_LONGEST_DIRECTORY = 200
# The page sends the name in a URL, where one character takes up to 12 bytes; servers take URLs of 64 kB.
_LONGEST_NAME = 1000

# The original encodes `%`, `/` and the backslash. The others cannot be in a file name on Windows.
_ENCODED = re.compile(r'[%/\\<>:"|?*\x00-\x1f\x7f]')

# The page puts a name into a URL as it is, where these four have a meaning of their own: each becomes its full-width
# form. Control characters, which a browser drops from a URL, become their symbols (Control Pictures).
_SHOWN = {ord(c): ord(c) + 0xFEE0 for c in "&#+%"} | {c: 0x2400 + c for c in range(32)} | {127: 0x2421}


def data_directory(tag: str, step: int) -> str:
    """Return the directory of an embedding's files, relative to the log directory: `<step:05d>/<encoded tag>`."""
    return f"{step:05d}/{encode_tag(tag)}"


def tensor_name(tag: str, step: int) -> str:
    """Return the name the page lists: `<tag>:<step:05d>`, as near to the tag as the page's URLs allow."""
    name = tag.translate(_SHOWN)
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME - 18]}…-{name_hash(tag)}"
    return f"{name}:{step:05d}"


def encode_tag(tag: str) -> str:
    """Return a tag as one component of a path, on any file system: never empty, a device, or a way up."""
    name = _ENCODED.sub(lambda match: _percent(match[0]), tag)
    if not name:
        return "%"  # no tag is encoded to this
    if is_like_device(name):
        name = _percent(name[0]) + name[1:]
    if name.strip(".") == "":
        name = "".join(map(_percent, name))
    elif name[-1] in ". ":  # Windows drops these
        name = name[:-1] + _percent(name[-1])
    return name if len(name.encode()) <= _LONGEST_DIRECTORY else cut(name, _LONGEST_DIRECTORY)


def _percent(character: str) -> str:
    return f"%{ord(character):02x}"
