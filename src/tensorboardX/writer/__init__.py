"""What a training loop calls.

Tools put an `EventFileWriter` of their own into this module, which every `FileWriter` made after that uses.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .. import summary
from ..notices import logger
from ..proto import event_pb2, summary_pb2
from ..proto.event_pb2 import Event, SessionLog
from ..summary import histogram, histogram_raw, image, image_boxes, scalar, text
from ..values.figures import figure_to_image
from .event_file_writer import EventFileWriter
from .file_writer import DummyFileWriter, FileWriter
from .summary_writer import SummaryWriter

if TYPE_CHECKING:
    from ..comet.logger import CometLogger
    from ..graph.onnx import load_onnx_graph
    from ..graph.openvino import load_openvino_graph
    from ..projector.embedding import append_pbtxt, make_mat, make_sprite, make_tsv
    from ..summary import audio, custom_scalars, hparams, mesh, pr_curve, pr_curve_raw, video

__all__ = [
    "CometLogger",
    "DummyFileWriter",
    "Event",
    "EventFileWriter",
    "FileWriter",
    "SessionLog",
    "SummaryWriter",
    "append_pbtxt",
    "audio",
    "custom_scalars",
    "event_pb2",
    "figure_to_image",
    "histogram",
    "histogram_raw",
    "hparams",
    "image",
    "image_boxes",
    "load_onnx_graph",
    "load_openvino_graph",
    "logger",
    "make_mat",
    "make_sprite",
    "make_tsv",
    "mesh",
    "pr_curve",
    "pr_curve_raw",
    "scalar",
    "summary_pb2",
    "text",
    "video",
]


_MODULES = {
    "CometLogger": "..comet.logger",
    "append_pbtxt": "..projector.embedding",
    "load_onnx_graph": "..graph.onnx",
    "load_openvino_graph": "..graph.openvino",
    "make_mat": "..projector.embedding",
    "make_sprite": "..projector.embedding",
    "make_tsv": "..projector.embedding",
}


def __getattr__(name: str) -> Any:
    """What few programs use is imported when it is asked for."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name], __name__), name)
    if name in __all__:
        return getattr(summary, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
