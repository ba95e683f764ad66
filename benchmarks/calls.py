"""Measures a case of repeated calls: the caller's wait for each, and all the work to the end of close()."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.cases import Case
from benchmarks.libraries import openers
from benchmarks.memory import Peak

TIMED_APART = 1_000  # from so many calls on, timing each one would show in the total: they get a pass of their own
QUICK_DIVISOR = 5


@contextmanager
def new_logdir() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as folder:
        yield os.path.join(folder, "run")


def bytes_under(folder: str) -> int:
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def quantiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "wait_median": statistics.median(ordered),
        "wait_mean": statistics.fmean(ordered),
        "wait_p99": ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)],
    }


def timed(call: Callable[[Any, Any, int], object], writer: Any, data: Any, calls: int) -> list[float]:
    """Seconds of each call."""
    clock = time.perf_counter
    waits = [0.0] * calls
    for step in range(calls):
        start = clock()
        call(writer, data, step)
        waits[step] = clock() - start
    return waits


def timer_cost() -> float:
    """Seconds that `timed` shows for a call that does nothing."""
    return statistics.median(timed(lambda writer, data, step: None, None, None, 10_000))


def _untimed(call: Callable[[Any, Any, int], object], writer: Any, data: Any, calls: int) -> list[float]:
    for step in range(calls):
        call(writer, data, step)
    return []


def _pass(case: Case, opener: Callable[[str], Any], data: Any, calls: int, run: Any) -> dict[str, Any]:
    with new_logdir() as logdir:
        writer = opener(logdir)
        start, cpu = time.perf_counter(), time.process_time()
        waits = run(case.call, writer, data, calls)
        writer.close()
        total, cpu = time.perf_counter() - start, time.process_time() - cpu
        return {"waits": waits, "total": total / calls, "cpu": cpu / calls, "bytes": bytes_under(logdir) / calls}


def measure(library: str, case: Case, quick: bool) -> dict[str, Any]:
    """Seconds per call, bytes per call and the peak of memory of one library in one case."""
    calls = max(1, case.calls // QUICK_DIVISOR) if quick else case.calls
    data = case.prepare()
    for_total, for_wait = openers(library, case.durable)
    if calls > 1:
        _pass(case, for_wait, data, 2, _untimed)
        _pass(case, for_total, data, 2, _untimed)
    apart = for_wait is not for_total or calls >= TIMED_APART
    peak = Peak()
    result = _pass(case, for_total, data, calls, _untimed if apart else timed)
    result["peak"] = peak.growth()
    waits = result.pop("waits")
    if library != "floor" and result["bytes"] < case.least_bytes:
        return {"skipped": "wrote nothing"}
    if apart:
        waits = _pass(case, for_wait, data, calls, timed)["waits"]
    cost = timer_cost()
    return {**result, **quantiles([max(0.0, wait - cost) for wait in waits]), "calls": calls}
