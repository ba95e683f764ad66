"""What the reduction of many ranks costs the training of rank 0, and how long a slow rank remains unnamed.

    python -m benchmarks.ranks

Each rank is a process that logs ten scalars every 10 ms. Rank 0 computes between them, in blocks of a few seconds:
one with the reduction and one without, in turn. One rank logs times that are 30 % longer.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from tensorboardX import SummaryWriter
from tensorboardX.distributed import reducer

STEP = 0.010  # seconds
TAGS = [f"train/{number}" for number in range(8)] + ["loss", "time/data"]
BLOCK = 4.0  # seconds
SLOWER = 1.3


def follow_the_leader(logdir: str, rank: int, slow: bool) -> None:
    """Log as a rank other than 0 does, until the process is killed."""
    begin = time.monotonic()
    with SummaryWriter(f"{logdir}/rank_{rank}") as writer:
        for step in range(1_000_000):
            time.sleep(max(0.0, begin + step * STEP - time.monotonic()))
            log(writer, rank, step, STEP * (SLOWER if slow else 1))


def log(writer: SummaryWriter, rank: int, step: int, seconds: float) -> None:
    for tag in TAGS[:-1]:
        writer.add_scalar(tag, rank + step, step)
    writer.add_scalar("time/data", seconds, step)


def repetitions(matrix: np.ndarray) -> int:
    """Return how often the work of `work_once` makes a step."""
    begin = time.perf_counter()
    for _ in range(50):
        work_once(matrix)
    return max(1, round(STEP / ((time.perf_counter() - begin) / 50)))


def work_once(matrix: np.ndarray) -> None:
    matrix @ matrix
    sum(range(2000))


def block(writer: SummaryWriter, first: int, count: int, matrix: np.ndarray, reduces: bool) -> tuple[int, float, float]:
    """Take steps for some seconds; return the next step, seconds of a step, and the part of a core for the thread."""
    if reduces:
        writer._reducer.start()
    found = [thread for thread in threading.enumerate() if thread.name == "tensorboardX-ranks"]
    time.sleep(0.5)  # which reads what was logged without it
    begin, step, used = time.perf_counter(), first, cpu_of(found)
    times = []
    while time.perf_counter() - begin < BLOCK:
        start = time.perf_counter()
        for _ in range(count):
            work_once(matrix)
        log(writer, 0, step, STEP)
        times.append(time.perf_counter() - start)
        step += 1
    share = (cpu_of(found) - used) / (time.perf_counter() - begin)
    if reduces:
        writer._reducer.finish()
    return step, statistics.fmean(times), share


def cpu_of(threads: list[threading.Thread]) -> float:
    """Return the seconds of processor time that threads have used (Linux)."""
    used = 0.0
    for thread in threads:
        fields = Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text().split()
        used += int(fields[0]) / 1e9
    return used


def measure(ranks: int, pairs: int) -> None:
    warnings: list[float] = []

    class Heard(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "rank 1 is slow" in record.getMessage():
                warnings.append(time.monotonic())

    logging.getLogger("tensorboardX").addHandler(Heard())
    logging.getLogger("tensorboardX").propagate = False
    os.environ.update(RANK="0", WORLD_SIZE=str(ranks))
    matrix = np.random.default_rng(0).random((64, 64))
    with tempfile.TemporaryDirectory() as logdir:
        command = [sys.executable, "-m", "benchmarks.ranks", "--follow", logdir]
        others = [subprocess.Popen([*command, str(rank)]) for rank in range(1, ranks)]
        try:
            time.sleep(3.0)
            began = time.monotonic()
            count, step = repetitions(matrix), 0
            writer = SummaryWriter(logdir, distributed="per_rank", reduce=TAGS)
            step, _, _ = block(writer, step, count, matrix, reduces=True)
            ratios, shares = [], []
            for pair in range(pairs):
                results = {}
                for reduces in (True, False) if pair % 2 == 0 else (False, True):
                    step, seconds, share = block(writer, step, count, matrix, reduces)
                    results[reduces] = seconds
                    if reduces:
                        shares.append(share)
                ratios.append(results[True] / results[False])
        finally:
            for other in others:
                other.kill()
                other.wait()
    spread = statistics.stdev(ratios) / len(ratios) ** 0.5
    print(f"{ranks} ranks, {len(TAGS)} tags, {1 / STEP:.0f} steps a second, a look every {reducer.INTERVAL:.0f} s")
    print(f"step of rank 0: {statistics.fmean(ratios) - 1:+.2%} ± {spread:.2%} (standard error, {pairs} pairs)")
    print(f"processor time of the thread: {statistics.fmean(shares):.2%} of a core")
    print(f"rank 1, 30 % slower, was named after {warnings[0] - began:.1f} s" if warnings else "rank 1 was not named")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, default=4)
    parser.add_argument("--pairs", type=int, default=12)
    parser.add_argument("--follow", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.follow:
        logdir, rank = arguments.follow
        follow_the_leader(logdir, int(rank), slow=rank == "1")
    else:
        measure(arguments.ranks, arguments.pairs)


if __name__ == "__main__":
    main()
