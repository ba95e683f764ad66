"""Event files and the queue before them, under the original's name: the module of `EventFileWriter`.

It is the same module under two names, so that what a tool replaces here is replaced for the class.
"""

import sys

from .writer import event_file_writer
from .writer.event_file_writer import EventFileWriter, EventsWriter, RecordWriter, directory_check, event_pb2

__all__ = ["EventFileWriter", "EventsWriter", "RecordWriter", "directory_check", "event_pb2"]

sys.modules[__name__] = event_file_writer
