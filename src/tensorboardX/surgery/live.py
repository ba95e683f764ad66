"""Files that somebody may still write to are not replaced: what came later would be lost.

Refused is an event file

- that a process has open for writing, as far as this one may look (Linux: `/proc/<pid>/fd`);
- whose name has this host and the number of a process that runs and cannot be looked into, of another user say;
- that is locked, as those of a GlobalSummaryWriter are, or on whose behalf one has more to write;
- that has changed since it was read;
- unless a run is resumed: that was written within the last three minutes, if its name does not say that it was written
  on this host. A writer on another host cannot be seen.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
import sys
import time
from collections.abc import Iterable, Iterator

from ..errors import LogdirError
from ..storage.locks import HAS_SHARED_LOCKS, is_locked

RECENT = 180.0
"""Seconds; writers flush every two minutes or more often."""

_NAME = re.compile(r"tfevents\.\d+\.(?P<host>.+?)(?:\.(?P<pid>\d+)\.\d+(?:\..*)?)?$")
_WRITES = os.O_WRONLY | os.O_RDWR

Identity = tuple[int, int]


def refuse_written(paths: Iterable[str], is_resume: bool = False) -> None:
    """Raise LogdirError if one of these local files may still be written to.

    Args:
        paths: event files.
        is_resume: whether the caller knows that the program that wrote them has ended.
    """
    files: dict[Identity, str] = {}
    for path in paths:
        found = os.stat(path)
        files[found.st_dev, found.st_ino] = path
    scanned: set[int] = set()
    for process, identity in _open_for_writing(files, scanned):
        raise _refused(files[identity], f"process {process} has it open for writing")
    for path in files.values():
        if reason := _why_live(path, scanned, is_resume):
            raise _refused(path, reason)


def _why_live(path: str, scanned: set[int], is_resume: bool) -> str:
    with contextlib.suppress(OSError):  # it may be one that cannot be locked
        if HAS_SHARED_LOCKS and is_locked(path):
            return "a GlobalSummaryWriter has it open"
    named = _NAME.search(os.path.basename(path))
    is_ours = named is not None and named["host"] == socket.gethostname()
    if named is not None and is_ours and named["pid"] is not None:
        process = int(named["pid"])
        if process not in scanned and process != os.getpid() and _is_alive(process):
            return f"process {process}, which wrote it, still runs"
        return ""
    if is_resume or (is_ours and scanned):
        return ""
    age = time.time() - os.stat(path).st_mtime
    if age < RECENT:
        return (
            f"it was written {max(age, 0):.0f} s ago, perhaps on another host; wait {RECENT:.0f} s after the last write"
        )
    return ""


def _open_for_writing(files: dict[Identity, str], scanned: set[int]) -> Iterator[tuple[int, Identity]]:
    """Yield which process writes to which of the files; add those that could be looked into to `scanned`."""
    names = {os.path.basename(path) for path in files.values()}
    with contextlib.suppress(OSError):  # where there is no /proc
        for entry in os.listdir("/proc") if sys.platform == "linux" else ():
            if entry.isdigit():
                with contextlib.suppress(OSError):  # another user's, or it has ended
                    for descriptor in os.listdir(f"/proc/{entry}/fd"):
                        identity = _written(f"/proc/{entry}", descriptor, names)
                        if identity in files:
                            yield int(entry), identity
                    scanned.add(int(entry))


def _written(process: str, descriptor: str, names: set[str]) -> Identity:
    """Return which file a descriptor writes to, if the name of that file is one of `names`."""
    with contextlib.suppress(OSError, ValueError):
        # The name first: looking into a file of a dead network drive may hang.
        if os.path.basename(os.readlink(f"{process}/fd/{descriptor}")) in names:
            with open(f"{process}/fdinfo/{descriptor}", encoding="ascii") as file:
                flags = next(int(line.split()[1], 8) for line in file if line.startswith("flags:"))
            if flags & _WRITES:
                found = os.stat(f"{process}/fd/{descriptor}")
                return found.st_dev, found.st_ino
    return -1, -1


def _is_alive(process: int) -> bool:
    if os.name != "posix":  # on Windows the call would end it; there nobody can replace an open file anyway
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def _refused(path: str, reason: str) -> LogdirError:
    return LogdirError(errno.EBUSY, f"{path} may still be written to: {reason}; nothing was changed")
