"""FileWriter: Summaries and graphs become Events in one log directory."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..background.entries import (
    PendingDeviceScalars,
    PendingFiles,
    PendingScalars,
    PendingScalarSummary,
    PendingSummary,
)
from ..background.queue import EventQueue, Stats
from ..errors import RefusedValueError
from ..proto import event_pb2
from ..proto.summary_pb2 import Summary
from ..summary.scalar import scalar
from ..summary.size import serialized
from ..values.arrays import to_step, to_walltime
from .compiler import keep_from_compiler
from .event_file_writer import EventFileWriter
from .replaceable import Replaceable


class DefaultMetadata:
    """The step and wall time of calls that name none: those of the `with` block that was entered last."""

    def __init__(self) -> None:
        self.step: int | None = None
        self.walltime: float | None = None
        self._blocks: list[tuple[int | None, float | None]] = []

    @contextlib.contextmanager
    def use(self, global_step: Any, walltime: Any) -> Iterator[None]:
        """Set either or both within the block. Blocks of several threads or tasks may end in any order."""
        if global_step is None and walltime is None:
            raise RefusedValueError("use_metadata: got neither global_step nor walltime; accepted is one or both")
        block = to_step(global_step), None if walltime is None else to_walltime(walltime)
        self._set_blocks([*self._blocks, block])
        try:
            yield
        finally:
            self._set_blocks([other for other in self._blocks if other is not block])

    def _set_blocks(self, blocks: list[tuple[int | None, float | None]]) -> None:
        self._blocks = blocks
        self.step = next((step for step, _ in reversed(blocks) if step is not None), None)
        self.walltime = next((walltime for _, walltime in reversed(blocks) if walltime is not None), None)

    def resolve(self, step: Any, walltime: Any) -> tuple[int | None, float]:
        """Return the step and wall time of a call; raises TypeError or ValueError unless they are valid."""
        step = self.step if step is None else to_step(step)
        if walltime is not None:
            return step, to_walltime(walltime)
        return step, time.time() if self.walltime is None else self.walltime


@keep_from_compiler
class DummyFileWriter:
    """Writes nothing anywhere; what a SummaryWriter uses with `write_to_disk=False`."""

    def __init__(self, logdir: Any) -> None:
        self._logdir: str = os.fspath(logdir)
        self.queue: EventQueue | None = None
        self.stats = Stats()

    def get_logdir(self) -> str:
        return self._logdir

    def add_event(self, event: Any, step: Any = None, walltime: Any = None) -> None:
        """Do nothing."""

    def add_summary(self, summary: Any, global_step: Any = None, walltime: Any = None) -> None:
        """Do nothing."""

    def add_deferred(
        self, tag: str, encode: Any, global_step: Any = None, walltime: Any = None, is_scalar: bool = False
    ) -> None:
        """Do nothing."""

    def add_scalar_events(self, tags: Any, encode: Any, nbytes: int, count: int = 1, waits: bool = False) -> None:
        """Do nothing."""

    def add_files(self, encode: Any, nbytes: int) -> None:
        """Do nothing."""

    def add_scalar(self, tag: str, value: float, global_step: Any = None, walltime: Any = None) -> None:
        """Do nothing."""

    def add_graph(self, graph_profile: Any, walltime: Any = None) -> None:
        """Do nothing."""

    def add_onnx_graph(self, graph: Any, walltime: Any = None) -> None:
        """Do nothing."""

    def add_openvino_graph(self, graph: Any, walltime: Any = None) -> None:
        """Do nothing."""

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def reopen(self) -> None:
        """Do nothing."""

    @contextlib.contextmanager
    def use_metadata(self, *, global_step: Any = None, walltime: Any = None) -> Iterator[DummyFileWriter]:
        """Do nothing."""
        yield self


@keep_from_compiler
class FileWriter(Replaceable):
    """Writes Events to files in one log directory.

    Args:
        logdir: the directory, made if it is not there.
        max_queue: accepted for compatibility; see `EventFileWriter`.
        flush_secs: seconds between two fsyncs.
        filename_suffix: appended to the names of the event files.
        options: further arguments of `EventFileWriter`.

    Raises OSError if the directory or the file cannot be made.
    """

    def __init__(
        self, logdir: Any, max_queue: int = 10, flush_secs: float = 120, filename_suffix: str = "", **options: Any
    ) -> None:
        from .. import writer  # tools replace the EventFileWriter there

        make = writer.EventFileWriter
        own = isinstance(make, type) and issubclass(make, EventFileWriter)
        options = options if own else {}
        self.event_writer = make(os.fspath(logdir), max_queue, flush_secs, filename_suffix, **options)
        self._default_metadata = DefaultMetadata()

    def get_logdir(self) -> str:
        """Return the directory of the event files."""
        return str(self.event_writer.get_logdir())

    @property
    def stats(self) -> Stats:
        """Counts of the events so far."""
        stats = getattr(self.event_writer, "stats", None)
        return stats if isinstance(stats, Stats) else Stats()

    @property
    def queue(self) -> EventQueue | None:
        """The queue that a caller may use in place of `add_event`, or None where a layer was replaced."""
        writer = self.event_writer
        plain = (
            getattr(self.add_event, "__func__", None) is _PLAIN_ADD_EVENT
            and getattr(self.add_summary, "__func__", None) is _PLAIN_ADD_SUMMARY
            and getattr(getattr(writer, "add_event", None), "__func__", None) is _PLAIN_ADD_TO_FILE
        )
        return writer.queue if plain else None

    def add_event(self, event: Any, step: Any = None, walltime: Any = None) -> None:
        """Write an Event; its step and wall time are set if given.

        Raises TypeError or ValueError for a step or wall time that cannot be one.
        """
        step, event.wall_time = self._default_metadata.resolve(step, walltime)
        if step is not None:
            event.step = step
        self.event_writer.add_event(event)

    def add_summary(self, summary: Any, global_step: Any = None, walltime: Any = None) -> None:
        """Write a Summary as an Event: a message of ours or of another package, or its serialized bytes."""
        self.add_event(event_pb2.Event(summary=_message(summary)), global_step, walltime)

    def add_deferred(
        self,
        tag: str,
        encode: Callable[[], Summary | bytes],
        global_step: Any = None,
        walltime: Any = None,
        is_scalar: bool = False,
    ) -> None:
        """Write the Summary that `encode()` returns, or its bytes, in the background unless a layer was replaced.

        Values of one tag are written in order. Scalars of other tags may pass a value that is slow to encode.
        """
        queue = self.queue
        if queue is None:
            self.add_summary(_message(encode()), global_step, walltime)
        else:
            step, seconds = self._default_metadata.resolve(global_step, walltime)
            pending = PendingScalarSummary if is_scalar else PendingSummary
            queue.put(pending(tag, encode, step, seconds, *_cost_of(encode)))

    def add_scalar_events(
        self, tags: Sequence[str], encode: Callable[[], list[bytes]], nbytes: int, count: int = 1, waits: bool = False
    ) -> None:
        """Write the `count` serialized Events of `encode()`, in order with the other scalars; as `add_deferred`.

        If `waits`, `encode` waits for a device. Then scalars of other tags may pass these.
        """
        queue = self.queue
        if queue is None:
            for data in encode():
                event = event_pb2.Event.FromString(data)
                self.add_event(event, event.step, event.wall_time)
        else:
            queue.put((PendingDeviceScalars if waits else PendingScalars)(tags, encode, nbytes, count))

    def add_files(self, encode: Callable[[], Callable[[], object]], nbytes: int) -> None:
        """Call what `encode()` returns, which writes files beside the event file; as `add_deferred`."""
        queue = self.queue
        if queue is None:
            encode()()
        else:
            queue.put(PendingFiles(encode, nbytes))

    def add_scalar(self, tag: str, value: float, global_step: Any = None, walltime: Any = None) -> None:
        """Write a scalar that has neither name nor description of its own."""
        queue = self.queue
        if queue is None:
            self.add_summary(scalar(tag, value), global_step, walltime)
        else:
            queue.put((tag, value, *self._default_metadata.resolve(global_step, walltime)))

    def add_graph(self, graph_profile: Any, walltime: Any = None) -> None:
        """Write a pair of GraphDef and RunMetadata; the latter under the tag `profiler`."""
        graph, run_metadata = graph_profile[0], graph_profile[1]
        self.add_event(event_pb2.Event(graph_def=serialized(graph)), None, walltime)
        tagged = event_pb2.TaggedRunMetadata(tag="profiler", run_metadata=serialized(run_metadata))
        self.add_event(event_pb2.Event(tagged_run_metadata=tagged), None, walltime)

    def add_onnx_graph(self, graph: Any, walltime: Any = None) -> None:
        """Write a GraphDef."""
        self.add_event(event_pb2.Event(graph_def=serialized(graph)), None, walltime)

    add_openvino_graph = add_onnx_graph

    def flush(self) -> None:
        """Wait until the operating system has every earlier event."""
        self.event_writer.flush()

    def close(self) -> None:
        """Write everything, sync and close the file."""
        self.event_writer.close()

    def reopen(self) -> None:
        """Let the next events go into a new file, after `close`."""
        self.event_writer.reopen()

    @contextlib.contextmanager
    def use_metadata(self, *, global_step: Any = None, walltime: Any = None) -> Iterator[FileWriter]:
        """Set the step and wall time of the calls in the block that name none. Blocks may be nested."""
        with self._default_metadata.use(global_step, walltime):
            yield self


_PLAIN_ADD_EVENT = FileWriter.add_event
_PLAIN_ADD_SUMMARY = FileWriter.add_summary
_PLAIN_ADD_TO_FILE = EventFileWriter.add_event


def _message(summary: Any) -> Summary:
    """Return a Summary of ours, given one, one of another package or its bytes."""
    if isinstance(summary, Summary):
        return summary
    return Summary.FromString(summary if isinstance(summary, bytes) else serialized(summary))


def _cost_of(encode: Callable[[], Summary | bytes]) -> tuple[int, bool]:
    """Return how much memory a value takes until it is encoded, and whether encoding waits for a device."""
    nbytes, waits = 1024, False
    if type(encode) is partial:
        for argument in encode.args:
            kind = type(argument)
            if kind is np.ndarray:
                nbytes += argument.nbytes
            elif kind is bytes:  # a text
                nbytes += len(argument)
            elif kind is not str:
                nbytes += getattr(argument, "nbytes", 0)
                waits = waits or getattr(argument, "is_on_device", False)
    return nbytes, waits
