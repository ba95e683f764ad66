"""Where the parts of a serialized Event lie, found without building messages or reading what is in them.

Every serializer writes fields in the order of their numbers, each of them once. Only that is understood here; for
anything else the caller asks protobuf. Format: https://protobuf.dev/programming-guides/encoding/, event.proto,
summary.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple, Protocol, overload

from .source import Source

FILE_VERSION, GRAPH_DEF, SUMMARY, SESSION_LOG, TAGGED_RUN_METADATA, META_GRAPH_DEF = 3, 4, 5, 7, 8, 9
"""Fields of `Event`."""

SIMPLE_VALUE, IMAGE, HISTO, AUDIO, TENSOR = 2, 4, 5, 6, 8
"""Fields of `Summary.Value`."""

_WALL_TIME, _STEP, _LAST_EVENT_FIELD = 1, 2, 9
_TAG, _NODE_NAME, _METADATA = 1, 7, 9
_VALUES = frozenset((SIMPLE_VALUE, 3, IMAGE, HISTO, AUDIO, TENSOR))
_DOUBLE = Struct("<d")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIGN = 1 << 63

Span = tuple[int, int]


class Unusual(Exception):  # noqa: N818 (it is no error: protobuf may well read it)
    """Bytes are not as serializers write them."""


class Bytes(Protocol):
    """What can be indexed like bytes."""

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> bytes: ...


class ValueSpan(NamedTuple):
    """Where the parts of one `Summary.Value` are.

    Attributes:
        whole: all of it.
        tag: its name; that of the node, where it has no tag.
        field: which field has the value, 0 for none.
        value: where that is; without key and length.
        metadata: where the metadata is, if there is any.
    """

    whole: Span
    tag: Span
    field: int
    value: Span
    metadata: Span | None


class EventSpan(NamedTuple):
    """Where the parts of one `Event` are.

    Attributes:
        wall_time: seconds since the epoch.
        step: the step.
        field: which field has the content, 0 for none.
        content: where that is; without key and length.
        values: those of the Summary, if it is one.
    """

    wall_time: float
    step: int
    field: int
    content: Span
    values: list[ValueSpan]


def event_span(data: Bytes, start: int, end: int) -> EventSpan:
    """Return where the parts of the Event are that is in `data` from `start` to `end`. Raises Unusual."""
    try:
        return _event_span(data, start, end)
    except IndexError:  # of a file that was cut off meanwhile
        raise Unusual from None


def _event_span(data: Bytes, start: int, end: int) -> EventSpan:
    wall_time, step, field, content = 0.0, 0, 0, (start, start)
    for number, kind, first, last in _fields(data, start, end):
        if number == _WALL_TIME and kind == _FIXED64:
            wall_time = _DOUBLE.unpack(data[first:last])[0]
        elif number == _STEP and kind == _VARINT:
            step = _signed(data, first)
        elif number > _LAST_EVENT_FIELD:  # what a later version has
            continue
        elif kind == _BYTES and number > _STEP and not field:
            field, content = number, (first, last)
        else:
            raise Unusual
    values = list(_values(data, *content)) if field == SUMMARY else []
    return EventSpan(wall_time, step, field, content, values)


def _values(data: Bytes, start: int, end: int) -> Iterator[ValueSpan]:
    position = start
    while position < end:
        if data[position] != 0x0A:
            raise Unusual
        length, first = _varint(data, position + 1)
        position = first + length
        if position > end:
            raise Unusual
        yield _value(data, first, position)


def _value(data: Bytes, start: int, end: int) -> ValueSpan:
    tag, name, field, value, metadata = (start, start), (start, start), 0, (start, start), None
    for number, kind, first, last in _fields(data, start, end):
        if number in _VALUES and not field and kind == (_FIXED32 if number == SIMPLE_VALUE else _BYTES):
            field, value = number, (first, last)
        elif kind != _BYTES or number not in (_TAG, _NODE_NAME, _METADATA):
            raise Unusual
        elif number == _TAG:
            tag = first, last
        elif number == _NODE_NAME:
            name = first, last
        else:
            metadata = first, last
    if tag[0] == tag[1] and field == TENSOR:  # as it was before there were tags
        tag = name
    return ValueSpan((start, end), tag, field, value, metadata)


def _fields(data: Bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, wire type, begin and end of each field of a message."""
    position, before = start, 0
    while position < end:
        key, first = _varint(data, position)
        number, kind = key >> 3, key & 7
        if number <= before:
            raise Unusual
        if kind == _BYTES:
            length, first = _varint(data, first)
            position = first + length
        elif kind == _VARINT:
            _, position = _varint(data, first)
        elif kind in (_FIXED64, _FIXED32):
            position = first + (8 if kind == _FIXED64 else 4)
        else:
            raise Unusual
        if position > end:
            raise Unusual
        yield number, kind, first, position
        before = number


def _varint(data: Bytes, position: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and where it ends."""
    byte = data[position]
    number, shift = byte & 0x7F, 7
    while byte & 0x80:
        if shift == 70:
            raise Unusual
        position += 1
        byte = data[position]
        number |= (byte & 0x7F) << shift
        shift += 7
    if not byte and shift > 7:  # longer than it has to be
        raise Unusual
    return number, position + 1


def _signed(data: Bytes, position: int) -> int:
    number = _varint(data, position)[0] & (2 * _SIGN - 1)
    return number - 2 * _SIGN if number >= _SIGN else number


class Window:
    """A part of a file that is indexed like bytes by the offset in the file, and read where it is looked at.

    Raises OSError.
    """

    def __init__(self, source: Source, start: int, end: int, read: int = 512) -> None:
        self._source = source
        self._end = end
        self._read = read
        self._base = start
        self._data = b""

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> bytes: ...
    def __getitem__(self, index: int | slice) -> int | bytes:
        if isinstance(index, slice):
            start, end = int(index.start), int(index.stop)
            self._load(start, end)
            data = self._data[start - self._base : end - self._base]
            if len(data) < end - start:
                raise IndexError(end)
            return data
        if not 0 <= index - self._base < len(self._data):
            self._load(index, index + 1)
        return self._data[index - self._base]

    def _load(self, start: int, end: int) -> None:
        if self._base <= start and end <= self._base + len(self._data):
            return
        if end > self._end:
            raise IndexError(end)
        self._base = start
        self._data = self._source.read(start, min(max(end - start, self._read), self._end - start))
