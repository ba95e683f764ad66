"""What the processes of a life said they did, put in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from .calls import KINDS
from .report import Line


class Key(NamedTuple):
    """Names an event: the run, the first tag and the ordinal, of which no two calls have all three."""

    run: str
    tag: str
    ordinal: int


class Said(NamedTuple):
    """What the package warned of, at line `at`."""

    at: int
    time: float
    pid: int
    text: str


@dataclass
class Call:
    """A call of a writer. `begin` and `end` are the numbers of the lines that report it.

    Attributes:
        what: a kind of value, "flush" or "close".
        outcome: "done", "raised", or "" where nothing was heard of it again.
    """

    process: str
    pid: int
    thread: str
    what: str
    writer: int
    begin: int
    began: float
    runs: list[str] = field(default_factory=list)
    tag: str = ""
    first: int = 0
    count: int = 0
    end: int = -1
    ended: float = 0.0
    outcome: str = ""
    error: str = ""

    @property
    def logs(self) -> bool:
        """Whether it logs values."""
        return self.what in KINDS

    @property
    def accepted(self) -> bool:
        """Whether it returned."""
        return self.outcome == "done"

    def events(self) -> Iterator[Key]:
        """Every event that it makes."""
        for run in self.runs:
            for ordinal in range(self.first, self.first + self.count):
                yield Key(run, self.tag, ordinal)


@dataclass
class Stats:
    """Counts of a writer, -1 for all of a process, as they were at line `at`; `when` is "now" or "end"."""

    at: int
    process: str
    thread: str
    when: str
    writer: int
    counts: dict[str, int]

    @property
    def given_up(self) -> int:
        """How many events are said not to come."""
        return self.counts["dropped"] + self.counts["failed"]


@dataclass
class Told:
    """What was heard of one process: `last` is when its last line came, `ended` whether that was its very end."""

    pid: int
    began: float = 0.0
    ending: float = 0.0
    last: float = 0.0
    ended: bool = False
    kilobytes: tuple[int, int] = (0, 0)


class Ledger:
    """All of it.

    Attributes:
        calls: in the order in which they began.
        last_stats: the counts at the end of each process, by process and writer.
        errors: process, thread and traceback of what no plan foresees.
        children: the exit status of each child that was waited for.
    """

    def __init__(self, lines: list[Line]) -> None:
        self.calls: list[Call] = []
        self.stats: list[Stats] = []
        self.last_stats: dict[tuple[str, int], Stats] = {}
        self.warnings: list[Said] = []
        self.errors: list[tuple[str, str, str]] = []
        self.children: dict[str, int] = {}
        self.processes: dict[str, Told] = {}
        self._open: dict[tuple[int, str, int], Call] = {}
        for number, line in enumerate(lines):
            told = self.processes.setdefault(line.process, Told(line.pid))
            told.last = line.time
            getattr(self, f"_{line.about}")(number, line, told)

    def of(self, process: str, writer: int) -> list[Call]:
        """Return the calls of a process with a writer, -1 for all writers."""
        return [call for call in self.calls if call.process == process and writer in (-1, call.writer)]

    def _began(self, number: int, line: Line, told: Told) -> None:
        told.began = line.time
        told.kilobytes = line.rest[0], 0

    def _ending(self, number: int, line: Line, told: Told) -> None:
        told.ending = line.time

    def _last(self, number: int, line: Line, told: Told) -> None:
        told.ended = True
        told.kilobytes = told.kilobytes[0], line.rest[0]

    def _call(self, number: int, line: Line, told: Told) -> None:
        count, what, writer, *details = line.rest
        call = Call(line.process, line.pid, line.thread, what, writer, number, line.time, *details)
        self.calls.append(call)
        self._open[line.pid, line.thread, count] = call

    def _done(self, number: int, line: Line, told: Told) -> None:
        call = self._open.pop((line.pid, line.thread, line.rest[0]))
        call.outcome, call.end, call.ended = line.about, number, line.time
        call.error = line.rest[1] if line.rest[1:] else ""

    _raised = _done

    def _stats(self, number: int, line: Line, told: Told) -> None:
        stats = Stats(number, line.process, line.thread, *line.rest)
        if stats.when == "end":
            self.last_stats[stats.process, stats.writer] = stats  # the end may come in several stages
        else:
            self.stats.append(stats)

    def _warning(self, number: int, line: Line, told: Told) -> None:
        self.warnings.append(Said(number, line.time, line.pid, line.rest[0]))

    def _error(self, number: int, line: Line, told: Told) -> None:
        self.errors.append((line.process, line.thread, line.rest[0]))

    def _child(self, number: int, line: Line, told: Told) -> None:
        self.children[line.rest[0]] = line.rest[1]

    def _refused(self, number: int, line: Line, told: Told) -> None:
        """A writer could not be made."""
