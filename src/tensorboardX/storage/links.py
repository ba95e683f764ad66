"""Symbolic links below a log directory that lead out of it, and are not followed.

The log directory itself may be a link, and links that stay below it are fine. One that leads out may have been
put there by another user who can write to the directory.
"""

from __future__ import annotations

import os

from ..notices import warn_once


def without_leaving(root: str, *parts: str) -> str:
    """Return `root` joined with the names of directories, with `_` behind each that is a link out of it.

    Args:
        root: a local directory; it need not be there.
        parts: the names, one for each level.
    """
    path, real_root = root, os.path.realpath(root)
    for part in parts:
        path = link = os.path.join(path, part)
        while _leads_out(real_root, path):
            path += "_"
        if path != link:
            warn_once(link, f"a symbolic link that leads out of {root} is not followed; {path} is used instead")
    return path


def _leads_out(real_root: str, path: str) -> bool:
    inside, found = (os.path.normcase(place).rstrip(os.sep) + os.sep for place in (real_root, os.path.realpath(path)))
    return not found.startswith(inside)
