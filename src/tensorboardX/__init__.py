"""Log what a training loop measures to event files that TensorBoard reads."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Imported from many imports below, NumPy takes a third of its time longer: where frames cross one of the 16 KiB blocks
# of CPython's stack (from 3.11 on), each call maps memory and returns it.
import numpy  # noqa: F401

from . import event_file_writer, proto, record_writer, summary, utils, writer, x2num
from ._version import __build__, __version__
from .errors import TensorBoardXError
from .event_file_writer import EventFileWriter
from .record_writer import RecordWriter
from .writer import FileWriter, SummaryWriter

if TYPE_CHECKING:
    from . import comet_utils, crc32c, embedding, global_writer, onnx_graph, openvino_graph
    from .global_writer import GlobalSummaryWriter

__all__ = [
    "EventFileWriter",
    "FileWriter",
    "GlobalSummaryWriter",
    "RecordWriter",
    "SummaryWriter",
    "TensorBoardXError",
    "__build__",
    "__version__",
    "comet_utils",
    "crc32c",
    "embedding",
    "event_file_writer",
    "global_writer",
    "onnx_graph",
    "openvino_graph",
    "proto",
    "record_writer",
    "summary",
    "utils",
    "writer",
    "x2num",
]


def __getattr__(name: str) -> Any:
    """Import what few programs use when they ask for it, which keeps the import of the package short."""
    if name == "GlobalSummaryWriter":
        return import_module(".global_writer", __name__).GlobalSummaryWriter
    if name in __all__:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
