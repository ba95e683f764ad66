"""What TensorBoard's EventAccumulator reads, in the form of the reader's columns."""

from __future__ import annotations

import io
import struct
import wave
from pathlib import Path
from typing import Any

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.types_pb2 import DT_BFLOAT16, DT_UINT64
from tensorboard.plugins.hparams import plugin_data_pb2 as hparams_pb2
from tensorboard.plugins.mesh import plugin_data_pb2 as mesh_pb2
from tensorboard.util import tensor_util

from tensorboardX.reader import Columns, Logdir

EVERYTHING = dict.fromkeys(("scalars", "images", "audio", "histograms", "compressedHistograms", "tensors"), 0)
# Each part of a mesh, and what the dashboard serves it as.
PARTS = {1: ("vertices", np.float32), 2: ("faces", np.int32), 3: ("colors", np.uint8)}

Row = dict[str, Any]


def accumulated(directory: Path, purge: bool = False) -> EventAccumulator:
    """All that EventAccumulator reads of one run."""
    return EventAccumulator(str(directory), size_guidance=EVERYTHING, purge_orphaned_data=purge).Reload()


def rows_of(columns: Columns) -> list[Row]:
    """The rows of columns, without the run, in the order of tags and else as they are."""
    names = [name for name in columns if name != "run"]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*(columns[name] for name in names), strict=True)]
    return sorted(rows, key=lambda row: row["tag"])


def assert_same(found: list[Row], wanted: list[Row]) -> None:
    assert [row["tag"] for row in found] == [row["tag"] for row in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_equal(one[name], other[name], err_msg=f"{one['tag']}, {name}")
            if isinstance(other[name], np.ndarray):
                assert (one[name].dtype, one[name].shape) == (other[name].dtype, other[name].shape), name


def assert_reads_alike(logdir: Logdir, run: str, directory: Path) -> dict[str, int]:
    """Compare everything of a run; return how many rows there are of each kind."""
    events = accumulated(directory)
    wanted = {
        "scalars": _scalars(events),
        "histograms": _histograms(events),
        "images": _images(events),
        "audio": _audio(events),
        "texts": _texts(events),
        "pr_curves": _curves(events),
        "meshes": _meshes(events),
        "tensors": _tensors(events),
    }
    for kind, rows in wanted.items():
        columns = getattr(logdir, kind)(run)
        assert columns.kind == kind
        assert columns["run"].tolist() == [run] * len(rows)
        assert_same(rows_of(columns), rows)
    wanted["hparams"] = _hparams(events)
    assert_same(
        [{"tag": name, "value": value} for _, name, value in zip(*logdir.hparams(run).values(), strict=True)],
        wanted["hparams"],
    )
    wanted["graph"] = _graphs(events)
    found = [(row["tag"], row["format"], row["data"]) for row in rows_of(logdir.graph(run))]
    assert found == wanted["graph"]
    return {kind: len(rows) for kind, rows in wanted.items()}


def _plugin(events: EventAccumulator, tag: str) -> str:
    metadata = events.summary_metadata.get(tag)
    return metadata.plugin_data.plugin_name if metadata else ""


def _each_tensor(events: EventAccumulator, *plugins: str) -> list[tuple[Row, np.ndarray]]:
    tags = [tag for tag in sorted(events.Tags()["tensors"]) if _plugin(events, tag) in plugins]
    return [(_at(tag, event), _array(event.tensor_proto)) for tag in tags for event in events.Tensors(tag)]


def _array(tensor: Any) -> np.ndarray:
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    if tensor.dtype == DT_UINT64:  # which TensorBoard cannot decode
        return np.array(tensor.uint64_val, np.uint64).reshape(shape)
    if tensor.dtype == DT_BFLOAT16:  # nor this one without TensorFlow
        bits = tensor.half_val or np.frombuffer(tensor.tensor_content, "<u2")
        return np.array([struct.unpack(">f", struct.pack(">HH", each, 0)) for each in bits], np.float32).reshape(shape)
    return tensor_util.make_ndarray(tensor)


def _at(tag: str, event: Any) -> Row:
    return {"tag": tag, "step": event.step, "wall_time": event.wall_time}


def _each(events: EventAccumulator, kind: str, of_tag: Any) -> list[tuple[Row, Any]]:
    return [(_at(tag, event), event) for tag in sorted(events.Tags()[kind]) for event in of_tag(tag)]


def _sorted(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row["tag"])


def _scalars(events: EventAccumulator) -> list[Row]:
    rows = [{**at, "value": event.value} for at, event in _each(events, "scalars", events.Scalars)]
    rows += [{**at, "value": array.item()} for at, array in _each_tensor(events, "scalars") if array.size == 1]
    return _sorted(rows)


def _histograms(events: EventAccumulator) -> list[Row]:
    rows = []
    for at, event in _each(events, "histograms", events.Histograms):
        value = event.histogram_value
        right, count = np.array(value.bucket_limit), np.array(value.bucket)
        left = np.array([min(value.min, right[0]), *right[:-1]])
        facts = {name: getattr(value, name) for name in ("min", "max", "num", "sum", "sum_squares")}
        rows.append({**at, **facts, "left": left, "right": right, "count": count})
    for at, array in _each_tensor(events, "histograms"):
        left, right, count = array.astype(np.float64).T
        facts = {"min": left[0] if len(left) else np.nan, "max": right[-1] if len(left) else np.nan, "num": count.sum()}
        rows.append({**at, **facts, "sum": np.nan, "sum_squares": np.nan, "left": left, "right": right, "count": count})
    return _sorted(rows)


def _images(events: EventAccumulator) -> list[Row]:
    rows = [
        {**at, "index": 0, "height": event.height, "width": event.width, "data": event.encoded_image_string}
        for at, event in _each(events, "images", events.Images)
    ]
    for at, array in _each_tensor(events, "images"):
        width, height, *pictures = array.tolist()
        rows += [
            {**at, "index": index, "height": int(height), "width": int(width), "data": data}
            for index, data in enumerate(pictures)
        ]
    return _sorted(rows)


def _audio(events: EventAccumulator) -> list[Row]:
    rows = []
    for at, event in _each(events, "audio", events.Audio):
        facts = {name: getattr(event, name) for name in ("sample_rate", "content_type")}
        with wave.open(io.BytesIO(event.encoded_audio_string)) as sound:  # it tells nothing of the channels
            channels = sound.getnchannels()
        data = event.encoded_audio_string
        rows.append({**at, "index": 0, **facts, "channels": channels, "frames": event.length_frames, "data": data})
    for at, array in _each_tensor(events, "audio"):
        for index, data in enumerate(array[:, 0].tolist()):
            with wave.open(io.BytesIO(data)) as sound:
                facts = {"sample_rate": sound.getframerate(), "channels": sound.getnchannels()}
                facts["frames"] = sound.getnframes()
            rows.append({**at, "index": index, **facts, "content_type": "audio/wav", "data": data})
    names = ("tag", "step", "wall_time", "index", "sample_rate", "channels", "frames", "content_type", "data")
    return _sorted([{name: row[name] for name in names} for row in rows])


def _texts(events: EventAccumulator) -> list[Row]:
    rows = []
    for at, array in _each_tensor(events, "text"):
        texts = np.array([text.decode() for text in array.reshape(-1)], object).reshape(array.shape)
        rows.append({**at, "text": texts.item() if texts.size == 1 else texts})
    return rows


def _curves(events: EventAccumulator) -> list[Row]:
    names = ("tp", "fp", "tn", "fn", "precision", "recall")
    rows = _each_tensor(events, "pr_curves")
    return [{**at, **dict(zip(names, array.astype(np.float64), strict=True))} for at, array in rows]


def _meshes(events: EventAccumulator) -> list[Row]:
    meshes: dict[tuple[str, int], Row] = {}
    for at, array in _each_tensor(events, "mesh"):
        content = events.summary_metadata[at["tag"]].plugin_data.content
        described = mesh_pb2.MeshPluginData.FromString(content)
        empty = {"tag": described.name, "vertices": None, "faces": None, "colors": None}
        empty["config"] = described.json_config
        mesh = meshes.setdefault((described.name, at["step"]), {**at, **empty})
        name, dtype = PARTS[described.content_type]
        mesh[name] = array.astype(dtype)
        mesh["wall_time"] = min(mesh["wall_time"], at["wall_time"])  # TensorFlow writes an Event for each part
    return _sorted(list(meshes.values()))


def _tensors(events: EventAccumulator) -> list[Row]:
    known = ("scalars", "histograms", "images", "audio", "text", "pr_curves", "mesh", "hparams")
    known += ("graph_run_metadata", "graph_run_metadata_graph", "graph_keras_model")
    plugins = {_plugin(events, tag) for tag in events.Tags()["tensors"]} - set(known)
    rows = _each_tensor(events, *plugins)
    return [{**at, "plugin": _plugin(events, at["tag"]), "value": array} for at, array in rows]


def _hparams(events: EventAccumulator) -> list[Row]:
    content = events.summary_metadata.get("_hparams_/session_start_info")
    if content is None:
        return []
    data = hparams_pb2.HParamsPluginData.FromString(content.plugin_data.content)
    hparams = data.session_start_info.hparams
    return [
        {"tag": name, "value": getattr(hparams[name], hparams[name].WhichOneof("kind"))} for name in sorted(hparams)
    ]


def _graphs(events: EventAccumulator) -> list[tuple[str, str, bytes]]:
    """EventAccumulator keeps the last one of each kind."""
    rows = [("", "graph_def", events._graph)] if events._graph is not None else []
    rows += [("", "meta_graph_def", events._meta_graph)] if events._meta_graph is not None else []
    rows += [(tag, "run_metadata", data) for tag, data in sorted(events._tagged_metadata.items())]
    plugins = ("graph_run_metadata", "graph_run_metadata_graph")
    rows += [(at["tag"], "run_metadata", array.item()) for at, array in _each_tensor(events, *plugins)]
    return rows
