"""Measures a whole process that imports a library and ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

from benchmarks.calls import quantiles
from benchmarks.cases import Case
from benchmarks.libraries import IMPORTS


def _once(code: str) -> tuple[float, int]:
    """Seconds and the peak of resident memory, in bytes, of one process."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code])
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{code!r} ended with {process.returncode}")
    return seconds, usage.ru_maxrss * 1024


def measure(library: str, case: Case, quick: bool) -> dict[str, Any]:
    """The first run fills the disk cache and is not counted."""
    _once(IMPORTS[library])
    runs = [_once(IMPORTS[library]) for _ in range(3)]
    seconds = [run[0] for run in runs]
    found = quantiles(seconds)
    return {**found, "total": found["wait_median"], "bytes": None, "peak": max(run[1] for run in runs), "calls": 3}
