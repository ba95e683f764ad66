"""TFRecord framing, and the writers that put framed records into files.

A record is its length (uint64, little-endian), the masked CRC-32C of those eight bytes, the data, and the
masked CRC-32C of the data. Format: tensorflow/core/lib/io/record_writer.h; the checksum: RFC 3720, B.4.
"""

from __future__ import annotations

import errno
import functools
import os
import re
from collections.abc import Callable, Sequence
from struct import Struct
from typing import Protocol

import numpy as np

from .storage.base import File
from .storage.local import LocalFile
from .storage.remote import GCSRecordWriter, RemoteFile, S3RecordWriter

__all__ = [
    "REGISTERED_FACTORIES",
    "GCSRecordWriter",
    "GCSRecordWriterFactory",
    "RecordWriter",
    "S3RecordWriter",
    "S3RecordWriterFactory",
    "directory_check",
    "frame",
    "make_valid_tf_name",
    "masked_crc32c",
    "open_file",
    "register_writer_factory",
    "u32",
]

_LENGTH = Struct("<Q")
_pack_crc = Struct("<I").pack
_MASK = 0xA282EAD8
_MOST_HEADERS = 4096
_MANY = 16  # records from which on masking their checksums together is faster


def u32(x: int) -> int:
    """Return the low 32 bits of `x`."""
    return x & 0xFFFFFFFF


@functools.cache
def _crc32c() -> Callable[[bytes], int]:
    """Import the checksum when it is needed: importing it reads package metadata, for longer than all the rest."""
    import crc32c

    checksum: Callable[[bytes], int] = crc32c.crc32c
    return checksum


def masked_crc32c(data: bytes) -> int:
    """Return the CRC-32C of `data`, rotated right by 15 bits plus a constant, as TFRecord stores it.

    The mask keeps the checksum of data that embeds checksums from being trivial.
    """
    crc = _crc32c()(data)
    return (crc >> 15 | crc << 17) + _MASK & 0xFFFFFFFF


def frame(data: bytes) -> bytes:
    """Return `data` as one TFRecord record."""
    header = _headers.get(len(data)) or _header(len(data))
    return header + data + _pack_crc(masked_crc32c(data))


def frame_batch(batch: Sequence[bytes]) -> bytes:
    """Return each item as one record, one after the other."""
    if len(batch) < _MANY:
        return b"".join(map(frame, batch))
    crcs = np.fromiter(map(_crc32c(), batch), "<u4", len(batch))
    masked = (crcs >> 15 | crcs << 17) + np.uint32(_MASK)
    parts = [b""] * (3 * len(batch))
    parts[0::3] = [_headers.get(length) or _header(length) for length in map(len, batch)]
    parts[1::3] = batch
    parts[2::3] = masked.view("V4").tolist()
    return b"".join(parts)


_headers: dict[int, bytes] = {}  # the records of a run have few different lengths


def _header(length: int) -> bytes:
    """Return the 12 bytes before data of `length` bytes."""
    packed = _LENGTH.pack(length)
    header = packed + _pack_crc(masked_crc32c(packed))
    if len(_headers) < _MOST_HEADERS:
        _headers[length] = header
    return header


class WriterFactory(Protocol):
    """Opens the files of one kind of path, such as `s3://...`."""

    def open(self, path: str) -> File: ...

    def directory_check(self, path: str) -> None: ...


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


def is_relative(path: str) -> bool:
    """Return whether a path depends on the working directory, as those of object stores and factories do not."""
    return not os.path.isabs(path) and "://" not in path and _factory_of(path) is None


def directory_check(path: str) -> None:
    """Make the directory `path` unless it is there. Raises OSError where that fails."""
    factory = _factory_of(path)
    if factory is not None:
        factory.directory_check(path)
    elif "\0" in path:  # makedirs raises a bare ValueError
        raise OSError(errno.EINVAL, "a path cannot hold a null character", path)
    elif "://" not in path:  # object stores have no directories
        os.makedirs(path, exist_ok=True)


def open_file(path: str) -> File:
    """Create the file `path` for writing, never touching one that exists. Raises OSError."""
    factory = _factory_of(path)
    if factory is not None:
        return factory.open(path)
    return RemoteFile(path) if "://" in path else LocalFile(path)


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


class RecordWriter:
    """Appends records to a file of its own. Not thread-safe: one thread writes a file.

    A write that fails part of the way is remembered: the next one goes on at the very byte where it stopped,
    so that a torn record is never followed by another.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = open_file(path)
        self._taken = b""  # records, of which so many bytes are written:
        self._written = 0

    @property
    def unwritten_bytes(self) -> int:
        """How many bytes of records an error left behind."""
        return len(self._taken) - self._written

    def write(self, data: bytes) -> None:
        """Write `data` as one record, in one write. Raises OSError."""
        self._take(frame(data))
        self.write_out()

    def take_batch(self, batch: list[bytes]) -> None:
        """Take one record for each item, all for one `write_out`; none of them if there is no memory for that."""
        self._take(frame_batch(batch))

    def _take(self, records: bytes) -> None:
        # What an error leaves behind stays here, and must not be handed in again.
        self._taken, self._written = self._taken[self._written :] + records, 0

    def write_out(self) -> None:
        """Write what was taken, going on where an error left off. Raises OSError."""
        while self._written < len(self._taken):
            written = self._file.write(self._taken[self._written :])
            if written == 0:
                raise OSError(errno.EIO, "the file takes no more bytes", self.path)
            # A file of a registered factory may answer nothing, which means everything.
            self._written = len(self._taken) if written is None else self._written + written
        self._taken, self._written = b"", 0

    def flush(self) -> None:
        """Hand everything to the operating system. Raises OSError."""
        self.write_out()
        self._file.flush()

    def sync(self) -> None:
        """Bring everything onto the disk (fsync), where the file has one. Raises OSError."""
        self.flush()
        sync = getattr(self._file, "sync", None)
        if sync is not None:
            sync()

    def is_lost(self) -> bool:
        """Return whether what is written can no longer be reached: the file was deleted from outside."""
        is_lost = getattr(self._file, "is_lost", None)
        return is_lost is not None and bool(is_lost())

    def close(self) -> None:
        """Close the file. Raises OSError if something was left to write and still cannot be written."""
        try:
            self.write_out()
        finally:
            self._file.close()

    def abandon(self) -> None:
        """Let go of the file as it is, writing nothing more: in a fork's child, or when the store is dead."""
        self._taken, self._written = b"", 0
        abandon = getattr(self._file, "abandon", None)
        if abandon is not None:
            abandon()


_VALID_NAME_START = re.compile(r"[A-Za-z0-9.]")
_VALID_NAME_PARTS = re.compile(r"[A-Za-z0-9_.\-/]+")


def make_valid_tf_name(name: str) -> str:
    """Return `name` with everything that a TensorFlow node name cannot hold replaced by `_`."""
    if not _VALID_NAME_START.match(name):
        name = "." + name
    return "_".join(_VALID_NAME_PARTS.findall(name))
