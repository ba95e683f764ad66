"""Measures the import of a log: seconds and bytes for each of many points of one scalar."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks import inputs
from benchmarks.calls import QUICK_DIVISOR, bytes_under, new_logdir
from benchmarks.cases import Case, Writer, is_ours
from benchmarks.libraries import openers
from benchmarks.memory import Peak

POINTS = 1_000_000
POINTS_ONE_BY_ONE = 50_000  # where each point is a call, the time of a point does not depend on how many there are


def _log(writer: Writer, values: np.ndarray) -> None:
    if is_ours(writer):
        writer.add_scalar_series("loss", values)
    else:
        for step, value in enumerate(values.tolist()):
            writer.add_scalar("loss", value, step)


def _import(opener: Any, values: np.ndarray) -> dict[str, Any]:
    with new_logdir() as logdir:
        writer = opener(logdir)
        start = time.perf_counter()
        _log(writer, values)
        wait = time.perf_counter() - start
        writer.close()
        total = time.perf_counter() - start
        count = len(values)
        return {"wait_median": wait / count, "total": total / count, "bytes": bytes_under(logdir) / count}


def measure(library: str, case: Case, quick: bool) -> dict[str, Any]:
    """Seconds per point, bytes per point and the peak of memory of one library."""
    points = POINTS if library == "ours" else POINTS_ONE_BY_ONE
    values = inputs.normal(points // QUICK_DIVISOR if quick else points)
    opener, _ = openers(library)
    _import(opener, values[:1000])
    peak = Peak()
    found = _import(opener, values)
    return {**found, "peak": peak.growth(), "points": len(values)}
