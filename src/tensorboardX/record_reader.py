"""Reading records back."""

from .records.reader import RecordReader, read_records

__all__ = ["RecordReader", "read_records"]
