"""Which store opens a path: a factory registered for its prefix, an object store, or the local disk."""

from __future__ import annotations

import errno
import os
import re
from typing import Protocol

from .base import File
from .local import LocalFile
from .objects import preload_file_system
from .remote import GCSRecordWriter, RemoteFile, S3RecordWriter


class WriterFactory(Protocol):
    """Opens the files of one kind of path, such as `s3://...`."""

    def open(self, path: str) -> File: ...

    def directory_check(self, path: str) -> None: ...


_LOCAL_SCHEMES = ("file", "local")
_WINDOWS_DRIVE = re.compile(r"/[A-Za-z]:")  # `file:///C:/run`

REGISTERED_FACTORIES: dict[str, WriterFactory] = {}


def register_writer_factory(prefix: str, factory: WriterFactory) -> None:
    """Let `factory` open every path that begins with `prefix` and a colon.

    `factory.open(path)` returns an object with `write(data)`, `flush()` and `close()`;
    `factory.directory_check(path)` makes the directory where the store has such a thing.
    """
    if ":" in prefix:
        raise ValueError(f"a prefix is what stands before the colon of a path; got {prefix!r}")
    REGISTERED_FACTORIES[prefix] = factory


def _factory_of(path: str) -> WriterFactory | None:
    prefix, colon, _ = path.partition(":")
    return REGISTERED_FACTORIES.get(prefix) if colon else None


def local_path(path: str) -> str:
    """Return the path of a local file that is given as a URL (`file:///run`); any other path as it is."""
    scheme, colon, rest = path.partition(":")
    if not colon or scheme not in _LOCAL_SCHEMES or not rest.startswith("/") or _factory_of(path) is not None:
        return path
    rest = rest.removeprefix("//")
    return rest[1:] if _WINDOWS_DRIVE.match(rest) else rest


def is_local(path: str) -> bool:
    """Return whether a path is of the local file system, where files are created exclusively."""
    return "://" not in local_path(path) and _factory_of(path) is None


def is_relative(path: str) -> bool:
    """Return whether a path depends on the working directory, as those of object stores and factories do not."""
    return is_local(path) and not os.path.isabs(local_path(path))


def directory_check(path: str) -> None:
    """Make the directory `path` unless it is there. Raises OSError where that fails."""
    factory, path = _factory_of(path), local_path(path)
    if factory is not None:
        factory.directory_check(path)
    elif "\0" in path:  # makedirs raises a bare ValueError
        raise OSError(errno.EINVAL, "a path cannot hold a null character", path)
    elif "://" not in path:  # object stores have no directories
        os.makedirs(path, exist_ok=True)


def open_file(path: str) -> File:
    """Create the file `path` for writing, never touching one that exists. Raises OSError."""
    factory, path = _factory_of(path), local_path(path)
    if factory is not None:
        return factory.open(path)
    return RemoteFile(path) if "://" in path else LocalFile(path)


def preload_store(path: str) -> None:
    """Import in a caller what opening a file of this path takes: the writer thread imports nothing."""
    factory = _factory_of(path)
    if "://" in path and (factory is None or isinstance(factory, (S3RecordWriterFactory, GCSRecordWriterFactory))):
        preload_file_system(path)


class S3RecordWriterFactory:
    """Opens paths that begin with `s3://`."""

    def open(self, path: str) -> S3RecordWriter:
        return S3RecordWriter(path)

    def directory_check(self, path: str) -> None:
        """Nothing to make: object stores have no directories."""


class GCSRecordWriterFactory:
    """Opens paths that begin with `gs://`."""

    def open(self, path: str) -> GCSRecordWriter:
        return GCSRecordWriter(path)

    def directory_check(self, path: str) -> None:
        """Nothing to make: object stores have no directories."""


register_writer_factory("s3", S3RecordWriterFactory())
register_writer_factory("gs", GCSRecordWriterFactory())
