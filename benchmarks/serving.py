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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.calls import bytes_under, new_logdir, quantiles
from benchmarks.cases import Case
from benchmarks.libraries import openers

POINTS = 20
SECONDS = 120.0  # in which the points are logged: the peers flush every 120 s, and each moment of that counts alike
PATIENCE_SECONDS = 130.0  # for the last of them
QUICK_POINTS, QUICK_SECONDS, QUICK_PATIENCE_SECONDS = 10, 10.0, 10.0
POLL_SECONDS = 0.02
START_SECONDS = 60


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


def _wait_for_first(address: str, writer: Any) -> None:
    """Flush until step 0 is served: one flush is not enough for all libraries."""
    give_up = time.monotonic() + START_SECONDS
    while 0 not in _steps(address):
        if time.monotonic() > give_up:
            raise TimeoutError("TensorBoard never served the first point")
        writer.flush()
        time.sleep(POLL_SECONDS)


def _delays(log: Callable[[int], None], address: str, points: int, seconds: float, patience: float) -> list[float]:
    """Seconds until each point was served: as many as were, of the points logged at random moments of `seconds`."""
    start = time.monotonic()
    moments = sorted(start + random.uniform(0, seconds) for _ in range(points))
    logged: dict[int, float] = {}
    delays: dict[int, float] = {}
    while len(delays) < points and time.monotonic() < moments[-1] + patience:
        while len(logged) < points and moments[len(logged)] <= time.monotonic():
            step = len(logged) + 1
            logged[step] = time.monotonic()
            log(step)
        steps = _steps(address)
        now = time.monotonic()
        delays |= {step: now - at for step, at in logged.items() if step in steps and step not in delays}
        time.sleep(POLL_SECONDS)
    return list(delays.values())


def measure(library: str, case: Case, quick: bool) -> dict[str, Any]:
    """The floor flushes each point: what is left is TensorBoard's own time."""
    points, seconds, patience = POINTS, SECONDS, PATIENCE_SECONDS
    if quick:
        points, seconds, patience = QUICK_POINTS, QUICK_SECONDS, QUICK_PATIENCE_SECONDS
    with new_logdir() as logdir:
        writer = openers(library)[0](logdir)

        def log(step: int) -> None:
            writer.add_scalar("loss", 0.25, step)
            if library == "floor":
                writer.flush()

        log(0)
        with tensorboard(os.path.dirname(logdir)) as address:
            _wait_for_first(address, writer)
            served = _delays(log, address, points, seconds, patience)
        writer.close()
        size = bytes_under(logdir) / (points + 1)
    delays = served + [patience] * (points - len(served))
    found = quantiles(delays)
    total = found["wait_median"]
    given_up = found["wait_median"] >= patience
    return {
        **found,
        "total": total,
        "delays": delays,
        "given_up": given_up,
        "bytes": size,
        "peak": None,
        "calls": points,
    }
