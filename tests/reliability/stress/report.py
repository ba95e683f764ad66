"""What the processes of a life tell the judge: one line for each thing that begins or ends, through a named pipe.

A line is one write of less than PIPE_BUF bytes, so that lines never mix, and what was written before a SIGKILL is
read after it. Lines of all processes come in the order in which they were written.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

_MOST_TEXT = 1500  # characters, each of which takes two bytes at most; a line may take 4096

_pipe: tuple[int, int] = (0, -1)  # the process that opened it, and its descriptor


class Line(NamedTuple):
    """A line: when, from whom, what about, and the rest."""

    time: float
    pid: int
    process: str
    thread: str
    about: str
    rest: list[Any]


def report(process: str, thread: str, about: str, *rest: Any) -> None:
    """Tell the judge. Nothing here can be left half done by a signal or a fork."""
    global _pipe
    if _pipe[0] != os.getpid():
        _pipe = os.getpid(), os.open(os.environ["STRESS_PIPE"], os.O_WRONLY | os.O_CLOEXEC)
    cut = [each[-_MOST_TEXT:].encode("ascii", "replace").decode() if isinstance(each, str) else each for each in rest]
    line = json.dumps([round(monotonic(), 6), os.getpid(), process, thread, about, *cut])
    os.write(_pipe[1], line.encode() + b"\n")


def read_reports(path: Path) -> list[Line]:
    """Return the lines that were collected in a file."""
    with open(path, encoding="utf-8") as file:
        return [Line(*fields[:5], fields[5:]) for fields in map(json.loads, file)]
