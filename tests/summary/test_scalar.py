"""Scalars: the message, and the encoder that does without building it."""

from __future__ import annotations

import math
import struct
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tensorboard.compat.proto import event_pb2 as stock_event
from tensorboard.compat.proto import summary_pb2 as stock_summary

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.summary.scalar import ScalarEventEncoder, scalar, varint

TAGS = st.text(alphabet=st.characters(exclude_categories=[]), max_size=300)
STEPS = st.none() | st.integers(-(2**63), 2**63 - 1)
FLOAT32_MAX = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]


def _events_equal_bytes(encoder: ScalarEventEncoder, tag: str, value: float, step: int | None, walltime: float) -> None:
    event = Event(wall_time=walltime, summary=scalar(tag, value))
    if step is not None:
        event.step = step
    assert encoder.encode([(tag, value, step, walltime)]) == [event.SerializeToString(deterministic=True)]


@given(tag=TAGS, value=st.floats(), step=STEPS, walltime=st.floats())
@example("loss", math.nan, 0, 1e9)
@example("loss", -math.nan, 0, 1e9)
@example("loss", math.inf, 1, 1e9)
@example("loss", -math.inf, -1, 1e9)
@example("loss", 0.0, None, 0.0)
@example("loss", -0.0, 2**63 - 1, -0.0)
@example("loss", 5e-324, -(2**63), 5e-324)
@example("loss", 1e-45, 127, 1.5)
@example("loss", FLOAT32_MAX, 128, 1.5)
@example("loss", math.nextafter(FLOAT32_MAX, math.inf), 16383, 1.5)
@example("loss", 3.4028235677973366e38, 16384, 1.5)
@example("loss", -3.4028235677973366e38, 16384, 1.5)
@example("loss", 1e308, 1, 1.5)
@example("loss", -1e308, 1, 1.5)
@example("", 1.0, 1, 1.5)
@example("///", 1.0, 1, 1.5)
@example("x" * 127, 1.0, 1, 1.5)
@example("é" * 20_000, 1.0, 1, 1.5)
def test_encoded_events_are_the_bytes_of_protobuf(tag, value, step, walltime):
    encoder = ScalarEventEncoder()
    for _ in range(2):  # the second time from what the first one kept
        _events_equal_bytes(encoder, tag, value, step, walltime)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "a b", "a:b"]), st.floats(width=32), STEPS), max_size=20))
def test_one_encoder_serves_many_tags(events):
    encoder = ScalarEventEncoder()
    for tag, value, step in events:
        _events_equal_bytes(encoder, tag, value, step, 1.5)


def test_an_encoder_of_many_tags_evicts_some_and_stays_correct(monkeypatch):
    monkeypatch.setattr(sys.modules[ScalarEventEncoder.__module__], "MOST_TAGS", 10)
    encoder = ScalarEventEncoder()
    for number in range(100):
        _events_equal_bytes(encoder, f"tag{number % 37}", 0.5, number, 1.5)
        assert len(encoder._packers) <= 10


def test_stock_tensorboard_reads_an_encoded_event():
    (data,) = ScalarEventEncoder().encode([("train loss", 0.5, -7, 12.25)])
    event = stock_event.Event.FromString(data)
    [value] = event.summary.value
    assert (event.wall_time, event.step, value.tag, value.simple_value) == (12.25, -7, "train_loss", 0.5)


@given(st.integers(-(2**63), 2**63 - 1))
def test_varints_are_those_of_protobuf(number):
    assert Event(step=number).SerializeToString() == (b"\x10" + varint(number) if number else b"")


@pytest.mark.parametrize("value", [0.1, np.float64(0.1), np.array([[0.1]]), [0.1]], ids=repr)
def test_a_scalar_is_a_float32_under_the_cleaned_tag(value):
    [stored] = scalar("a b/c", value).value
    assert stored.tag == "a_b/c"
    assert stored.simple_value == np.float32(0.1)
    assert stored.WhichOneof("value") == "simple_value"
    assert not stored.HasField("metadata")


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e39, -1e39])
def test_infinity_is_data_and_so_is_what_float32_cannot_hold(value):
    [stored] = scalar("a", value).value
    assert stored.simple_value == math.copysign(math.inf, value)
    assert math.isnan(scalar("a", math.nan).value[0].simple_value)


@pytest.mark.parametrize(("name", "description"), [("Loss", ""), ("", "of *training*"), ("Loss", "of *training*")])
def test_name_and_description_come_with_what_the_data_server_needs_to_keep_them(name, description):
    summary = scalar("a", 1.0, name, description)
    [value] = stock_summary.Summary.FromString(summary.SerializeToString()).value
    assert value.metadata.display_name == name
    assert value.metadata.summary_description == description
    assert value.metadata.plugin_data.plugin_name == "scalars"
    assert value.metadata.data_class == stock_summary.DATA_CLASS_SCALAR
