"""Directories made from names that users give: always below the log directory."""

from __future__ import annotations

import os
import re

_MOST_BYTES = 200  # of one name; file systems allow 255, and sub-runs get suffixes
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(\..*)?", re.IGNORECASE)


def below(logdir: str, *names: str) -> str:
    """Return `logdir` joined with names, whose slashes make subdirectories.

    What would lead out of `logdir` does not: `..`, `.` and empty parts, leading slashes and drive letters. Characters
    and names that some file system refuses are replaced by `_`, overlong names are cut and told apart by a hash.
    """
    parts = [_safe_part(part) for name in names for part in name.split("/") if part not in ("", ".")]
    return os.path.join(logdir, *parts) if parts else logdir


def _safe_part(part: str) -> str:
    part = part.encode("utf-8", "replace").decode("utf-8")
    safe = _UNSAFE.sub("_", part)
    if os.name == "nt" or part.startswith(".."):
        safe = safe.rstrip(". ") or "_"
    if _RESERVED.fullmatch(safe):
        safe = f"{safe}_"
    raw = safe.encode("utf-8")
    if len(raw) <= _MOST_BYTES:
        return safe
    import hashlib

    digest = hashlib.sha256(part.encode("utf-8")).hexdigest()[:16]
    return f"{raw[:_MOST_BYTES].decode('utf-8', 'ignore')}-{digest}"
