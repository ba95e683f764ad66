"""Where the projector's files land: each is put in place at once and complete, so that no reader sees a part of it."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from itertools import count
from typing import Protocol

from ..errors import InvalidValueError, reason, shown
from ..notices import warn_once
from ..storage.factories import REGISTERED_FACTORIES
from ..storage.links import without_leaving
from ..storage.remote import open_file_system

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


LOCK_NAME = ".projector_config.lock"
LONGEST_WAIT = 10.0  # seconds
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
    """Return the store of a directory or of a URL (`s3://...`).

    Raises ImportError that says what to install; ValueError for a URL that fsspec does not know, and for the path of
    a registered writer factory, which opens event files only.
    """
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
            with open(self.path(name), "rb") as file:
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
        """Hold a lock file's lock, which the system lets go of if this process dies. Waits `LONGEST_WAIT` at most."""
        os.makedirs(self._directory, exist_ok=True)
        descriptor = os.open(self.path(LOCK_NAME), os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        try:
            held = _wait_for_lock(descriptor, self._directory)
            try:
                yield
            finally:
                if held:  # closing is not enough if a child was forked meanwhile: it has the descriptor too
                    _unlock(descriptor)
        finally:
            os.close(descriptor)


def _write_all(descriptor: int, content: bytes | memoryview) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest[: 1 << 30]) :]
    # The disk has the file before its name does: after a power failure it is whole or absent.
    os.fsync(descriptor)


def _wait_for_lock(descriptor: int, directory: str) -> bool:
    deadline = time.monotonic() + LONGEST_WAIT
    while True:
        try:
            _try_lock(descriptor)
            return True
        except (BlockingIOError, PermissionError):  # what is said where another holds it, here and on Windows
            if time.monotonic() > deadline:
                warn_once(directory, f"another process has kept {LOCK_NAME} for {LONGEST_WAIT:g} s; going on without")
                return False
        except OSError as error:
            warn_once(directory, f"files cannot be locked here ({error}): let one process at a time add embeddings")
            return False
        time.sleep(0.01)


class RemoteStore:
    """A URL of an object store, through fsspec. There are no locks: let one process add embeddings."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        try:
            self._file_system, _ = open_file_system(url)
        except ValueError as error:
            raise _not_writable(url, reason(error)) from error

    def path(self, name: str) -> str:
        return f"{self._url}/{name}"

    def without_leaving(self, directory: str) -> str:
        return directory  # object stores have no links

    def read(self, name: str) -> bytes | None:
        try:
            content: bytes = self._file_system.cat_file(self.path(name))
        except FileNotFoundError:
            return None
        except Exception as error:  # each store has errors of its own kind
            raise OSError(f"cannot read {self.path(name)}: {error}") from error
        return content

    def put(self, name: str, content: bytes | memoryview) -> None:
        try:
            self._file_system.makedirs(self.path(name).rpartition("/")[0], exist_ok=True)
            self._file_system.pipe_file(self.path(name), bytes(content))
        except Exception as error:
            raise OSError(f"cannot write {self.path(name)}: {error}") from error

    def lock(self) -> AbstractContextManager[None]:
        return nullcontext()
