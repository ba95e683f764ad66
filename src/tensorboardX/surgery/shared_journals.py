"""What a GlobalSummaryWriter that was killed has left beside its event file: see `shared.journal` for the format.

A later one would go on with that event file, at an offset that is not right any more once the file is replaced.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os

from ..errors import LogdirError, RecordError
from ..records.reader import RecordReader
from ..storage.locks import FileLock

_PREFIX = ".tensorboardX-global"
_MOST_BYTES = 16 << 20  # of an entry


def remove_journals(directory: str) -> None:
    """Delete the journals in a directory, as the last writer to close does.

    Raises LogdirError if a writer has one open, or had more to append than it could.
    """
    for name in sorted(os.listdir(directory)):
        if name.startswith(_PREFIX):
            with contextlib.suppress(FileNotFoundError):
                _remove(os.path.join(directory, name))


def _remove(path: str) -> None:
    lock = FileLock(path)
    lock.open()
    try:
        if not lock.try_lock():
            raise LogdirError(errno.EBUSY, f"{path}: a GlobalSummaryWriter writes to it; nothing was changed")
        if not _is_complete(path, lock.descriptor):
            todo = "make a GlobalSummaryWriter there and close it first"
            raise LogdirError(errno.EBUSY, f"{path} has events that are not in the event file yet: {todo}")
        lock.unlink()
    finally:
        lock.release()


def _is_complete(path: str, descriptor: int) -> bool:
    """Whether all that the journal has is in the event file, or is no batch of one."""
    try:
        with RecordReader(path, descriptor=descriptor, most=_MOST_BYTES) as reader:
            name, entry = itertools.islice(reader, 2)
        found = json.loads(entry)
        size = os.stat(os.path.join(os.path.dirname(path), os.path.basename(os.fsdecode(name)))).st_size
        return not found["offset"] <= size < found["offset"] + found["length"]
    except (RecordError, ValueError, TypeError, KeyError, FileNotFoundError):
        return True
