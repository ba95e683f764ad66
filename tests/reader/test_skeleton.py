"""Where the parts of an Event are: what protobuf finds there, or no answer."""

from __future__ import annotations

import contextlib

from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboardX.reader.skeleton import Unusual, Window, event_span

BYTES = st.binary(max_size=300)
TEXT = st.text(max_size=20)
METADATA = st.builds(
    SummaryMetadata,
    plugin_data=st.builds(SummaryMetadata.PluginData, plugin_name=TEXT, content=BYTES),
    display_name=TEXT,
    data_class=st.integers(0, 3),
)
CONTENT = st.one_of(
    st.fixed_dictionaries({"simple_value": st.floats(width=32)}),
    st.fixed_dictionaries({"image": st.builds(Summary.Image, height=st.integers(0, 9), encoded_image_string=BYTES)}),
    st.fixed_dictionaries({"audio": st.builds(Summary.Audio, encoded_audio_string=BYTES)}),
    st.fixed_dictionaries({"obsolete_old_style_histogram": BYTES}),
    st.just({}),
)


@st.composite
def values(draw):
    value = Summary.Value(tag=draw(TEXT), node_name=draw(TEXT), **draw(CONTENT))
    if draw(st.booleans()):
        value.metadata.CopyFrom(draw(METADATA))
    return value


EVENTS = st.one_of(
    st.builds(Event, file_version=TEXT),
    st.builds(Event, graph_def=BYTES),
    st.builds(Event, summary=st.builds(Summary, value=st.lists(values(), max_size=4))),
)
WITH_TIME = st.builds(
    lambda event, step, wall_time: (
        Event(step=step, wall_time=wall_time).SerializeToString() + event.SerializeToString()
    ),
    EVENTS,
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
)


class Memory:
    """A source that is bytes."""

    path = ""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def size(self) -> int:
        return len(self._data)

    def read(self, offset: int, size: int) -> bytes:
        return self._data[offset : offset + size]

    def close(self) -> None: ...


def assert_is(data: bytes, found, view) -> None:
    event = Event.FromString(data)
    assert repr((found.step, found.wall_time)) == repr((event.step, event.wall_time))  # the time may be NaN
    field = event.WhichOneof("what")
    numbers = {each.name: each.number for each in Event.DESCRIPTOR.fields}
    assert found.field == (0 if field is None else numbers[field])
    if field in ("graph_def", "file_version"):
        content = getattr(event, field)
        assert view[slice(*found.content)] == (content if field == "graph_def" else content.encode())
    assert len(found.values) == len(event.summary.value)
    for span, value in zip(found.values, event.summary.value, strict=True):
        whole = Summary.Value.FromString(view[slice(*span.whole)])
        assert whole.SerializeToString() == value.SerializeToString()  # NaN is no value that `==` finds equal
        assert view[slice(*span.tag)].decode() == value.tag
        kinds = {each.name: each.number for each in Summary.Value.DESCRIPTOR.fields}
        assert span.field == kinds.get(value.WhichOneof("value"), 0)
        if value.WhichOneof("value") == "image":
            assert Summary.Image.FromString(view[slice(*span.value)]) == value.image
        assert (span.metadata is not None) == value.HasField("metadata")
        if span.metadata is not None:
            assert SummaryMetadata.FromString(view[slice(*span.metadata)]) == value.metadata


@settings(deadline=None, max_examples=200)
@given(WITH_TIME, BYTES)
def test_what_is_found_is_what_protobuf_finds(data, around):
    inside = around + data + around
    assert_is(data, event_span(inside, len(around), len(around) + len(data)), inside)
    window = Window(Memory(inside), len(around), len(around) + len(data), read=7)
    assert_is(data, event_span(window, len(around), len(around) + len(data)), window)


@settings(deadline=None, max_examples=500)
@given(WITH_TIME, st.lists(st.tuples(st.integers(0, 400), BYTES), max_size=3))
def test_any_bytes_are_found_as_by_protobuf_or_unusual(data, changes):
    for position, junk in changes:
        data = data[:position] + junk[:3] + data[position + len(junk) % 4 :]
    window = Window(Memory(data), 0, len(data), read=5)
    with contextlib.suppress(Unusual, DecodeError, UnicodeDecodeError):
        found = event_span(data, 0, len(data))
        assert event_span(window, 0, len(data)) == found
        assert_is(data, found, data)


def test_a_file_that_was_cut_off_meanwhile_is_unusual():
    data = Event(wall_time=1.0, step=300, graph_def=bytes(200)).SerializeToString()
    for end in range(len(data)):
        with contextlib.suppress(Unusual):
            event_span(Window(Memory(data[:end]), 0, len(data), read=5), 0, len(data))
