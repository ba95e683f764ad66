"""Measures how long a point takes from add_scalar until stock TensorBoard serves it, with no call of flush()."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.calls import bytes_under, new_logdir, quantiles
from benchmarks.cases import Case
from benchmarks.libraries import openers

POINTS = 5
POLL_SECONDS = 0.02
START_SECONDS = 60
PATIENCE_SECONDS = 130.0  # the peers flush every 120 s
QUICK_PATIENCE_SECONDS = 10.0


@contextmanager
def tensorboard(logdir: str) -> Iterator[str]:
    """The address of a TensorBoard with its Rust loader, on the loopback interface, which reloads every second."""
    arguments = ["--logdir", logdir, "--host", "127.0.0.1", "--port", "0"]
    arguments += ["--reload_interval", "1", "--load_fast", "true"]
    command = [os.environ.get("BENCHMARK_TENSORBOARD", sys.executable), "-m", "tensorboard.main", *arguments]
    with open(os.path.join(logdir, "tensorboard.log"), "w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield _address(log.name)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _address(log: str) -> str:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        with open(log) as file:
            found = re.search(r"http://127\.0\.0\.1:\d+", file.read())
        if found:
            return found.group()
        time.sleep(0.1)
    raise TimeoutError("TensorBoard did not start")


def _steps(address: str) -> set[int]:
    try:
        with urllib.request.urlopen(f"{address}/data/plugin/scalars/scalars?run=run&tag=loss", timeout=10) as reply:
            return {int(point[1]) for point in json.load(reply)}
    except urllib.error.HTTPError:  # the run is not there yet
        return set()


def _wait_for(address: str, step: int, patience: float, writer: Any = None) -> bool:
    """Whether the step is served in time. A given writer is flushed at each try: one flush is not enough for all."""
    give_up = time.monotonic() + patience
    while time.monotonic() < give_up:
        if writer is not None:
            writer.flush()
        if step in _steps(address):
            return True
        time.sleep(POLL_SECONDS)
    return False


def _delays(writer: Any, address: str, patience: float, flush: bool) -> tuple[list[float], bool]:
    """Seconds until each point was served, and whether the last one was given up."""
    delays: list[float] = []
    for step in range(1, POINTS + 1):
        time.sleep(random.uniform(0, 1))  # no point is in step with the reloads
        start = time.monotonic()
        writer.add_scalar("loss", 0.25, step)
        if flush:
            writer.flush()
        served = _wait_for(address, step, patience - sum(delays))
        delays.append(time.monotonic() - start)
        if not served or sum(delays) >= patience / 2:
            return delays, not served
    return delays, False


def measure(library: str, case: Case, quick: bool) -> dict[str, Any]:
    """The floor flushes each point: what is left is TensorBoard's own time."""
    patience = QUICK_PATIENCE_SECONDS if quick else PATIENCE_SECONDS
    with new_logdir() as logdir:
        writer = openers(library)[0](logdir)
        writer.add_scalar("loss", 0.25, 0)
        with tensorboard(os.path.dirname(logdir)) as address:
            if not _wait_for(address, 0, START_SECONDS, writer):
                raise TimeoutError("TensorBoard never served the first point")
            delays, given_up = _delays(writer, address, patience, flush=library == "floor")
        writer.close()
        found = quantiles(delays)
        size = bytes_under(logdir) / (len(delays) + 1)
    total = found["wait_median"]
    return {**found, "total": total, "given_up": given_up, "bytes": size, "peak": None, "calls": len(delays)}
