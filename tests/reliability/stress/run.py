"""Runs one life from its plan to the verdict."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import tensorboardX

from .draw import draw
from .outside import BALLAST, Outside, session
from .plan import FOREVER, PATIENCE, Life
from .readback import read_back
from .report import read_reports
from .verdict import Outcome, judge

_ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Result:
    """What became of a life.

    Attributes:
        violations: what was not as promised.
        directory: where everything that it left is, if anything was not.
    """

    life: Life
    violations: list[str]
    counts: dict[str, int]
    seconds: float
    directory: Path | None = None


def run_seed(seed: int, store: str | None = None) -> Result:
    """Run the life of a seed."""
    return run_life(draw(seed, store))


def run_life(life: Life) -> Result:
    """Run a life; keep its directory if a promise was broken."""
    directory = Path(tempfile.mkdtemp(prefix="life-"))  # short: the path of a socket in it is limited
    (directory / "tmp").mkdir()
    life.save(directory / "plan.json")
    begin = time.monotonic()
    outside = Outside(life, directory)
    try:
        status, hangs = _live(life, directory, outside)
        outside.settle()
        contents = read_back([*outside.kept, outside.logs], BALLAST)
        contents.complaints += _strays(directory)
        lines = read_reports(directory / "reports")
        errors = (directory / "stderr").read_text(errors="replace")
        verdict = judge(Outcome(life, lines, contents, status, errors, hangs))
        if verdict.violations and life.store == "disk":
            subprocess.run(["cp", "-r", str(outside.logs), str(directory / "copy")], check=False)
    finally:
        outside.clear()
    if not verdict.violations:
        outside.discard()
    kept = directory if verdict.violations else None
    return Result(life, verdict.violations, verdict.counts, time.monotonic() - begin, kept)


def time_limit(life: Life) -> float:
    """Return how many seconds a life may take: far more than it should, so that only a hang exceeds it."""
    actions = sum(action.seconds * action.count for action in life.actions())
    faults = sum(min(fault.end, FOREVER) - fault.begin for fault in life.faults if fault.end < FOREVER)
    disturbances = max((each.at + each.seconds for each in life.disturbances), default=0.0)
    processes = sum(1 for _ in life.processes())
    waits = 3 * PATIENCE if life.faults or life.disturbances or life.store == "disk" else PATIENCE
    return 30.0 + 2 * actions + faults + disturbances + waits * processes


def _strays(directory: Path) -> list[str]:
    expected = {"plan.json", "reports", "stderr", "pipe", "tmp", "logs"}
    names = sorted(path.name for path in directory.iterdir() if not path.name.startswith("kept"))
    return [f"something was made outside of the log directory: {name}" for name in names if name not in expected]


def _live(life: Life, directory: Path, outside: Outside) -> tuple[int | None, list[str]]:
    """Start the life and disturb it as planned; return its exit status, and the processes that did not end."""
    pipe = directory / "pipe"
    os.mkfifo(pipe)
    source = str(Path(tensorboardX.__file__).parents[1])
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join((source, str(_ROOT))),
        "PYTHONWARNINGS": "ignore::DeprecationWarning",
        "STRESS_LIFE": str(directory),
        "STRESS_PIPE": str(pipe),
        "TMPDIR": str(directory / "tmp"),
    }
    environment.pop("STRESS_BEGAN", None)
    deadline = time.monotonic() + time_limit(life)
    with _Collector(pipe, directory / "reports") as collector, open(directory / "stderr", "wb") as stderr:
        command = [sys.executable, "-m", "stress.program"]
        process = subprocess.Popen(
            command, env=environment, cwd=directory, stdout=stderr, stderr=stderr, start_new_session=True
        )
        disturber = threading.Thread(target=_disturb, args=(life, outside, process, collector, deadline))
        disturber.start()
        hangs = _wait(process, deadline)
        disturber.join()
    return process.returncode, hangs


def _disturb(
    life: Life, outside: Outside, process: subprocess.Popen[bytes], collector: _Collector, deadline: float
) -> None:
    while not collector.began.wait(0.05):
        if process.poll() is not None or time.monotonic() > deadline:
            return
    begin = time.monotonic()
    for disturbance in life.disturbances:
        time.sleep(max(begin + disturbance.at - time.monotonic(), 0.0))
        has_ended = process.poll() is not None
        if has_ended and not session(process.pid):
            return
        if not has_ended or disturbance.do == "free":  # its children may go on, and wait for room on the disk
            outside.disturb(disturbance, process.pid)


def _wait(process: subprocess.Popen[bytes], deadline: float) -> list[str]:
    """Wait until the session of a process is empty; end what is left at the deadline, and return what it did."""
    hangs: list[str] = []
    while process.poll() is None or session(process.pid):
        if time.monotonic() > deadline:
            hangs = [f"process {pid} does not end: {_command(pid)}" for pid in session(process.pid)]
            for number in (signal.SIGCONT, signal.SIGUSR2, signal.SIGKILL):
                for pid in session(process.pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
                time.sleep(1.0 if number == signal.SIGUSR2 else 0.0)  # it writes where it is to stderr
            deadline += 5
        time.sleep(0.05)
    return hangs


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:200]
    return "?"


class _Collector:
    """Saves what comes through the pipe to a file, until nobody writes to it any more.

    Attributes:
        began: set once the life has begun.
    """

    def __init__(self, pipe: Path, path: Path) -> None:
        self.began = threading.Event()
        self._pipe = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self._own_end = os.open(pipe, os.O_WRONLY)  # without one the pipe would end before the life begins
        os.set_blocking(self._pipe, True)
        self._path = path
        self._thread = threading.Thread(target=self._collect)

    def __enter__(self) -> _Collector:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._own_end)
        self._thread.join()
        os.close(self._pipe)

    def _collect(self) -> None:
        with open(self._path, "wb") as file:
            while data := os.read(self._pipe, 1 << 16):
                file.write(data)
                if b'"began"' in data:
                    self.began.set()
