"""Measures a training loop with and without logging, in turn, in one process.

A step is a row of numpy matmuls of about 10 ms together, each about 1 ms, as the layers of a small network: numpy lets
go of the interpreter lock in each, and has to take it again after each from any thread that logs behind.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np

from benchmarks import inputs
from benchmarks.calls import bytes_under, new_logdir, quantiles
from benchmarks.cases import Case
from benchmarks.libraries import openers
from benchmarks.memory import Peak

STEP_SECONDS = 0.010
MATMULS = 10
PAIRS, QUICK_PAIRS = 40, 2  # a pair tells little: two plain blocks differ by some per cent as well
BLOCK = 20  # steps, one image among them
TAGS = [f"layer_{i}/loss" for i in range(100)]


class Model:
    """The work of a step, calibrated to STEP_SECONDS."""

    def __init__(self) -> None:
        self.rows = 256
        self.weights = inputs.normal(384 * 384).reshape(384, 384)
        for _ in range(3):
            self._calibrate()

    def _calibrate(self) -> None:
        self.batch = inputs.normal(self.rows * 384).reshape(self.rows, 384)
        seconds = statistics.median(self._seconds() for _ in range(15))
        self.rows = max(16, round(self.rows * STEP_SECONDS / seconds))
        self.batch = inputs.normal(self.rows * 384).reshape(self.rows, 384)

    def _seconds(self) -> float:
        start = time.perf_counter()
        self.step()
        return time.perf_counter() - start

    def step(self) -> None:
        for _ in range(MATMULS):
            np.matmul(self.batch, self.weights)


class Log:
    """What the loop logs: 100 scalars a step, a histogram of a million every 10 steps, an image every 20."""

    def __init__(self, writer: Any) -> None:
        self.writer = writer
        self.values = inputs.normal(1_000_000)
        self.image = inputs.photo()
        self.waits: list[float] = []

    def step(self, step: int) -> None:
        start = time.perf_counter()
        for tag in TAGS:
            self.writer.add_scalar(tag, 0.25, step)
        if step % 10 == 0:
            self.writer.add_histogram("weights", self.values, step)
        if step % 20 == 0:
            self.writer.add_image("sample", self.image, step)
        self.waits.append(time.perf_counter() - start)


def _plain(model: Model, steps: range) -> float:
    start = time.perf_counter()
    for _ in steps:
        model.step()
    return (time.perf_counter() - start) / len(steps)


def _logged(model: Model, log: Log, steps: range) -> float:
    """Seconds a step. The flush at the end counts what is still under way, and keeps it out of the next plain block."""
    start = time.perf_counter()
    for step in steps:
        model.step()
        log.step(step)
    log.writer.flush()
    return (time.perf_counter() - start) / len(steps)


def _pairs(model: Model, log: Log, blocks: int) -> list[tuple[float, float]]:
    """Seconds a step, plain and logged, of neighbouring blocks; which comes first changes with each pair."""
    pairs = []
    for block in range(blocks):
        steps = range(block * BLOCK, (block + 1) * BLOCK)
        if block % 2:
            logged = _logged(model, log, steps)
            pairs.append((_plain(model, steps), logged))
        else:
            plain = _plain(model, steps)
            pairs.append((plain, _logged(model, log, steps)))
    return pairs


def measure(library: str, case: Case, quick: bool) -> dict[str, Any]:
    """Slow-down of the loop by one library; the floor's loop only copies and appends, and shows the noise."""
    blocks = QUICK_PAIRS if quick else PAIRS
    with new_logdir() as logdir:
        model = Model()
        log = Log(openers(library)[1](logdir))
        _logged(model, log, range(BLOCK))
        log.waits.clear()
        peak = Peak()
        pairs = _pairs(model, log, blocks)
        log.writer.close()
        growth = peak.growth()
        slow_downs = [logged / plain - 1 for plain, logged in pairs]
        return {
            **quantiles(log.waits),
            "total": statistics.median(logged for _, logged in pairs),
            "plain": statistics.median(plain for plain, _ in pairs),
            "slow_down": statistics.median(slow_downs),
            "slow_downs": slow_downs,
            "bytes": bytes_under(logdir) / ((blocks + 1) * BLOCK),
            "peak": growth,
            "calls": blocks * BLOCK,
        }
