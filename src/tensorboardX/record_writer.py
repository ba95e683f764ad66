"""Records and the stores they go to, under the original's names."""

from .names import make_valid_tf_name
from .records.framing import masked_crc32c, u32
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

__all__ = [
    "REGISTERED_FACTORIES",
    "GCSRecordWriter",
    "GCSRecordWriterFactory",
    "RecordWriter",
    "S3RecordWriter",
    "S3RecordWriterFactory",
    "directory_check",
    "make_valid_tf_name",
    "masked_crc32c",
    "open_file",
    "register_writer_factory",
    "u32",
]
