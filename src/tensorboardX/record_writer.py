"""Records and the stores they go to, under the original's names."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from .names import make_valid_tf_name
from .records.framing import frame, masked_crc32c, u32
from .records.writer import RecordWriter
from .storage.factories import (
    REGISTERED_FACTORIES,
    GCSRecordWriterFactory,
    S3RecordWriterFactory,
    directory_check,
    open_file,
    register_writer_factory,
)
from .storage.remote import GCSRecordWriter, S3RecordWriter

if TYPE_CHECKING:
    GCS_ENABLED: bool
    S3_ENABLED: bool

__all__ = [
    "GCS_ENABLED",
    "REGISTERED_FACTORIES",
    "S3_ENABLED",
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


def __getattr__(name: str) -> bool:
    """Whether what an object store needs is installed, looked up when it is asked for."""
    packages = {"S3_ENABLED": "s3fs", "GCS_ENABLED": "gcsfs"}
    if name not in packages:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return find_spec(packages[name]) is not None
