"""What a training loop calls.

Tools put an `EventFileWriter` of their own into this module, which every `FileWriter` made after that uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import summary
from ..proto import event_pb2, summary_pb2
from ..proto.event_pb2 import Event, SessionLog
from ..summary import histogram, histogram_raw, image, image_boxes, scalar, text
from ..values.figures import figure_to_image
from .event_file_writer import EventFileWriter
from .file_writer import DummyFileWriter, FileWriter
from .summary_writer import SummaryWriter

if TYPE_CHECKING:
    from ..summary import audio, custom_scalars, hparams, mesh, pr_curve, pr_curve_raw, video

__all__ = [
    "DummyFileWriter",
    "Event",
    "EventFileWriter",
    "FileWriter",
    "SessionLog",
    "SummaryWriter",
    "audio",
    "custom_scalars",
    "event_pb2",
    "figure_to_image",
    "histogram",
    "histogram_raw",
    "hparams",
    "image",
    "image_boxes",
    "mesh",
    "pr_curve",
    "pr_curve_raw",
    "scalar",
    "summary_pb2",
    "text",
    "video",
]


def __getattr__(name: str) -> Any:
    """The functions of `summary` that are imported when they are asked for."""
    if name in __all__:
        return getattr(summary, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
