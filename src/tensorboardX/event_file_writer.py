"""Event files and the queue before them, under the original's names."""

from .proto import event_pb2
from .records.events import EventsWriter
from .records.writer import RecordWriter
from .storage.factories import directory_check
from .writer.event_file_writer import EventFileWriter

__all__ = ["EventFileWriter", "EventsWriter", "RecordWriter", "directory_check", "event_pb2"]
