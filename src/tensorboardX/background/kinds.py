"""The kind of data in an entry of a queue, for the counts of dropped events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import repeat

from ..proto.event_pb2 import Event
from .entries import Barrier, Entry, Pending, PendingFiles, PendingSummary

_OF_VALUES = {"simple_value": "scalar", "histo": "histogram", "image": "image", "audio": "audio"}
_OF_PLUGINS = {"scalars": "scalar", "histograms": "histogram", "images": "image", "pr_curves": "pr_curve"}
_OF_ENCODERS = {
    "chart_layout": "custom_scalars",
    "gif": "video",
    "hyperparameters": "hparams",
    "meshes": "mesh",
    "pr_curves": "pr_curve",
    "wav": "audio",
}


def kinds_of(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the kind of each event that entries become: "scalar", "image" and so on."""
    for entry in entries:
        if not isinstance(entry, Barrier):
            yield from repeat(_kind_of(entry), entry.count if isinstance(entry, Pending) else 1)


def _kind_of(entry: Entry) -> str:
    if isinstance(entry, bytes):
        return _kind_of_event(entry)
    if isinstance(entry, PendingFiles):
        return "embedding"
    if isinstance(entry, PendingSummary) and not entry.is_scalars:
        return _kind_of_encoder(entry)
    return "scalar"


def _kind_of_encoder(value: PendingSummary) -> str:
    """Encoders are named after what they encode, or after its format."""
    encode = value.encode.func if isinstance(value.encode, partial) else value.encode
    module: str = encode.__module__.rpartition(".")[2]
    return _OF_ENCODERS.get(module, module)


def _kind_of_event(data: bytes) -> str:
    event = Event.FromString(data)
    what = event.WhichOneof("what") or "event"
    if what != "summary" or not event.summary.value:
        return "graph" if what == "graph_def" else "event"
    value = event.summary.value[0]
    plugin: str = value.metadata.plugin_data.plugin_name
    field = value.WhichOneof("value") or ""
    if field == "image" and value.image.encoded_image_string.startswith(b"GIF"):
        return "video"
    return _OF_VALUES.get(field) or _OF_PLUGINS.get(plugin) or plugin or field or "event"
