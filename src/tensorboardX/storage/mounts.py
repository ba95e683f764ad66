"""Whether a path is on a local file system or on one that another machine serves."""

from __future__ import annotations

import os
import re

_LOCAL = frozenset(
    ("bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "jfs", "nilfs2", "overlay", "ramfs", "reiserfs")
    + ("tmpfs", "vfat", "xfs", "zfs")
)
_MOUNTS = "/proc/self/mountinfo"
_OCTAL = re.compile(r"\\([0-7]{3})")


def is_local(path: str) -> bool:
    """Return whether a file lies on a file system of this machine, which answers without a network.

    False where that is not known. A file system behind a network, or behind a process as with FUSE, may hang.
    Format: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html.
    """
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            mounts = dict(_mount(line) for line in file)  # a later mount hides an earlier one at the same place
    except (OSError, ValueError, IndexError):
        return False
    directory = os.path.realpath(path)
    while directory not in mounts:
        parent = os.path.dirname(directory)
        if parent == directory:
            return False
        directory = parent
    return mounts[directory] in _LOCAL


def _mount(line: str) -> tuple[str, str]:
    """Return where a line of mountinfo mounts, and the type of the file system."""
    fields = line.split(" ")
    point = _OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[4])
    return point, fields[fields.index("-", 6) + 1]
