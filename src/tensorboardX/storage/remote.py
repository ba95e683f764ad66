"""Files of object stores.

An object cannot be appended to. So a file is a sequence of objects, `NAME`, `NAME.0000000001`, `NAME.0000000002` and so
on, each of which holds whole records. TensorBoard reads the files of a run in the order of their names, and every
byte travels once.
"""

from __future__ import annotations

import collections
import errno
import threading
from collections.abc import Callable
from time import monotonic

from .objects import open_objects

CHECK_SECONDS = 30.0
"""How long the check at construction waits for an answer: a store may have to find its credentials first."""

_LEAST_OBJECT = 256 << 10  # bytes; a store that takes longer than the timeout for these counts as stalled
_LARGEST_OBJECT = 8 << 20
_QUICK = 0.5  # seconds that an upload takes, below which the next one may be larger
_SLOW = 2.0  # and above which it should be smaller


class _ObjectSize:
    """Adapts the size of objects: small enough that a slow store shows progress, else large, so that there are few."""

    def __init__(self) -> None:
        self.nbytes = _LEAST_OBJECT

    def note(self, nbytes: int, seconds: float) -> None:
        """Adapt to the duration of an upload of `nbytes` bytes."""
        if seconds > _SLOW:
            self.nbytes = max(self.nbytes // 2, _LEAST_OBJECT)
        elif seconds < _QUICK and nbytes > self.nbytes // 2:
            self.nbytes = min(self.nbytes * 2, _LARGEST_OBJECT)


_object_size = _ObjectSize()


class RemoteFile:
    """A sequence of objects whose names begin with `path`, a URL such as `s3://bucket/run/f`.

    Writes are buffered until `flush`, or until there is enough for a large object. Used by one thread at a time.
    Raises ImportError that says what to install if there is no package for this kind of URL, OSError if none is known.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._objects, self._name = open_objects(path)
        except ValueError as error:
            raise OSError(errno.EINVAL, str(error), path) from error
        self._writes: collections.deque[bytes] = collections.deque()
        self._object = b""  # the next object, from its first attempt on: a retry must store the same bytes
        self._stored = 0  # objects
        self.buffered = 0

    def write(self, val: bytes) -> int:
        """Buffer `val`, whole records, for the next upload. Raises OSError and takes nothing if a due upload fails."""
        while self.buffered >= _LARGEST_OBJECT:
            self.store_next()
        self._writes.append(bytes(val))
        self.buffered += len(val)
        return len(val)

    def store_next(self) -> None:
        """Upload one object, of the oldest writes. Raises OSError; nothing is dropped then."""
        self._object = self._object or self._join_writes()
        if not self._object:
            return
        begin = monotonic()
        self._objects.put(f"{self._name}.{self._stored:010d}" if self._stored else self._name, self._object)
        _object_size.note(len(self._object), monotonic() - begin)
        self._stored += 1
        self.buffered -= len(self._object)
        self._object = b""

    def _join_writes(self) -> bytes:
        size, joined = 0, []
        while self._writes and (not size or size + len(self._writes[0]) <= _object_size.nbytes):
            joined.append(self._writes.popleft())
            size += len(joined[-1])
        return b"".join(joined)

    def flush(self) -> None:
        """Upload everything. Raises OSError; nothing is dropped then."""
        while self.buffered:
            self.store_next()

    def sync(self) -> None:
        """As flush: an object that was uploaded is durable."""
        self.flush()

    def close(self) -> None:
        """Upload what is buffered. Raises OSError."""
        self.flush()

    def abandon(self) -> None:
        """Discard the buffer."""
        self._writes.clear()
        self._object = b""
        self.buffered = 0

    def check_writable(self) -> None:
        """Upload what there is. Raises OSError if the store refuses it, or has not answered after `CHECK_SECONDS`."""
        error = _run_within(CHECK_SECONDS, self.flush)
        if error is not None:
            raise error

    def bucket_and_path(self) -> tuple[str, str]:
        """Return the bucket and the path within it that `path` names."""
        _, _, rest = self.path.rpartition("://")
        bucket, _, path = rest.partition("/")
        return bucket, path


class S3RecordWriter(RemoteFile):
    """Objects of S3; needs the package s3fs or boto3."""


class GCSRecordWriter(RemoteFile):
    """Objects of Google Cloud Storage; needs the package gcsfs or google-cloud-storage."""


def _run_within(seconds: float, call: Callable[[], object]) -> OSError | None:
    """Call `call()`; return the OSError that it raised, or one that says so if it takes longer than `seconds`."""
    outcome: list[OSError | None] = []

    def run() -> None:
        try:
            call()
            outcome.append(None)
        except OSError as error:
            outcome.append(error)

    thread = threading.Thread(target=run, name="tensorboardX-check", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # there are too many threads, or the process is ending
        run()
    else:
        thread.join(seconds)
    return outcome[0] if outcome else OSError(errno.ETIMEDOUT, f"no answer within {seconds:g} seconds")
