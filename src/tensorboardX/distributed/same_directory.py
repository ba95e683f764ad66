"""The warning that several ranks write to one directory.

TensorBoard mixes their points there: of each step it shows what one of them logged, by chance.
"""

from __future__ import annotations

import os
import re
import socket
import time

from ..notices import log_safely, logger
from .identity import Rank

_OF_FILE = re.compile(r"events\.out\.tfevents\.(?P<seconds>\d+)\.(?P<host>.+)\.(?P<pid>\d+)\.\d+")
_RECENT = 60.0  # seconds
_warned: set[str] = set()

_MESSAGE = (
    "%s: several ranks write to this directory, and TensorBoard mixes their points. Let one of them write, or give "
    "each a run of its own, by one of these lines (or by TENSORBOARDX_DISTRIBUTED=rank0 or per_rank):\n"
    '    SummaryWriter(logdir, distributed="rank0")\n'
    '    SummaryWriter(logdir, distributed="per_rank")'
)


def warn_of_other_ranks(directory: str, rank: Rank | None) -> None:
    """Log one warning if another process of the program writes to `directory`; call it when a file was opened there.

    Only ranks 0 and 1 look: the one that comes second sees the file of the other, and a large program is not told a
    hundred times.
    """
    if rank is None or rank.world_size < 2 or rank.rank > 1:
        return
    try:
        names = os.listdir(directory)
    except OSError:  # an object store
        return
    if directory not in _warned and any(_is_of_another(directory, name) for name in names):
        _warned.add(directory)
        log_safely(logger.warning, _MESSAGE, directory)


def _is_of_another(directory: str, name: str) -> bool:
    """Whether the process behind an event file is neither this one nor its parent; on this host, one that lives."""
    found = _OF_FILE.match(name)
    if found is None or found["host"] != socket.gethostname():
        return found is not None and _is_recent(os.path.join(directory, name))
    pid = int(found["pid"])
    return pid not in (os.getpid(), os.getppid()) and _is_alive(pid)


def _is_recent(path: str) -> bool:
    try:
        return time.time() - os.stat(path).st_mtime < _RECENT
    except OSError:
        return False


def _is_alive(pid: int) -> bool:
    if not hasattr(os, "kill") or os.name == "nt":  # there os.kill ends the process
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
