"""The writers of one process of a life."""

from __future__ import annotations

import multiprocessing.process
import os
from pathlib import Path
from typing import Any

from tensorboardX import FileWriter, GlobalSummaryWriter, SummaryWriter
from tensorboardX.background.options import Stats

from .faults import PREFIX
from .plan import Life, Process
from .report import report

_COUNTS = ("written", "dropped", "failed", "errors")


class World:
    """What the threads of a process share."""

    def __init__(self, life: Life, process: Process, logs: Path, writers: dict[int, Any] | None = None) -> None:
        self.life = life
        self.logs = logs
        self.writers: dict[int, Any] = writers or {}
        self.process = process
        self._retired: list[tuple[int, list[Stats]]] = []

    def enter_child(self, process: Process) -> None:
        """In a fork's child: go on as another process; what the parent has retired is the parent's to report."""
        self.process = process
        self._retired = []
        multiprocessing.process._children.clear()  # else Python joins the parent's at the end, and fails

    def make(self, number: int) -> None:
        """Make a writer. Raises OSError if the store is not well."""
        writer = self.life.writers[number]
        logdir = str(self.logs / writer.run)
        if self.life.store == "faulty":
            logdir = f"{PREFIX}:{logdir}"
        make = {"summary": SummaryWriter, "file": FileWriter, "global": GlobalSummaryWriter}[writer.kind]
        self.writers[number] = make(logdir, **writer.options)

    def retire(self, number: int) -> None:
        """Forget a writer, for the garbage collector to close; keep its counts, which do not keep it alive."""
        writer = self.writers.pop(number)
        self._retired.append((number, _each_stats(writer)))

    def report_stats(self, thread: str, when: str, numbers: list[int] | None = None) -> None:
        """Report what became of the events of writers, by default all of them."""
        counts = [
            (n, _each_stats(writer)) for n, writer in list(self.writers.items()) if numbers is None or n in numbers
        ]
        if numbers is None:
            counts += self._retired
        if self.life.shares:  # several numbers may stand for one writer
            counts = [(-1, list({id(stats): stats for _, each in counts for stats in each}.values()))]
        for number, each in counts:
            total = {name: sum(getattr(stats, name) for stats in each) for name in _COUNTS}
            report(self.process.name, thread, "stats", when, number, total)


def _each_stats(writer: Any) -> list[Stats]:
    if isinstance(writer, GlobalSummaryWriter):
        writer = writer.smw
    if isinstance(writer, SummaryWriter):
        return [each.stats for each in list(writer._writer_of_logdir.values())]
    return [writer.stats]


def resident_kilobytes() -> int:
    """Return the most memory that this process has had so far."""
    import resource

    kilobytes: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes


def status_of(pid: int) -> int:
    """Wait for a child; return its exit status, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
