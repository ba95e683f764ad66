"""The bytes of one event file, on a local disk or behind a URL."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Callable
from contextlib import closing
from typing import Any, Protocol

from ..errors import InvalidValueError, MissingExtraError, missing_extra, reason, shown
from ..storage.objects import open_file_system

_HEAD_BYTES = 32  # of the first record of an event file, which holds the time
_EXTRAS = {"fsspec": "remote", "s3fs": "s3", "gcsfs": "gcs"}


class Source(Protocol):
    """A file that is open for reading. Every method raises OSError."""

    path: str

    def size(self) -> int:
        """Return how many bytes the file has now."""

    def read(self, offset: int, size: int) -> bytes:
        """Return the bytes from `offset` on, fewer than `size` only at the end of the file."""

    def close(self) -> None:
        """Let go of the file."""


class _OpenFile:
    """What both kinds have in common: a file object that can seek."""

    def __init__(self, path: str, file: Any) -> None:
        self.path = path
        self._file = file

    def read(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        data: bytes = self._file.read(size)
        if len(data) == size or not data:
            return data
        parts = [data]
        while size > (have := sum(map(len, parts))) and (data := self._file.read(size - have)):
            parts.append(data)
        return b"".join(parts)

    def close(self) -> None:
        self._file.close()


class LocalSource(_OpenFile):
    """A file of the local file system. It is not mapped: a file that shrinks under a mapping kills the process."""

    def __init__(self, path: str) -> None:
        super().__init__(path, open(path, "rb", buffering=0))  # noqa: SIM115 (closed by close)

    def size(self) -> int:
        return os.fstat(self._file.fileno()).st_size


class RemoteSource(_OpenFile):
    """An object of a file system of fsspec."""

    def __init__(self, url: str, file_system: Any, name: str, size: int) -> None:
        super().__init__(url, _guarded(url, file_system.open, name, "rb"))
        self._size = size

    def size(self) -> int:
        return self._size

    def read(self, offset: int, size: int) -> bytes:
        return bytes(_guarded(self.path, super().read, offset, size))


def _guarded(url: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """Call a file system of fsspec, each of which has errors of its own kind, and raise OSError for all of them."""
    try:
        return call(*arguments)
    except OSError:
        raise
    except Exception as error:
        raise OSError(f"cannot read {url}: {reason(error)}") from error


def file_system_of(url: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path in it.

    Raises MissingExtraError that says what to install, InvalidValueError for a URL that fsspec does not know.
    """
    try:
        return open_file_system(url)
    except MissingExtraError as error:
        package = error.name or "fsspec"
        raise missing_extra(package, _EXTRAS.get(package), f"reading {url}") from error
    except ValueError as error:
        raise InvalidValueError(f"got {shown(url)}; accepted is a path or a URL of fsspec ({reason(error)})") from error


class FileFacts:
    """What a listing tells of a file: where it is, which file it is, and how large it is."""

    __slots__ = ("_file_system", "_name", "identity", "path", "size")

    def __init__(self, path: str, size: int, identity: object, file_system: Any = None, name: str = "") -> None:
        self.path = path
        self.size = size
        self.identity = identity
        self._file_system = file_system
        self._name = name

    def open(self) -> Source:
        """Open the file. Raises OSError."""
        if self._file_system is None:
            return LocalSource(self.path)
        return RemoteSource(self.path, self._file_system, self._name, self.size)

    def head(self) -> bytes:
        """Return what the file begins with: enough to tell it from another one, or nothing while it is shorter."""
        try:
            with closing(self.open()) as source:
                head = source.read(0, _HEAD_BYTES)
        except OSError:
            return b""
        return head if len(head) == _HEAD_BYTES else b""

    def beside(self, relative: str) -> FileFacts | None:
        """Return the facts of a file by its path relative to the directory of this one; None if there is none.

        Raises OSError.
        """
        if self._file_system is None:
            return local_facts(os.path.join(os.path.dirname(self.path), *relative.split("/")))
        name = posixpath.join(posixpath.dirname(self._name), relative)
        try:
            info = _guarded(name, self._file_system.info, name)
        except FileNotFoundError:
            return None
        return remote_facts(self._file_system, name, info)


def local_facts(path: str) -> FileFacts | None:
    """Return the facts of a file; None for what is no regular file, or is gone."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return FileFacts(path, found.st_size, (found.st_dev, found.st_ino))


def remote_facts(file_system: Any, name: str, info: dict[str, Any]) -> FileFacts:
    """Return the facts of an object of a file system of fsspec."""
    return FileFacts(str(file_system.unstrip_protocol(name)), int(info.get("size") or 0), None, file_system, name)
