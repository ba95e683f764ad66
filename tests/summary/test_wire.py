"""Bytes that are written without a message, beside those that protobuf writes of one."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import HistogramProto, Summary
from tensorboardX.summary.wire import double, event, field, integer, packed, serialized, summary

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300)
NUMBERS = st.floats() | st.just(-0.0)


@given(TEXTS, st.none() | st.integers(-(2**63), 2**63 - 1), NUMBERS)
def test_an_event(tag, step, walltime):
    message = Summary(value=[Summary.Value(tag=tag, simple_value=2.0)])
    expected = Event(summary=message, step=step, wall_time=walltime).SerializeToString()
    assert event(message.SerializeToString(), step, walltime) == expected


@given(TEXTS, NUMBERS, st.lists(NUMBERS, min_size=1, max_size=40))
def test_a_summary_of_one_value(tag, number, numbers):
    histo = HistogramProto(sum=number, bucket=numbers)
    fields = double(4, number) + packed(7, struct.pack(f"<{len(numbers)}d", *numbers))
    assert fields == histo.SerializeToString()
    expected = Summary(value=[Summary.Value(tag=tag, histo=histo)])
    assert summary(tag, *field(5, fields)) == expected.SerializeToString() == serialized(expected)
    assert summary(tag, *field(5, memoryview(fields))) == summary(tag, packed(5, fields))


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1), st.binary())
def test_an_image(height, width, data):
    expected = Summary.Image(height=height, width=width, encoded_image_string=data).SerializeToString()
    assert integer(1, height) + integer(2, width) + (b"".join(field(4, data)) if data else b"") == expected


def test_a_summary_may_be_its_bytes():
    assert serialized(b"bytes") == b"bytes"
