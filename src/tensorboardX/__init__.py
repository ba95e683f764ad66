"""Log what a training loop measures to event files that TensorBoard reads."""

from . import crc32c, event_file_writer, proto, record_writer, summary, utils, writer, x2num
from ._version import __version__
from .errors import TensorBoardXError
from .event_file_writer import EventFileWriter
from .record_writer import RecordWriter
from .writer import FileWriter, SummaryWriter

__all__ = [
    "EventFileWriter",
    "FileWriter",
    "RecordWriter",
    "SummaryWriter",
    "TensorBoardXError",
    "__version__",
    "crc32c",
    "event_file_writer",
    "proto",
    "record_writer",
    "summary",
    "utils",
    "writer",
    "x2num",
]
