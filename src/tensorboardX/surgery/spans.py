"""Serialized Events changed in place: what stays is copied byte by byte, and no message is built.

Format: https://protobuf.dev/programming-guides/encoding/, event.proto, summary.proto.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct

from google.protobuf.message import DecodeError

from ..proto.event_pb2 import Event, TaggedRunMetadata
from ..reader.skeleton import FILE_VERSION, SESSION_LOG, SUMMARY, EventSpan, Unusual, ValueSpan, event_span
from ..summary.wire import event, packed, varint

METADATA_FIELD, TAG_FIELD, VALUE_FIELD = 9, 1, 1
_TIME_BYTES = 9  # of the field that is first
_STEP_KEY, _TIME_KEY = 0x10, 0x09
_CONTENT_KEYS = frozenset(number << 3 | 2 for number in range(3, 10))
_DOUBLE = Struct("<d")


def span_of(data: bytes) -> tuple[bytes, EventSpan] | None:
    """Return an Event and where its parts are; None if the bytes are no Event.

    The bytes are those given, unless they are not as serializers write them: then they are written anew.
    """
    try:
        return data, event_span(data, 0, len(data))
    except Unusual:
        pass
    try:
        data = Event.FromString(data).SerializeToString()
        return data, event_span(data, 0, len(data))
    except (DecodeError, Unusual):
        return None


def step_of(data: bytes) -> int:
    """Return the step of a serialized Event, 0 if it has none."""
    start = _TIME_BYTES if data[:1] == b"\x09" else 0
    key = data[start] if len(data) > start else 0
    if key in _CONTENT_KEYS:
        return 0
    if key == _STEP_KEY:
        number = shift = 0
        for byte in data[start + 1 : start + 11]:
            number |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                number &= (1 << 64) - 1
                return number - (1 << 64) if number >> 63 else number
    found = span_of(data)
    return 0 if found is None else found[1].step


def is_frame(span: EventSpan) -> bool:
    """Whether an Event tells of the file or the session, and holds no value."""
    return span.field in (FILE_VERSION, SESSION_LOG)


def is_version(data: bytes) -> bool:
    """Whether an Event tells the version of the format, with which every file begins."""
    found = span_of(data)
    return found is not None and found[1].field == FILE_VERSION


def tag_of(data: bytes, value: ValueSpan) -> str:
    """Return the tag of a value."""
    return data[slice(*value.tag)].decode("utf-8", "replace")


def with_values(span: EventSpan, values: Iterable[bytes]) -> bytes:
    """Return the Event with these values in its Summary, each serialized."""
    content = b"".join(packed(VALUE_FIELD, value) for value in values)
    return event(content, span.step, span.wall_time)


def with_content(span: EventSpan, content: bytes) -> bytes:
    """Return the Event with a serialized Summary."""
    return event(content, span.step, span.wall_time)


def with_tag(data: bytes, value: ValueSpan, tag: str) -> bytes:
    """Return a value under another tag."""
    start, end = value.whole
    key = varint(TAG_FIELD << 3 | 2)
    # The tag is the first field; what was written before there were tags has none, and keeps the name of its node.
    if not data.startswith(key, start):
        return packed(TAG_FIELD, tag.encode()) + data[start:end]
    return packed(TAG_FIELD, tag.encode()) + data[value.tag[1] : end]


def with_metadata(data: bytes, value: ValueSpan, metadata: bytes) -> bytes:
    """Return a value that has no metadata with it. The field is the last of a value."""
    return data[slice(*value.whole)] + packed(METADATA_FIELD, metadata)


def with_wall_time(data: bytes, seconds: float) -> bytes:
    """Return an Event that has a wall time with another one."""
    return data[:1] + _DOUBLE.pack(seconds) + data[_TIME_BYTES:]


def has_values(span: EventSpan) -> bool:
    """Whether an Event is a Summary."""
    return span.field == SUMMARY


def packed_tag(data: bytes, span: EventSpan) -> str:
    """Return the tag of an Event that holds a `TaggedRunMetadata`, which is its first field."""
    message = TaggedRunMetadata.FromString(data[slice(*span.content)])
    return message.tag
