"""One run that hostile calls are made on, one after the other, each checked at once with our own reader."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from support.hostile_calls import Arguments, Case, cleaned
from support.strategies import OUTSIDE, made

from tensorboardX import SummaryWriter
from tensorboardX.errors import TensorBoardXError
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_reader import RecordReader

LONGEST_MESSAGE = 1000
END = "the end"
READS_FILES = ("add_onnx_graph", "add_openvino_graph")


class Stored(NamedTuple):
    """An event that a call wrote, in the run `run` (a path relative to the log directory)."""

    run: str
    record: bytes
    event: Event


class Follower:
    """Reads what is new in every event file below a directory."""

    def __init__(self, logdir: Path) -> None:
        self._logdir = logdir
        self._offsets: dict[str, int] = {}

    def new(self) -> Iterator[Stored]:
        for directory, _, files in os.walk(self._logdir):
            for name in sorted(files):
                if "tfevents" in name:
                    yield from self._read(directory, os.path.join(directory, name))

    def _read(self, directory: str, path: str) -> Iterator[Stored]:
        with RecordReader(path, self._offsets.get(path, 0)) as reader:
            for data in iter(reader.read, None):  # raises where a record is not whole
                event = Event.FromString(data)
                if not event.file_version:
                    yield Stored(os.path.relpath(directory, self._logdir), data, event)
            self._offsets[path] = reader.offset


class Complaints(logging.Handler):
    """Messages of the package about events that were lost."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record.getMessage() + (f": {record.exc_info[1]!r}" if record.exc_info else ""))


class HostileRun:
    """A writer for one case; `calls` and `stored` hold what was accepted, `refused` counts the rest."""

    def __init__(self, case: Case, logdir: Path) -> None:
        self.case = case
        self.logdir = logdir
        self.calls: list[Arguments] = []
        self.stored: list[Stored] = []
        self.refused = 0
        self._files = logdir.parent.parent / "files"
        self._files.mkdir(parents=True, exist_ok=True)
        self._complaints = Complaints()
        self._writer = SummaryWriter(str(self.logdir))
        self._follower = Follower(self.logdir)
        self._around = self._listing()

    def attempt(self, arguments: Arguments) -> bool:
        """Make a call; return whether it was accepted. Raises AssertionError unless it is either refused or written."""
        given = made(arguments, self._files)
        before = time.time()
        refusal = self._call(given)
        with listening(self._complaints):
            self._writer.flush()
        new = list(self._follower.new())
        assert not self._complaints.found, f"lost behind the caller: {self._complaints.found}"
        stats = self._writer.stats
        assert stats.failed == stats.dropped == stats.errors == 0, f"lost behind the caller: {stats}"
        assert self._listing() == self._around, "something was made outside of the log directory"
        if refusal is not None:
            self._check_refusal(refusal, given)
            assert not new, "a refused call has written something"
            self.refused += 1
            return False
        self._check_events(given, [stored.event for stored in new], before)
        self.calls.append(arguments)
        self.stored += new
        return True

    def repeats(self, arguments: Arguments) -> bool:
        """Whether there is a mesh of this tag: TensorBoard cannot serve two of different shapes, ours or not."""
        if self.case.method != "add_mesh" or not isinstance(arguments["tag"], str):
            return False
        tags = self.case.tags(arguments)
        return any(event.summary.value[0].tag in tags for _, _, event in self.stored)

    def close(self) -> None:
        """Write a last point, which shows whether a reader came to the end of the file."""
        self._writer.add_scalar(END, 1.0, 2**31 - 1)
        self._writer.close()
        self.stored += self._follower.new()

    def _call(self, given: Arguments) -> Exception | None:
        try:
            getattr(self._writer, self.case.method)(**given)
        except (TypeError, ValueError) as error:
            return error
        except OSError as error:
            if self.case.method in READS_FILES:
                return error
            raise
        return None

    def _check_refusal(self, error: Exception, given: Arguments) -> None:
        message = str(error)
        if self.case.method in READS_FILES and isinstance(error, OSError):
            return  # of a file that is not there, as `open` says it
        assert isinstance(error, TensorBoardXError), f"a bare {type(error).__name__}: {message!a}"
        assert len(message) <= LONGEST_MESSAGE, f"a long message: {message[:100]!a}"
        assert "\n" not in message, f"a message of several lines: {message!a}"
        assert any(name in message for name in _names_for(given)), f"names neither tag nor argument: {message!a}"

    def _check_events(self, given: Arguments, events: list[Event], before: float) -> None:
        tags = [value.tag for event in events for value in event.summary.value]
        expected = self.case.tags(given)
        assert sorted(tags) == sorted(expected), f"stored under {tags!r:.200}, not {expected!r:.200}"
        if "graph" in self.case.method:
            assert all(event.graph_def or event.tagged_run_metadata.tag for event in events)
            assert events
        hparams = self.case.method == "add_hparams"
        for event in events:
            if "global_step" in given and not (hparams and event.summary.value[0].tag.startswith("_hparams_/")):
                step = whole(given["global_step"])
                assert event.step == step, f"stored at {event.step}, not {step}"
            if given.get("walltime") is not None:
                assert event.wall_time == float(_one(given["walltime"]))
            elif "walltimes" not in given or given["walltimes"] is None:
                assert before <= event.wall_time <= time.time()

    def _listing(self) -> list[str]:
        """All that lies beside the log directory."""
        assert not os.path.lexists(OUTSIDE)
        beside = (*self.logdir.parents[:3], self._files, Path.cwd(), Path.cwd().parent)
        return [entry.path for directory in beside for entry in os.scandir(directory) if entry.name != "model"]


def whole(step: Any) -> int:
    """The step that is stored."""
    if step is None:
        return 0
    return int(_one(step))


def _one(number: Any) -> Any:
    return number.item() if isinstance(number, np.ndarray) else number


def _names_for(given: Arguments) -> list[str]:
    """What an error may call the tag or the argument: the tag as it came or is stored, or a parameter."""
    tag = given.get("tag", given.get("main_tag"))
    tags = [repr(tag)[:30], repr(cleaned(tag))[:30]] if isinstance(tag, str) else []
    return [*tags, *given, "category", "hparam", "the graph of", "/files/model:", "tag "]


@contextlib.contextmanager
def listening(handler: logging.Handler) -> Iterator[None]:
    logger = logging.getLogger("tensorboardX")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
