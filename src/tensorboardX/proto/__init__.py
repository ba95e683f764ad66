"""Generated protocol buffer modules; the sources are in proto/ at the top of the repository.

Those that few programs use are imported when they are asked for.
"""

from importlib import import_module
from typing import Any

from . import event_pb2, summary_pb2

__all__ = [
    "api_pb2",
    "attr_value_pb2",
    "event_pb2",
    "graph_pb2",
    "layout_pb2",
    "node_def_pb2",
    "plugin_hparams_pb2",
    "plugin_mesh_pb2",
    "plugin_pr_curve_pb2",
    "plugin_text_pb2",
    "resource_handle_pb2",
    "step_stats_pb2",
    "summary_pb2",
    "tensor_pb2",
    "tensor_shape_pb2",
    "types_pb2",
    "versions_pb2",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
