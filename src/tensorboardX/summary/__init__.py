"""Encoders: a tag and values in, a Summary out, the same for the same values.

They read and write no files. What they keep between calls is caches, and which warnings were given: each comes once.
Those that few programs use are imported when they are asked for, which keeps `import tensorboardX` short.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..notices import logger
from ..proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from ..proto.tensor_pb2 import TensorProto
from ..proto.tensor_shape_pb2 import TensorShapeProto
from ..values.arrays import make_np
from .histogram import histogram, histogram_raw, make_histogram
from .image import draw_boxes, image, image_boxes, make_image
from .layout import convert_to_HWC, convert_to_NTCHW
from .scalar import scalar
from .tags import clean_tag as _clean_tag
from .text import text

if TYPE_CHECKING:
    from ..proto import layout_pb2
    from ..proto.plugin_mesh_pb2 import MeshPluginData
    from ..proto.plugin_pr_curve_pb2 import PrCurvePluginData
    from ..proto.plugin_text_pb2 import TextPluginData
    from .chart_layout import custom_scalars
    from .gif import _prepare_video, make_video, video
    from .hyperparameters import hparams
    from .meshes import mesh
    from .pr_curves import compute_curve, pr_curve, pr_curve_raw
    from .wav import audio

__all__ = [
    "HistogramProto",
    "MeshPluginData",
    "PrCurvePluginData",
    "Summary",
    "SummaryMetadata",
    "TensorProto",
    "TensorShapeProto",
    "TextPluginData",
    "_clean_tag",
    "_prepare_video",
    "audio",
    "compute_curve",
    "convert_to_HWC",
    "convert_to_NTCHW",
    "custom_scalars",
    "draw_boxes",
    "histogram",
    "histogram_raw",
    "hparams",
    "image",
    "image_boxes",
    "layout_pb2",
    "logger",
    "make_histogram",
    "make_image",
    "make_np",
    "make_video",
    "mesh",
    "pr_curve",
    "pr_curve_raw",
    "scalar",
    "text",
    "video",
]

_MODULES = {
    "MeshPluginData": "..proto.plugin_mesh_pb2",
    "PrCurvePluginData": "..proto.plugin_pr_curve_pb2",
    "TextPluginData": "..proto.plugin_text_pb2",
    "_prepare_video": ".gif",
    "audio": ".wav",
    "compute_curve": ".pr_curves",
    "custom_scalars": ".chart_layout",
    "hparams": ".hyperparameters",
    "layout_pb2": "..proto",
    "make_video": ".gif",
    "mesh": ".meshes",
    "pr_curve": ".pr_curves",
    "pr_curve_raw": ".pr_curves",
    "video": ".gif",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # A module may not have the name of a function that is asked for here: importing it would take the name.
    return getattr(import_module(_MODULES[name], __name__), name)
