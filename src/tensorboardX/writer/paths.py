"""Directories made from names that users give: always below the log directory."""

from __future__ import annotations

import os
import re

from ..names import HASH_BYTES, cut, is_device
from ..summary.tags import check_tag

_MOST_BYTES = 200  # of one name; file systems allow 255, and sub-runs get suffixes
_MOST_PATH_BYTES = 500  # of all names; systems allow 1,024 or 4,096 for a whole path, the log directory's included
_UP = re.compile(r"(?<![^/\\])\.\.(?![^/\\])")  # as a whole part of a path
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_PROJECTOR_CONFIG = re.compile(r"projector_config\.pbtxt", re.IGNORECASE)


def below(logdir: str, *names: str) -> str:
    """Return `logdir` joined with names, whose slashes make subdirectories.

    What would lead out of `logdir` does not: `..`, `.` and empty parts, leading slashes and drive letters. Characters
    that some file system refuses are replaced by `_`, which is appended to names that it refuses, and to that of the
    projector's config: a directory in its place takes all embeddings off the page. `tfevents` becomes `tf_events`:
    TensorBoard's Python loader takes a directory with that in its name for an event file, and loses the run around it.
    Overlong names are cut, with a hash that keeps them unique. Raises TypeError for a name that is no string.
    """
    given = [part for name in names for part in check_tag(name).split("/") if part not in ("", ".")]
    parts = [_safe_part(part) for part in given]
    if len("/".join(parts).encode()) > _MOST_PATH_BYTES:
        parts = [cut("_".join(parts), _MOST_BYTES + HASH_BYTES, "/".join(given))]
    return os.path.join(logdir, *parts) if parts else logdir


def kept_inside(directory: str, name: str) -> str:
    """Return a relative directory joined with a name, whose slashes make subdirectories.

    Where `..` would lead out of the directory, each becomes `_`.
    """
    path = os.path.join(directory, name)
    if not _UP.search(name):
        return path
    found = os.path.normpath(path)
    return found if found.split(os.sep)[0] == directory else os.path.join(directory, _UP.sub("_", name))


def _safe_part(part: str) -> str:
    safe = _UNSAFE.sub("_", part).replace("tfevents", "tf_events")
    if os.name == "nt" or part.startswith(".."):
        safe = safe.rstrip(". ") or "_"
    if is_device(safe) or _PROJECTOR_CONFIG.fullmatch(safe):
        safe = f"{safe}_"
    return safe if len(safe.encode()) <= _MOST_BYTES else cut(safe, _MOST_BYTES + HASH_BYTES, part)
