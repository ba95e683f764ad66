"""The named differences between what the original writes and what ours does, each undone before records are compared.

They are in docs/differences.md. What is left must be equal, byte for byte.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_SCALAR, Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.types_pb2 import DT_INT32, DT_UINT8
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.plugins.mesh.plugin_data_pb2 import MeshPluginData
from tensorboard.plugins.pr_curve.plugin_data_pb2 import PrCurvePluginData

Value = Summary.Value

EXPERIMENT = "_hparams_/experiment"
DEFAULT_THRESHOLDS = 127


def comparable(events: list[Event], ours: bool, walltime: float) -> Iterator[bytes]:
    """Yield the events that hold anything, without what differs by design; `walltime` is the one that calls gave."""
    for event in events:
        if event.HasField("summary"):
            values = [value for value in event.summary.value if not _is_left_out(value, ours)]
            for value in values:
                for undo in EVERYWHERE:
                    undo(value)
                for undo in () if ours else IN_THE_ORIGINAL:
                    undo(value, values)
            time = event.wall_time if event.wall_time == walltime else 0.0
            alike = Event(step=event.step, wall_time=time, summary=Summary(value=values))
            if values:
                yield alike.SerializeToString(deterministic=True)


def _is_left_out(value: Value, ours: bool) -> bool:
    """The format marker before audio, which only ours writes, and the experiment, which ours does not write."""
    marker = value.WhichOneof("value") is None and value.metadata.plugin_data.plugin_name == "audio"
    return marker if ours else value.tag == EXPERIMENT


def safe_directory(run: str) -> str:
    """Return the directory of a run of the original as ours names it: a colon cannot be in one on Windows."""
    return run.replace(":", "_")


# ---- in both


def _picture(value: Value) -> None:
    """Images are decoded: Pillow may be another. Of a video, a GIF of another encoder, only the size is compared."""
    if value.HasField("image"):
        data = value.image.encoded_image_string
        value.image.encoded_image_string = b"GIF" if data.startswith(b"GIF") else _pixels(data)


def _pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as picture:
        return f"{picture.format} {picture.mode} {picture.size}".encode() + picture.tobytes()


def _sums(value: Value) -> None:
    """Sums are computed in another order: the last digits may differ."""
    for name in ("sum", "sum_squares") if value.HasField("histo") else ():
        setattr(value.histo, name, float(f"{getattr(value.histo, name):.9g}"))


def _order_of_hparams(value: Value) -> None:
    """A map is serialized in any order."""
    data = value.metadata.plugin_data
    if data.plugin_name == "hparams":
        data.content = HParamsPluginData.FromString(data.content).SerializeToString(deterministic=True)


# ---- in the original: what ours writes in its place


def _named_scalar(value: Value, _: list[Value]) -> None:
    """Names and descriptions come with the plugin and a data class, without which the data server loses them."""
    if value.HasField("simple_value") and value.HasField("metadata"):
        value.metadata.plugin_data.plugin_name = "scalars"
        value.metadata.data_class = DATA_CLASS_SCALAR
        if not (value.metadata.display_name or value.metadata.summary_description):
            value.ClearField("metadata")


def _thresholds(value: Value, _: list[Value]) -> None:
    """A raw curve without `num_thresholds` tells how many it has, and not the default of 127."""
    data = value.metadata.plugin_data
    if data.plugin_name == "pr_curves":
        content = PrCurvePluginData.FromString(data.content)
        if content.num_thresholds == DEFAULT_THRESHOLDS:
            content.num_thresholds = value.tensor.tensor_shape.dim[1].size
        data.content = content.SerializeToString()


def _mesh(value: Value, values: list[Value]) -> None:
    """Colours are uint8 and faces int32, and each part tells which there are."""
    data = value.metadata.plugin_data
    if data.plugin_name != "mesh":
        return
    content = MeshPluginData.FromString(data.content)
    kinds = {int(other.tag.rpartition("_")[2]) for other in values}
    content.components = sum(1 << kind for kind in kinds)
    data.content = content.SerializeToString()
    dtypes = {MeshPluginData.COLOR: (DT_UINT8, np.uint8), MeshPluginData.FACE: (DT_INT32, "<i4")}
    if content.content_type in dtypes:
        code, dtype = dtypes[content.content_type]
        stored = np.array(value.tensor.float_val).astype(dtype).tobytes()
        value.tensor.CopyFrom(TensorProto(dtype=code, tensor_shape=value.tensor.tensor_shape, tensor_content=stored))


EVERYWHERE: list[Callable[[Value], None]] = [_picture, _sums, _order_of_hparams]
IN_THE_ORIGINAL: list[Callable[[Value, list[Value]], None]] = [_named_scalar, _thresholds, _mesh]


def described(record: bytes | None) -> Any:
    """What a message about a record says."""
    if record is None:
        return "no record"
    event = Event.FromString(record)
    for value in event.summary.value:
        if value.HasField("image"):
            value.image.encoded_image_string = value.image.encoded_image_string[:30]
    return str(event)[:1500]
