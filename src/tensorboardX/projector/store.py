"""Where the projector's files land: each is put in place at once and complete, so that no reader sees a part of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from itertools import count
from typing import Protocol

from ..errors import InvalidValueError, reason, shown
from ..notices import warn_once
from ..storage.factories import REGISTERED_FACTORIES, local_path
from ..storage.links import without_leaving
from ..storage.locks import ExclusiveLock, LockingError
from ..storage.objects import open_objects
from ..storage.regular import open_regular

LOCK_NAME = ".projector_config.lock"
LOCK_PATIENCE = 10.0  # seconds
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_serial = count()


class Store(Protocol):
    """Files below one directory, named by relative paths with slashes. Every method raises OSError."""

    def path(self, name: str) -> str:
        """Return where the file is."""

    def without_leaving(self, directory: str) -> str:
        """Return a directory, or one of another name where a link leads out of the store."""

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, None if there is none."""

    def put(self, name: str, content: bytes | memoryview) -> None:
        """Make or replace a file, in one step for every reader."""

    def lock(self) -> AbstractContextManager[None]:
        """Keep other writers of this directory out, where the store can."""


def open_store(directory: str) -> Store:
    """Return the store of a directory or of a URL (`file:///...`, `s3://...`).

    Raises ImportError that says what to install; ValueError for a URL that fsspec does not know, and for the path of
    a registered writer factory, which opens event files only.
    """
    directory = local_path(directory)
    scheme, colon, _ = directory.partition(":")
    is_url = "://" in directory
    # A factory's own `s3://` is where fsspec's is; memory is not.
    if colon and scheme in REGISTERED_FACTORIES and (scheme == "memory" or not is_url):
        raise _not_writable(directory, "a registered writer factory has no place for other files")
    return RemoteStore(directory) if is_url else LocalStore(directory)


def _not_writable(directory: str, why: str) -> InvalidValueError:
    accepted = f"a local directory or a URL of fsspec ({why})"
    return InvalidValueError(f"the log directory of an embedding: got {shown(directory)}; accepted is {accepted}")


class LocalStore:
    """A directory of the local file system."""

    def __init__(self, directory: str) -> None:
        self._directory = os.path.abspath(directory)

    def path(self, name: str) -> str:
        return os.path.join(self._directory, *name.split("/"))

    def without_leaving(self, directory: str) -> str:
        inside = without_leaving(self._directory, *directory.split("/"))
        return os.path.relpath(inside, self._directory).replace(os.sep, "/")

    def read(self, name: str) -> bytes | None:
        try:
            with open(open_regular(self.path(name), os.O_RDONLY), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def put(self, name: str, content: bytes | memoryview) -> None:
        path = self.path(name)
        parent = os.path.dirname(path)
        os.makedirs(parent, exist_ok=True)
        temporary = os.path.join(parent, f".new-{os.getpid()}-{threading.get_ident()}-{next(_serial)}")
        try:
            with open(os.open(temporary, _NEW_FILE, 0o666), "wb", buffering=0) as file:
                _write_all(file.fileno(), content)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lock of a lock file, which is deleted at the end. Raises OSError.

        Goes on without the lock, and warns, where another process has held it for `LOCK_PATIENCE`, and where the file
        system has no locks.
        """
        os.makedirs(self._directory, exist_ok=True)
        with ExitStack() as stack:
            try:
                stack.enter_context(ExclusiveLock(self.path(LOCK_NAME), LOCK_PATIENCE).hold())
            except TimeoutError as error:
                warn_once(self._directory, f"{LOCK_NAME}: {error.strerror}; going on without")
            except LockingError as error:
                message = f"files cannot be locked here ({error}): let one process at a time add embeddings"
                warn_once(self._directory, message)
            yield


def _write_all(descriptor: int, content: bytes | memoryview) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest[: 1 << 30]) :]
    # The disk has the file before its name does: after a power failure it is whole or absent.
    os.fsync(descriptor)


class RemoteStore:
    """A URL of an object store. There are no locks: let one process add embeddings."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        try:
            self._objects, self._name = open_objects(self._url)
        except ValueError as error:
            raise _not_writable(url, reason(error)) from error

    def path(self, name: str) -> str:
        return f"{self._url}/{name}"

    def without_leaving(self, directory: str) -> str:
        return directory  # object stores have no links

    def read(self, name: str) -> bytes | None:
        return self._objects.get(f"{self._name}/{name}")

    def put(self, name: str, content: bytes | memoryview) -> None:
        self._objects.put(f"{self._name}/{name}", bytes(content))

    def lock(self) -> AbstractContextManager[None]:
        return nullcontext()


def maybe_upload_file(local_path: str) -> None:
    """Copy a file into an object store, where its path begins with `s3://` or `gs://`; else do nothing.

    The file is the one that a program wrote under that path as if it were a local one: in the directory `s3:` or `gs:`
    of the working directory. What this package itself writes to a URL is in the store already.
    Raises OSError, and ImportError that says what to install.
    """
    if local_path.startswith(("s3://", "gs://")):
        directory, _, name = local_path.rpartition("/")
        with open(os.path.normpath(local_path), "rb") as file:
            open_store(directory).put(name, file.read())
