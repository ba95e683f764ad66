"""Object stores: whole objects, put and read by name.

fsspec implements most of them. For S3 and Google Cloud Storage, the packages of the original are used where those of
fsspec are not installed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from ..errors import MissingExtraError, missing_extra, outdated_extra, reason
from .process_end import prepare_for_process_end, process_is_ending

OLDEST = (2023, 10)
"""Year and month of the oldest fsspec, s3fs and gcsfs that are used. Keep in step with the extras in pyproject.toml."""

_EXTRAS = {"s3fs": "s3", "gcsfs": "gcs", "fsspec": "remote"}  # the extra of each package
_S3 = ("s3", "s3a")
_GCS = ("gs", "gcs")
# Making a directory there is needless, or makes a bucket.
_WITHOUT_DIRECTORIES = frozenset(
    [*_S3, *_GCS, "az", "abfs", "abfss", "adl", "oss", "oci", "ocilake", "tos", "cos", "obs", "bos", "memory"]
)


class ObjectStore(Protocol):
    """A store of whole objects. Names are without the scheme: `bucket/path`."""

    def put(self, name: str, data: bytes) -> None:
        """Make or replace an object, in one step for every reader. Raises OSError."""

    def get(self, name: str) -> bytes | None:
        """Return the content of an object, None if there is none. Raises OSError."""


class Opened(NamedTuple):
    """The store of a URL, and the name of its object there."""

    store: ObjectStore
    name: str


def open_objects(url: str) -> Opened:
    """Return the store of a URL, and the name in it.

    Raises ImportError that says what to install, ValueError for an unknown scheme, OSError if the package
    cannot open it, for example without credentials.
    """
    try:
        return _open_fsspec(url)
    except MissingExtraError:
        opened = _open_without_fsspec(url)
        if opened is None:
            raise
        return opened
    except (OSError, ValueError):
        raise
    except Exception as error:  # each package has errors of its own kind
        raise _could_not("open", url, error) from error


def preload_file_system(url: str) -> None:
    """Import the file system of a URL, or of each of a chain of them; `open_objects` says what is missing."""
    with contextlib.suppress(Exception):  # of other packages, whose import may fail in any way
        from fsspec import get_filesystem_class

        for part in url.split("::"):
            get_filesystem_class(part.partition("://")[0])


def scheme_of(url: str) -> str:
    """Return the scheme of a URL; of one that is chained, such as `simplecache::s3://bucket`, the last."""
    return url.partition("://")[0].rpartition("::")[2]


def _s3_endpoint() -> str | None:
    """The endpoint that the original uses; botocore itself reads AWS_ENDPOINT_URL only."""
    return os.environ.get("S3_ENDPOINT") or None


# ---- through fsspec


class FsspecObjects:
    """Objects, or files, of a file system of fsspec."""

    def __init__(self, file_system: Any, has_directories: bool) -> None:
        self._file_system = file_system
        self._has_directories = has_directories
        self._made: set[str] = set()
        self._is_last = False  # the process is ending, and the file system was made since

    def put(self, name: str, data: bytes) -> None:
        try:
            self._make_parent(name)
            self._retry_at_exit(lambda: self._file_system.pipe_file(name, data))
        except Exception as error:  # each store has errors of its own kind
            raise _could_not("upload", name, error) from error

    def _retry_at_exit(self, call: Callable[[], Any]) -> Any:
        """Return the result of `call()`. Finalizers close connections at exit: then retry once with a new one."""
        try:
            return call()
        except Exception as error:
            if isinstance(error, FileNotFoundError) or self._is_last or not process_is_ending():
                raise
        old, self._is_last = self._file_system, True
        self._file_system = type(old)(*old.storage_args, **old.storage_options, skip_instance_cache=True)
        return call()

    def _make_parent(self, name: str) -> None:
        parent = name.rpartition("/")[0]
        if self._has_directories and parent and parent not in self._made:
            self._file_system.makedirs(parent, exist_ok=True)
            self._made.add(parent)

    def get(self, name: str) -> bytes | None:
        try:
            content: bytes = self._retry_at_exit(lambda: self._file_system.cat_file(name))
        except FileNotFoundError:
            return None
        except Exception as error:
            raise _could_not("read", name, error) from error
        return content


def _could_not(do: str, name: str, error: BaseException) -> OSError:
    number = error.errno if isinstance(error, OSError) else None
    return OSError(number or errno.EIO, f"cannot {do} {name}: {reason(error)}")


def open_file_system(url: str) -> tuple[Any, str]:
    """Return the file system of fsspec that a URL names, and the path in it.

    Raises ImportError that says what to install, ValueError for a kind of URL that fsspec does not know.
    """
    scheme = scheme_of(url)
    try:
        from fsspec.core import url_to_fs

        _check_versions(scheme, url)
        endpoint = _s3_endpoint() if scheme in _S3 else None
        file_system, name = url_to_fs(url, **({"endpoint_url": endpoint} if endpoint else {}))
    except MissingExtraError:
        raise
    except ImportError as error:
        package, _, _ = (error.name or _package_of(scheme)).partition(".")
        raise missing_extra(package, _extra_of(scheme, package), f"writing to {url}") from error
    return file_system, name


def _open_fsspec(url: str) -> Opened:
    file_system, name = open_file_system(url)
    if process_is_ending():
        prepare_for_process_end()
    return Opened(FsspecObjects(file_system, scheme_of(url) not in _WITHOUT_DIRECTORIES), name)


def _package_of(scheme: str) -> str:
    """Return the package that fsspec needs for this kind of URL."""
    from fsspec.registry import known_implementations

    module: str = known_implementations.get(scheme, {"class": "fsspec"})["class"]
    return module.partition(".")[0]


def _extra_of(scheme: str, package: str) -> str | None:
    """Return the extra that brings all that URLs of this kind need; None if there is none with this package."""
    return {**dict.fromkeys(_S3, "s3"), **dict.fromkeys(_GCS, "gcs")}.get(scheme) or _EXTRAS.get(package)


def _check_versions(scheme: str, url: str) -> None:
    """Raise MissingExtraError for a package that is too old to be used; an old s3fs raises a TypeError instead."""
    from fsspec import get_filesystem_class

    package = get_filesystem_class(scheme).__module__.partition(".")[0]
    for name in ("fsspec", package):
        version = str(getattr(sys.modules.get(name), "__version__", ""))
        if name in _EXTRAS and _is_older(version):
            extra = _extra_of(scheme, name) or _EXTRAS[name]
            raise outdated_extra(name, version, "{}.{}".format(*OLDEST), extra, f"writing to {url}")


def _is_older(version: str) -> bool:
    numbers = version.split(".")[:2]
    return len(numbers) == 2 and all(map(str.isdigit, numbers)) and tuple(map(int, numbers)) < OLDEST


# ---- through the packages of the original


class Boto3Objects:
    """Objects of S3, through boto3."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def put(self, name: str, data: bytes) -> None:
        bucket, _, key = name.partition("/")
        try:
            self._client.put_object(Bucket=bucket, Key=key, Body=data)
        except Exception as error:
            raise _could_not("upload", name, error) from error

    def get(self, name: str) -> bytes | None:
        bucket, _, key = name.partition("/")
        try:
            content: bytes = self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None
        except Exception as error:
            raise _could_not("read", name, error) from error
        return content


class GoogleObjects:
    """Objects of Google Cloud Storage, through google-cloud-storage."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def _blob(self, name: str) -> Any:
        bucket, _, key = name.partition("/")
        return self._client.bucket(bucket).blob(key)

    def put(self, name: str, data: bytes) -> None:
        try:
            self._blob(name).upload_from_string(data, content_type="application/octet-stream")
        except Exception as error:
            raise _could_not("upload", name, error) from error

    def get(self, name: str) -> bytes | None:
        from google.api_core.exceptions import NotFound

        try:
            content: bytes = self._blob(name).download_as_bytes()
        except NotFound:
            return None
        except Exception as error:
            raise _could_not("read", name, error) from error
        return content


def _open_without_fsspec(url: str) -> Opened | None:
    scheme, name = scheme_of(url), url.partition("://")[2]
    try:
        if scheme in _S3:
            import boto3

            return Opened(Boto3Objects(boto3.client("s3", endpoint_url=_s3_endpoint())), name)
        if scheme in _GCS:
            from google.cloud import storage

            return Opened(GoogleObjects(storage.Client()), name)
    except ImportError:
        pass
    return None
