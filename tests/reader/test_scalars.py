"""Scalars decoded many at once are those that protobuf reads one by one."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from event_files import scalar, scalars_of, version, write_records
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tensorboardX import SummaryWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboardX.proto.tensor_pb2 import TensorProto
from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboardX.proto.types_pb2 import DT_DOUBLE, DT_FLOAT, DT_INT32
from tensorboardX.reader import layouts, open_logdir, scalars, walk
from tensorboardX.records.framing import frame
from tensorboardX.records.reader import read_records

NAN, INFINITY = math.nan, math.inf


def metadata(plugin: str, **fields: object) -> SummaryMetadata:
    return SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=plugin), **fields)


def expected(path) -> list[tuple[str, int, float, float]]:
    return scalars_of(read_records(path))


def found_in(directory, **filters) -> list[tuple[str, int, float, float]]:
    columns = open_logdir(directory).scalars(**filters)
    assert not columns.damage
    names = ("tag", "step", "wall_time", "value")
    return list(zip(*(columns[name].tolist() for name in names), strict=True))


def assert_equal(found, wanted) -> None:
    assert len(found) == len(wanted)
    np.testing.assert_equal(found, wanted)  # in which NaN equals NaN


def assert_read(tmp_path, *events) -> None:
    path = write_records(tmp_path / "events.out.tfevents.1", *events)
    assert_equal(found_in(tmp_path), expected(path))


# ---- all that an Event of scalars may be

TAGS = st.sampled_from(["a", "b", "ab", "loss", "train/loss", "", "é", "x" * 200, "with\0null"])
STEPS = st.one_of(st.sampled_from([0, 1, 127, 128, 300, 2**31, 2**62, -1, -(2**63), 2**63 - 1]), st.integers(0, 2**20))
WALL_TIMES = st.sampled_from([0.0, 1.5, 1.7e9, -1.0, NAN, INFINITY])
FLOATS = st.one_of(st.floats(width=32), st.sampled_from([0.0, -0.0, 1.0, NAN, INFINITY]))


@st.composite
def tensors(draw):
    dtype = draw(st.sampled_from([DT_FLOAT, DT_DOUBLE, DT_INT32]))
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)] * draw(st.integers(0, 2)))
    tensor = TensorProto(dtype=dtype, tensor_shape=shape)
    if dtype == DT_INT32:
        tensor.int_val.append(draw(st.integers(-5, 5)))
    elif draw(st.booleans()):
        getattr(tensor, "float_val" if dtype == DT_FLOAT else "double_val").append(draw(FLOATS))
    else:
        tensor.tensor_content = np.array(draw(FLOATS), "<f4" if dtype == DT_FLOAT else "<f8").tobytes()
    return tensor


@st.composite
def values(draw):
    value = Summary.Value(tag=draw(TAGS))
    kind = draw(st.sampled_from(["simple", "simple", "simple", "tensor", "text", "image", "none"]))
    if kind == "simple":
        value.simple_value = draw(FLOATS)
    elif kind == "tensor":
        value.tensor.CopyFrom(draw(tensors()))
        plugin = draw(st.sampled_from(["scalars", "scalars", "other", None]))
        if plugin:
            value.metadata.CopyFrom(metadata(plugin, display_name=draw(st.sampled_from(["", "name"]))))
    elif kind == "text":
        value.tensor.CopyFrom(TensorProto(string_val=[b"text"]))
        value.metadata.CopyFrom(metadata("text"))
    elif kind == "image":
        value.image.encoded_image_string = b"pixels" * draw(st.sampled_from([1, 5000]))
    return value


@st.composite
def events(draw):
    event = Event(wall_time=draw(WALL_TIMES), step=draw(STEPS))
    kind = draw(st.sampled_from(["summary"] * 6 + ["version", "graph", "nothing"]))
    if kind == "summary":
        event.summary.value.extend(draw(st.lists(values(), max_size=4)))
    elif kind == "version":
        event.file_version = "brain.Event:2"
    elif kind == "graph":
        event.graph_def = b"graph" * draw(st.sampled_from([1, 5000]))
    return event.SerializeToString()


def _of_two_plugins() -> bytes:
    """An Event with a tensor of a scalar and one of another plugin, both under one tag."""
    tensor = TensorProto(dtype=DT_FLOAT, tensor_shape=TensorShapeProto(), tensor_content=bytes(4))
    values = [Summary.Value(tag="a", tensor=tensor, metadata=metadata(plugin)) for plugin in ("scalars", "other")]
    return Event(summary=Summary(value=values)).SerializeToString()


@settings(deadline=None, max_examples=300)
@example([(_of_two_plugins(), 2)], True)
@given(st.lists(st.tuples(events(), st.integers(1, 12)), max_size=12), st.booleans())
def test_scalars_are_those_that_protobuf_reads(tmp_path_factory, records, few):
    directory = tmp_path_factory.mktemp("run")
    repeated = [record for record, count in records for _ in range(count)]
    path = write_records(directory / "events.out.tfevents.1", *repeated)
    with pytest.MonkeyPatch.context() as patch:
        if few:  # arrays also where there is one Event of a length
            patch.setattr(scalars, "_FEW", 1)
        patch.setattr(walk, "_STRETCH_BYTES", 2000)
        assert_equal(found_in(directory), expected(path))


# ---- one by one


def test_every_length_of_a_step(tmp_path):
    steps = [0, 1, *(2**power + offset for power in range(7, 63, 7) for offset in (-1, 0, 1)), 2**63 - 1, -1, -(2**63)]
    assert_read(tmp_path, version(), *[scalar("loss", step, step % 7) for step in steps for _ in range(20)])


def test_many_tags_of_one_length(tmp_path):
    assert_read(tmp_path, *[scalar(f"tag{index:03}", step, step) for step in range(3) for index in range(999)])


def test_values_that_are_no_numbers(tmp_path):
    assert_read(
        tmp_path, *[scalar("a", step, value) for step, value in enumerate([NAN, INFINITY, -INFINITY, -0.0] * 9)]
    )


@pytest.mark.parametrize("count", [2, 10, 300, 3000])
def test_many_scalars_of_one_event(tmp_path, count):
    with SummaryWriter(str(tmp_path)) as writer:
        for step in range(20):
            writer.add_scalars_at_step({f"tag{index}": step + index / 7 for index in range(count)}, step)
    [path] = tmp_path.iterdir()
    wanted = expected(path)
    assert len(wanted) == 20 * count
    assert_equal(found_in(tmp_path), wanted)


def test_events_that_each_have_other_tags(tmp_path):
    rng = np.random.default_rng(1)
    with SummaryWriter(str(tmp_path)) as writer:
        for step in range(200):
            tags = rng.choice(50, int(rng.integers(1, 30)), replace=False)
            writer.add_scalars_at_step({f"tag{tag}": float(tag) for tag in tags}, step)
    [path] = tmp_path.iterdir()
    assert_equal(found_in(tmp_path), expected(path))


@pytest.mark.parametrize(
    "options",
    [{}, {"new_style": True}, {"double_precision": True}, {"display_name": "name", "summary_description": "words"}],
)
def test_every_way_to_log_a_scalar(tmp_path, options):
    with SummaryWriter(str(tmp_path)) as writer:
        for step in range(100):
            writer.add_scalar("loss", step / 3, step, **options)
            writer.add_scalar("other", step / 7, step)
    [path] = tmp_path.iterdir()
    wanted = expected(path)
    assert_equal(found_in(tmp_path), wanted)
    kind = float if options.get("double_precision") else np.float32
    assert [value for tag, _, _, value in wanted if tag == "loss"] == [float(kind(step / 3)) for step in range(100)]


def test_metadata_that_comes_with_the_first_value_only(tmp_path):
    def tensor(step: int, first: bool) -> Event:
        value = Summary.Value(tag="loss", tensor=TensorProto(dtype=DT_FLOAT, float_val=[step]))
        value.tensor.tensor_shape.SetInParent()
        if first:
            value.metadata.CopyFrom(metadata("scalars"))
        return Event(wall_time=1.0, step=step, summary=Summary(value=[value]))

    write_records(tmp_path / "1.tfevents", *[tensor(step, step == 0) for step in range(100)])
    write_records(tmp_path / "2.tfevents", *[tensor(step, False) for step in range(100, 200)])
    columns = open_logdir(tmp_path).scalars()
    assert columns["value"].tolist() == list(range(200))
    assert not open_logdir(tmp_path).tensors().rows


def test_tensors_without_metadata_are_no_scalars(tmp_path):
    value = Summary.Value(tag="t", tensor=TensorProto(dtype=DT_FLOAT, float_val=[1.0], tensor_shape={}))
    write_records(tmp_path / "1.tfevents", *[Event(step=1, summary=Summary(value=[value]))] * 20)
    assert not open_logdir(tmp_path).scalars().rows
    assert open_logdir(tmp_path).tensors()["value"].tolist() == [1.0] * 20


@pytest.mark.parametrize("tag", [b"\xff\xfe", b"\xc3("])
def test_a_tag_that_is_no_text_makes_a_record_no_event(tmp_path, tag):
    good = scalar("ok", 1, 2.0).SerializeToString()
    bad = good.replace(b"ok", tag)
    write_records(tmp_path / "1.tfevents", *[bad] * 20, *[good] * 20)
    columns = open_logdir(tmp_path).scalars()
    assert columns["tag"].tolist() == ["ok"] * 20
    [damage] = columns.damage
    assert (damage.start, damage.end, damage.reason) == (0, 20 * len(frame(bad)), "a record that is no Event")


def test_fields_in_an_unusual_order(tmp_path):
    value = Summary.Value(tag="loss", simple_value=2.5)
    late_step = Event(wall_time=1.0, summary=Summary(value=[value])).SerializeToString() + b"\x10\x05"
    twice = Event(step=7, summary=Summary(value=[value])).SerializeToString() * 2
    later_version = Event(step=8, summary=Summary(value=[value])).SerializeToString() + b"\x52\x03\x0a\x01x\xa2\x06\x00"
    wide_key = b"\x90\x00\x05" + Event(summary=Summary(value=[value])).SerializeToString()
    for record in (late_step, twice, later_version, wide_key):
        assert_read(tmp_path, *[record] * 20)


def test_memory_is_bounded_by_the_columns(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        for tag in range(10):
            writer.add_scalar_series(f"tag{tag}", np.arange(40_000) / 7)
    open_logdir(tmp_path).scalars(tags="tag0")
    tracemalloc.start()
    try:
        columns = open_logdir(tmp_path).scalars()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert columns.rows == 400_000
    assert peak < 3 * sum(column.nbytes for column in columns.values())


def test_columns(tmp_path):
    write_records(tmp_path / "train" / "1.tfevents", scalar("loss", 3, 0.5, 12.25))
    columns = open_logdir(tmp_path).scalars()
    assert {name: (column.dtype.str, column.tolist()) for name, column in columns.items()} == {
        "run": ("|O", ["train"]),
        "tag": ("|O", ["loss"]),
        "step": ("<i8", [3]),
        "wall_time": ("<f8", [12.25]),
        "value": ("<f8", [0.5]),
    }
    assert (columns.kind, columns.rows, columns.damage) == ("scalars", 1, ())
    empty = open_logdir(tmp_path).scalars(tags="none")
    assert {name: column.dtype for name, column in empty.items()} == {n: c.dtype for n, c in columns.items()}
    assert empty.rows == 0


def test_layouts_are_reused_and_bounded(tmp_path, monkeypatch):
    calls = []
    original = layouts.layout_of
    monkeypatch.setattr(scalars, "layout_of", lambda example: calls.append(example) or original(example))
    monkeypatch.setattr(walk, "_STRETCH_BYTES", 10_000)
    monkeypatch.setattr(walk, "_MOST_READ", 70_000)
    assert_read(tmp_path, *[scalar("loss", 1000 + step, step) for step in range(10_000)])
    assert len(calls) == 1
