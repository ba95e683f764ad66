"""Which kind of data a value is, by its field and by the plugin that its metadata names.

Metadata comes with the first value of a tag at least, and is that of the others, too, in all files of a run.
Format: `SummaryMetadata` in summary.proto, and the plugins of TensorBoard.
"""

from __future__ import annotations

from typing import NamedTuple

from google.protobuf.message import DecodeError

from ..proto.plugin_mesh_pb2 import MeshPluginData
from ..proto.summary_pb2 import Summary, SummaryMetadata
from .tensors import scalar_of

SCALARS, TENSORS, HISTOGRAMS, IMAGES, AUDIO = "scalars", "tensors", "histograms", "images", "audio"
TEXTS, HPARAMS, PR_CURVES, MESHES, GRAPH = "texts", "hparams", "pr_curves", "meshes", "graph"

KINDS = (SCALARS, TENSORS, HISTOGRAMS, IMAGES, AUDIO, TEXTS, HPARAMS, PR_CURVES, MESHES, GRAPH)
"""The kinds of data that event files hold."""

GRAPH_FORMATS = {
    "graph_def": "graph_def",
    "meta_graph_def": "meta_graph_def",
    "tagged_run_metadata": "run_metadata",
    "graphs": "graph_def",
    "graph_tagged_run_metadata": "run_metadata",
    "graph_run_metadata": "run_metadata",
    "graph_run_metadata_graph": "run_metadata",
    "graph_keras_model": "keras_model",
}
"""The format of a graph, or of the statistics of one, by the field of the Event or the plugin of the value."""

SIMPLE_VALUE, TENSOR = "simple_value", "tensor"

_LEGACY = {"image": IMAGES, "histo": HISTOGRAMS, "audio": AUDIO, SIMPLE_VALUE: SCALARS}
_PLUGINS = {
    "histograms": HISTOGRAMS,
    "images": IMAGES,
    "audio": AUDIO,
    "text": TEXTS,
    "hparams": HPARAMS,
    "pr_curves": PR_CURVES,
    "mesh": MESHES,
    **{name: GRAPH for name in GRAPH_FORMATS if name.startswith("graph") and name != "graph_def"},
}


class TagMetadata(NamedTuple):
    """What the metadata of a tag says."""

    plugin: str
    content: bytes


NO_METADATA = TagMetadata("", b"")


class Tags:
    """The metadata of the tags of one run, the first of each tag."""

    def __init__(self) -> None:
        self._known: dict[str, TagMetadata] = {}

    def of(self, tag: str, metadata: SummaryMetadata | None) -> TagMetadata:
        """Return what counts for a value: the metadata that it comes with, or else that of its tag."""
        if metadata is None or not metadata.plugin_data.plugin_name:
            return self._known.get(tag, NO_METADATA)
        return TagMetadata(metadata.plugin_data.plugin_name, metadata.plugin_data.content)

    def note(self, tag: str, metadata: SummaryMetadata | None) -> TagMetadata:
        """Return what counts for a value, and remember it for others of the tag, unless these have some already."""
        found = self.of(tag, metadata)
        if found is not NO_METADATA:
            self._known.setdefault(tag, found)
        return found


def kind_of(field: str | None, plugin: str) -> str | None:
    """Return the kind of a value by the name of its field and by its plugin; None for what no reader knows.

    A tensor of the plugin `scalars` is a tensor here: `scalar_in` tells whether it is a scalar.
    """
    if field == TENSOR:
        return _PLUGINS.get(plugin, TENSORS)
    if field is None:
        return HPARAMS if plugin == HPARAMS else None
    return _LEGACY.get(field)


def scalar_in(value: Summary.Value, field: str | None, plugin: str) -> float | None:
    """Return the number of a value that is a scalar, None for any other."""
    if field == SIMPLE_VALUE:
        return value.simple_value
    return scalar_of(value.tensor) if field == TENSOR and plugin == SCALARS else None


def mesh_name(tag: str, content: bytes) -> str:
    """Return the name of the mesh that the value under a tag is a part of."""
    try:
        return MeshPluginData.FromString(content).name or tag
    except DecodeError:
        return tag
