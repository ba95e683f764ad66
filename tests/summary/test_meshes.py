"""Meshes, judged by TensorBoard."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest
import torch
from support import served

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.plugin_mesh_pb2 import MeshPluginData
from tensorboardX.proto.types_pb2 import DT_FLOAT, DT_INT32, DT_UINT8
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary.meshes import mesh, prepare_mesh

RANDOM = np.random.default_rng(13)
VERTICES = RANDOM.normal(size=(2, 7, 3)).astype(np.float32)
COLORS = RANDOM.integers(0, 256, (2, 7, 3), dtype=np.uint8)
FACES = RANDOM.integers(0, 7, (2, 5, 3))
CONFIG = {"lights": [{"cls": "AmbientLight", "color": "#ffffff"}], "camera": {"fov": 75}}


def write_run(logdir, *summaries):
    writer = RecordWriter(str(logdir / "events.out.tfevents.1.test"))
    writer.write(Event(file_version="brain.Event:2").SerializeToString())
    for step, summary in enumerate(summaries):
        writer.write(Event(step=step, wall_time=1.0, summary=summary).SerializeToString())
    writer.close()


def contents(summary):
    return [MeshPluginData.FromString(value.metadata.plugin_data.content) for value in summary.value]


def stored_colors(colors):
    colors = np.asarray(colors).reshape(1, -1, 3)
    [_, value] = mesh("colors", np.zeros(colors.shape), colors).value
    return np.frombuffer(value.tensor.tensor_content, np.uint8).tolist()


def test_each_part_is_a_tensor_with_a_tag_of_its_own():
    summary = mesh("a mesh", VERTICES, COLORS, FACES, CONFIG)
    assert [value.tag for value in summary.value] == ["a mesh_1", "a mesh_2", "a mesh_3"]
    assert [value.tensor.dtype for value in summary.value] == [DT_FLOAT, DT_INT32, DT_UINT8]
    assert {value.metadata.plugin_data.plugin_name for value in summary.value} == {"mesh"}
    parts = contents(summary)
    assert [part.content_type for part in parts] == [1, 2, 3]
    assert [list(part.shape) for part in parts] == [[2, 7, 3], [2, 5, 3], [2, 7, 3]]
    assert {(part.name, part.components, part.version) for part in parts} == {("a mesh", 2 + 4 + 8, 0)}
    assert [json.loads(part.json_config) for part in parts] == [CONFIG] * 3


@pytest.mark.parametrize(
    ("colors", "faces", "components"), [(None, None, 2), (COLORS, None, 2 + 8), (None, FACES, 2 + 4)]
)
def test_components_tell_which_parts_there_are(colors, faces, components):
    parts = contents(mesh("parts", VERTICES, colors, faces))
    assert sum(1 << part.content_type for part in parts) == components
    assert {part.components for part in parts} == {components}
    assert {part.json_config for part in parts} == {"null"}


def test_colors_of_any_dtype_become_bytes(caplog):
    for dtype in (np.uint8, np.int64, np.float32, np.float16):
        assert stored_colors(np.array([0, 1, 255], dtype)) == [0, 1, 255]
    assert stored_colors([0.0, 127.9, 255.0]) == [0, 127, 255]
    assert not caplog.records
    with caplog.at_level(logging.WARNING, "tensorboardX"):
        assert stored_colors([-1, 256, 1000]) == [0, 255, 255]
        assert stored_colors([np.nan, np.inf, -np.inf]) == [0, 255, 0]
    assert len(caplog.records) == 1
    with caplog.at_level(logging.WARNING, "tensorboardX"):
        stored_colors([0.1, 0.5, 1.0])
    assert "black" in caplog.records[1].getMessage()


@pytest.mark.parametrize(
    ("vertices", "colors", "faces"),
    [
        (VERTICES[0], None, None),
        (VERTICES[:, :, :2], None, None),
        (VERTICES[:, :0], None, None),
        (VERTICES.astype(complex), None, None),
        (None, None, None),
        (VERTICES, COLORS[:, :6], None),
        (VERTICES, COLORS[:1], None),
        (VERTICES, COLORS[0], None),
        (VERTICES, None, FACES[0]),
        (VERTICES, None, FACES[:1]),
        (VERTICES, None, FACES[:, :, :2]),
        (VERTICES, None, np.full((2, 1, 3), 7)),
        (VERTICES, None, np.full((2, 1, 3), -1)),
        (VERTICES, None, np.full((2, 1, 3), 0.5)),
        (VERTICES, None, np.full((2, 1, 3), np.nan)),
    ],
)
def test_what_is_no_mesh_is_refused_by_name(vertices, colors, faces):
    with pytest.raises((TypeError, ValueError), match="'my/tag'"):
        prepare_mesh("my/tag", vertices, colors, faces)


@pytest.mark.parametrize("config", [{"fov": float("nan")}, {"camera": object()}, {1: 2, "1": 3}])
def test_a_config_that_json_cannot_hold_is_refused_by_name(config):
    with pytest.raises(TypeError, match=r"'my/tag'.*config_dict"):
        prepare_mesh("my/tag", VERTICES, config_dict=config)


def test_the_arrays_may_be_changed_before_they_are_encoded():
    vertices, colors, faces, config = VERTICES.copy(), COLORS.copy(), FACES.copy(), {"camera": {"fov": 1}}
    before = mesh("mine", VERTICES, COLORS, FACES, {"camera": {"fov": 1}})
    encode = prepare_mesh("mine", vertices, colors, faces, config)
    vertices[:], colors[:], faces[:] = 0, 0, 0
    config["camera"]["fov"] = 2
    assert encode() == before


def test_tensorboard_serves_each_part(tensorboard, tmp_path):
    vertices = VERTICES.astype(np.float64)
    vertices[1, 0, 0] = np.nan
    first = mesh("body: 1", torch.from_numpy(vertices), COLORS.astype(np.float32), FACES.astype(np.float32), CONFIG)
    second = mesh("body: 1", VERTICES * 2, COLORS[:, ::-1], FACES[:, :2])
    write_run(tmp_path, first, second)
    samples = served.meshes(tensorboard(tmp_path))["."]["body: 1"]
    for sample in range(2):
        part = samples[sample][0]
        assert part["config"] == CONFIG
        np.testing.assert_array_equal(part["vertices"], vertices[sample].astype(np.float32))
        np.testing.assert_array_equal(part["colors"], COLORS[sample])
        np.testing.assert_array_equal(part["faces"], FACES[sample])
        part = samples[sample][1]
        np.testing.assert_array_equal(part["vertices"], VERTICES[sample] * 2)
        np.testing.assert_array_equal(part["colors"], COLORS[sample, ::-1])
        np.testing.assert_array_equal(part["faces"], FACES[sample, :2])


def test_tensorboard_serves_a_cloud_of_many_points(tensorboard, tmp_path):
    points = RANDOM.normal(size=(1, 300_000, 3)).astype(np.float32)
    colors = RANDOM.integers(0, 256, points.shape, dtype=np.uint8)
    write_run(tmp_path, mesh("cloud", points, colors))
    part = served.meshes(tensorboard(tmp_path))["."]["cloud"][0][0]
    np.testing.assert_array_equal(part["vertices"], points[0])
    np.testing.assert_array_equal(part["colors"], colors[0])
