"""The Events that are not decoded many at once: those of other values than scalars, large ones and unusual ones."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol

import numpy as np
from google.protobuf.message import DecodeError

from ..proto.event_pb2 import Event, SessionLog
from ..proto.summary_pb2 import Summary, SummaryMetadata
from . import skeleton
from .checksums import HEADER_BYTES, whole_data
from .damage import DamageLog
from .scalars import UNWANTED, Points, TagNumbers
from .skeleton import EventSpan, Unusual, ValueSpan, Window, event_span
from .source import FileFacts, Source
from .values import (
    GRAPH,
    GRAPH_FORMATS,
    MESHES,
    SCALARS,
    SIMPLE_VALUE,
    TENSOR,
    TENSORS,
    TagMetadata,
    Tags,
    kind_of,
    mesh_name,
    scalar_in,
)
from .walk import FRAME_BYTES, WRONG_DATA, Large

_FIELDS = {
    0: None,
    skeleton.SIMPLE_VALUE: SIMPLE_VALUE,
    skeleton.IMAGE: "image",
    skeleton.HISTO: "histo",
    skeleton.AUDIO: "audio",
    skeleton.TENSOR: TENSOR,
}
_GRAPHS = {skeleton.GRAPH_DEF: "graph_def", skeleton.META_GRAPH_DEF: "meta_graph_def"}
_MOST_SCALAR_BYTES = 256  # of a tensor that may be a scalar


class Place(NamedTuple):
    """Where a value is: the record, and which value of its Summary; -1 is the content of an Event without any."""

    file: FileFacts
    record: Large
    position: int


class Entry(NamedTuple):
    """One value that is no scalar.

    Attributes:
        kind: one of `values.KINDS`.
        tag: under which it is in the file, "" for a graph that has none.
        name: under which it is known: of a mesh, which has several tags, the mesh's name; else the tag.
        step, wall_time: those of the Event.
        order: tells what came first in the run.
        metadata: what the tag's metadata says. A graph's plugin is a key of `GRAPH_FORMATS`.
        content: the value, or the bytes of a graph; None if they were not read.
        place: where it is.
    """

    kind: str
    tag: str
    name: str
    step: int
    wall_time: float
    order: int
    metadata: TagMetadata
    content: Summary.Value | bytes | None
    place: Place


_Found = tuple[str | None, str, TagMetadata]


class Sink(Protocol):
    """Takes what is found in a run."""

    def take_points(self, points: Points) -> None:
        """Take scalars, in the order in which they are in the file."""

    def take_entry(self, entry: Entry) -> None:
        """Take anything else."""

    def take_start(self, order: int, step: int) -> None:
        """Take the news that a program began at a step, after what has a smaller order."""


class EventReader:
    """Reads the Events of one run, one at a time.

    Args:
        sink: takes what is wanted of them, but scalars: see `late_points`.
        kinds: those that are wanted.
        is_wanted: whether a tag is.
        numbers: of the tags of scalars; None if no scalars are wanted.
        tags: the metadata of the run's tags.
        damage: takes what could not be read.
    """

    def __init__(
        self,
        sink: Sink,
        kinds: Collection[str],
        is_wanted: Callable[[str], bool],
        numbers: TagNumbers | None,
        tags: Tags,
        damage: DamageLog,
    ) -> None:
        self._sink = sink
        self._kinds = frozenset(kinds)
        self._is_wanted = is_wanted
        self._numbers = numbers
        self._tags = tags
        self._damage = damage
        self._late: list[tuple[int, int, float, float, int]] = []

    def late_points(self) -> Points | None:
        """Return the scalars found since the last call, in the order of their Events; None if there are none."""
        if not self._late:
            return None
        tags, steps, wall_times, values, orders = zip(*self._late, strict=True)
        self._late = []
        return Points(
            np.array(tags, np.int32), np.array(steps, np.int64), np.array(wall_times), np.array(values, np.float64),
            np.array(orders, np.int64),
        )  # fmt: skip

    def read(self, data: bytes, order: int, place: Place, keep: bool = True) -> None:
        """Read one serialized Event.

        Args:
            data: the Event.
            order: tells what came first in the run.
            place: its record.
            keep: whether entries keep their values, so that they need not be read again.
        """
        try:
            event = Event.FromString(data)
        except DecodeError:
            self._skip(place.file, place.record, "a record that is no Event")
            return
        field = event.WhichOneof("what")
        if field == "summary":
            for position, value in enumerate(event.summary.value):
                self._read_value(event, value, order, place._replace(position=position), keep)
        elif field == "session_log" and event.session_log.status == SessionLog.START:
            self._sink.take_start(order, event.step)
        elif field is not None and field in GRAPH_FORMATS:
            is_tagged = field == "tagged_run_metadata"
            tag = event.tagged_run_metadata.tag if is_tagged else ""
            content = event.tagged_run_metadata.run_metadata if is_tagged else getattr(event, field)
            self._take(GRAPH, tag, TagMetadata(field, b""), event, order, content if keep else None, place)

    def _read_value(self, event: Event, value: Summary.Value, order: int, place: Place, keep: bool) -> None:
        field = value.WhichOneof("value")
        tag = value.tag or (value.node_name if field == TENSOR else "")
        metadata = self._tags.note(tag, value.metadata if value.HasField("metadata") else None)
        number = scalar_in(value, field, metadata.plugin)
        if number is None:
            kind = kind_of(field, metadata.plugin)
            self._take(kind, tag, metadata, event, order, value if keep else None, place)
        elif self._numbers is not None and (found := self._numbers[tag]) != UNWANTED:
            self._late.append((found, event.step, event.wall_time, number, order))

    def _take(
        self,
        kind: str | None,
        tag: str,
        metadata: TagMetadata,
        event: Event | EventSpan,
        order: int,
        content: Summary.Value | bytes | None,
        place: Place,
    ) -> None:
        if kind is None or kind not in self._kinds:
            return
        name = mesh_name(tag, metadata.content) if kind == MESHES else tag
        if self._is_wanted(name) or (name != tag and self._is_wanted(tag)):
            entry = Entry(kind, tag, name, event.step, event.wall_time, order, metadata, content, place)
            self._sink.take_entry(entry)

    def read_large(self, source: Source, order: int, place: Place) -> None:
        """Read as little of a large record as tells whether it is wanted; its values are left in the file.

        Raises OSError.
        """
        offset, length = place.record
        start = offset + HEADER_BYTES
        window = Window(source, start, start + length)
        try:
            event = event_span(window, start, start + length)
            found = [self._found(window, span) for span in event.values]
        except (Unusual, DecodeError, UnicodeDecodeError, IndexError):
            self._read_whole(source, order, place)
            return
        is_tagged = event.field == skeleton.TAGGED_RUN_METADATA and GRAPH in self._kinds
        if is_tagged or None in found:
            self._read_whole(source, order, place)
        elif event.field in _GRAPHS:
            self._take(GRAPH, "", TagMetadata(_GRAPHS[event.field], b""), event, order, None, place)
        else:
            for position, value in enumerate(found):
                if value is not None:
                    self._take(*value, event, order, None, place._replace(position=position))

    def _found(self, window: Window, span: ValueSpan) -> _Found | None:
        """Return kind, tag and metadata of a value; None if it takes the value to tell whether it is a scalar."""
        tag = window[slice(*span.tag)].decode("utf-8")
        metadata = None if span.metadata is None else SummaryMetadata.FromString(window[slice(*span.metadata)])
        noted = self._tags.note(tag, metadata)
        field = _FIELDS.get(span.field)
        wants_scalars = self._numbers is not None
        may_be_scalar = field == SIMPLE_VALUE and wants_scalars
        if field == TENSOR and noted.plugin == SCALARS and (wants_scalars or TENSORS in self._kinds):
            may_be_scalar = span.value[1] - span.value[0] <= _MOST_SCALAR_BYTES
        if may_be_scalar and self._is_wanted(tag):
            return None
        return kind_of(field, noted.plugin), tag, noted

    def _read_whole(self, source: Source, order: int, place: Place) -> None:
        data = whole_data(source, *place.record)
        if data is None:
            self._skip(place.file, place.record, WRONG_DATA)
        else:
            self.read(data, order, place, keep=False)

    def _skip(self, file: FileFacts, record: Large, reason: str) -> None:
        self._damage.add(file.path, record.offset, record.offset + record.length + FRAME_BYTES, reason)
