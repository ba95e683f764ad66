"""The metadata of a value: which dashboard shows it, and under what name.

Format: `SummaryMetadata` in tensorflow/core/framework/summary.proto.
"""

from __future__ import annotations

from typing import Any

from ..errors import type_error
from ..proto.summary_pb2 import DATA_CLASS_SCALAR, SummaryMetadata
from .size import check_texts
from .tags import check_tag


def plugin_metadata(plugin_name: str, content: bytes = b"") -> SummaryMetadata:
    """The metadata of a tensor that the dashboard `plugin_name` shows."""
    return SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=plugin_name, content=content))


def checked_labels(tag: str, display_name: Any, summary_description: Any) -> tuple[str, str]:
    """Return both, None as an empty string.

    Raises TypeError that names the tag unless they are strings, ValueError for 2 GiB of them.
    """
    labels = {"display_name": display_name, "summary_description": summary_description}
    for name, label in labels.items():
        if label is not None and not isinstance(label, str):
            raise type_error(tag, label, f"a {name} that is a string")
    check_texts(tag, [label for label in labels.values() if label])
    return display_name or "", summary_description or ""


def scalar_metadata(display_name: str, summary_description: str) -> SummaryMetadata:
    """The metadata of a `simple_value` with a name and a description of its own.

    TensorBoard's data server throws it away unless plugin and data class are set.
    """
    metadata = plugin_metadata("scalars")
    metadata.display_name = check_tag(display_name)
    metadata.summary_description = check_tag(summary_description)
    metadata.data_class = DATA_CLASS_SCALAR
    return metadata
