"""Files of object stores, through fsspec.

An object cannot be appended to. So every flush uploads what came since the last one as an object of its own:
`NAME`, then `NAME.00001`, `NAME.00002` and so on, each a whole number of records. TensorBoard reads the files of
a run in the order of their names, and every byte travels once.
"""

from __future__ import annotations

import errno
from typing import Any

from ..errors import missing_extra

_EXTRAS = {"fsspec": "remote", "s3fs": "s3", "gcsfs": "gcs"}
_MOST_PENDING = 64 << 20  # bytes that wait for an upload


class RemoteFile:
    """A sequence of objects below `path`, a URL that fsspec knows (`s3://`, `gs://`, `az://`, ...).

    Raises ImportError that says what to install if fsspec, or the package it needs for this kind of URL, is missing.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._file_system, self._object = open_file_system(path)
        except ValueError as error:
            raise OSError(errno.EINVAL, str(error), path) from error
        self._pending = bytearray()
        self._uploaded = 0

    def write(self, val: bytes) -> int:
        """Keep `val` for the next flush, unless so much has been kept that it is due. Raises OSError."""
        if len(self._pending) >= _MOST_PENDING:
            self.flush()
        self._pending += val
        return len(val)

    def flush(self) -> None:
        """Upload what was written since the last flush. Raises OSError; nothing is dropped then."""
        if not self._pending:
            return
        name = f"{self._object}.{self._uploaded:05d}" if self._uploaded else self._object
        try:
            self._file_system.pipe_file(name, bytes(self._pending))
        except Exception as error:  # each store has errors of its own kind
            raise OSError(f"cannot upload {name}: {error}") from error
        self._uploaded += 1
        self._pending.clear()

    def sync(self) -> None:
        """As flush: an object that was uploaded is durable."""
        self.flush()

    def close(self) -> None:
        """Upload the rest. Raises OSError."""
        self.flush()

    def abandon(self) -> None:
        """Forget what was not uploaded."""
        self._pending.clear()

    def bucket_and_path(self) -> tuple[str, str]:
        """Return the bucket and the path within it that `path` names."""
        _, _, rest = self.path.rpartition("://")
        bucket, _, path = rest.partition("/")
        return bucket, path


class S3RecordWriter(RemoteFile):
    """Objects of S3; needs the package s3fs."""


class GCSRecordWriter(RemoteFile):
    """Objects of Google Cloud Storage; needs the package gcsfs."""


def open_file_system(path: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path in it.

    Raises ImportError that says what to install, ValueError for a kind of URL that fsspec does not know.
    """
    try:
        from fsspec.core import url_to_fs

        file_system, name = url_to_fs(path)
        return file_system, name
    except ImportError as error:
        package, _, _ = (error.name or _package_of(path)).partition(".")
        raise missing_extra(package, _EXTRAS.get(package), f"writing to {path}") from error


def _package_of(path: str) -> str:
    """Return the package that fsspec needs for this kind of URL."""
    from fsspec.registry import known_implementations

    module: str = known_implementations[path.partition("://")[0]]["class"]
    return module.partition(".")[0]
