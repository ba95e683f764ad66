"""What a life consists of: plain data, saved as JSON for the processes that carry it out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

BEGAN = "STRESS_BEGAN"
"""The variable of the environment with the monotonic time at which a life began, once it has."""

FOREVER = 1e6
"""Seconds; where a fault ends then, it does not end."""

PATIENCE = 5.0
"""Seconds that a call waits for a store that makes no progress, as docs/reliability.md has it."""


@dataclass(frozen=True)
class Action:
    """What a thread does next.

    Attributes:
        do: the name of a method of `actor.Actor`, or of a kind of value in `calls.KINDS`.
        writer: number of the writer it is done with.
        count: how often; of a "burst", how many scalars.
        seconds: how long it sleeps, or its encoding does.
        other: number of the writer that it makes.
        child: the process that it starts.
    """

    do: str
    writer: int = 0
    count: int = 1
    seconds: float = 0.0
    other: int = -1
    child: Process | None = None


@dataclass(frozen=True)
class Process:
    """A process: what its threads do, the first of which is the main one, and how it ends.

    Attributes:
        name: "0" for the first one, "0.1" for its second child.
        number: counts the processes of a life.
        start: "first", "os.fork", or a start method of multiprocessing.
        end: see `life.END_STATUS`.
        daemons: threads that log until the process has ended.
    """

    name: str
    number: int
    start: str
    end: str
    threads: list[list[Action]]
    daemons: int = 0


@dataclass(frozen=True)
class Writer:
    """A writer: "summary", "file" or "global", the run it writes, its options, and whether an action makes it."""

    kind: str
    run: str
    options: dict[str, Any] = field(default_factory=dict)
    late: bool = False


@dataclass(frozen=True)
class Fault:
    """What the store does to writes from `begin` to `end`, in seconds since the life began. See `faults`."""

    kind: str
    begin: float
    end: float
    amount: float = 0.0


@dataclass(frozen=True)
class Disturbance:
    """What is done from outside `at` seconds after the life began. See `outside`."""

    at: float
    do: str
    seconds: float = 0.0
    target: str = ""


@dataclass(frozen=True)
class Life:
    """A whole life.

    Attributes:
        store: "local", "faulty" (a registered factory with `faults`), "disk" (a small tmpfs) or "limit" (RLIMIT_FSIZE).
        size: bytes of that disk, or of the largest file.
        switch_interval: seconds after which Python lets another thread run.
    """

    seed: int
    store: str
    writers: list[Writer]
    process: Process
    faults: list[Fault] = field(default_factory=list)
    disturbances: list[Disturbance] = field(default_factory=list)
    size: int = 0
    switch_interval: float = 0.005

    @property
    def shares(self) -> bool:
        """Whether processes log to one file, and steps are counted there."""
        return self.writers[0].kind == "global"

    def processes(self) -> Iterator[Process]:
        """Every process, parents first."""
        return _with_children(self.process)

    def actions(self) -> Iterator[Action]:
        """Every action of every process."""
        for process in self.processes():
            for thread in process.threads:
                yield from thread

    def find(self, name: str) -> Process:
        """Return the process of this name."""
        return next(process for process in self.processes() if process.name == name)

    def save(self, path: Path) -> None:
        """Write the plan as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1))


def load(path: Path) -> Life:
    """Read a plan back."""
    data = json.loads(path.read_text())
    data["writers"] = [Writer(**each) for each in data["writers"]]
    data["faults"] = [Fault(**each) for each in data["faults"]]
    data["disturbances"] = [Disturbance(**each) for each in data["disturbances"]]
    data["process"] = _process(data["process"])
    return Life(**data)


def _process(data: dict[str, Any]) -> Process:
    data["threads"] = [[_action(each) for each in thread] for thread in data["threads"]]
    return Process(**data)


def _action(data: dict[str, Any]) -> Action:
    if data["child"] is not None:
        data["child"] = _process(data["child"])
    return Action(**data)


def _with_children(process: Process) -> Iterator[Process]:
    yield process
    for thread in process.threads:
        for action in thread:
            if action.child is not None:
                yield from _with_children(action.child)
