"""Measures how large files are, and how fast stock EventAccumulator loads them, by the way in which scalars are logged.

    PYTHONPATH=src python -m benchmarks.loading

Each way logs the same 100 tags over 10,000 steps. EventAccumulator keeps every point, and is measured in turn, in
processor time: the median over the rounds. Needs tensorboard.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks.calls import bytes_under, new_logdir
from tensorboardX import SummaryWriter

TAGS, STEPS = 100, 10_000


def _each(writer: Any, steps: int) -> None:
    for step in range(steps):
        for number in range(TAGS):
            writer.add_scalar(f"layer_{number}/loss", step * 0.5 + number, step)


def _at_step(writer: Any, steps: int) -> None:
    for step in range(steps):
        writer.add_scalars_at_step({f"layer_{number}/loss": step * 0.5 + number for number in range(TAGS)}, step)


WAYS: dict[str, tuple[dict[str, Any], Callable[[Any, int], None]]] = {
    "add_scalar": ({}, _each),
    "add_scalar, merge_scalars=True": ({"merge_scalars": True}, _each),
    "add_scalars_at_step": ({}, _at_step),
}


def _load(logdir: str, steps: int) -> float:
    """Return seconds of processor time."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(logdir, size_guidance={"scalars": 0})
    start = time.process_time()
    accumulator.Reload()
    seconds = time.process_time() - start
    points = [len(accumulator.Scalars(tag)) for tag in accumulator.Tags()["scalars"]]
    if points != [steps] * TAGS:
        raise RuntimeError(f"{logdir}: EventAccumulator found {sum(points)} points of {TAGS * steps}")
    return seconds


def measure(name: str, steps: int) -> tuple[int, float]:
    """Return the bytes of the file, and the seconds of loading it."""
    options, log = WAYS[name]
    with new_logdir() as logdir:
        with SummaryWriter(logdir, **options) as writer:
            log(writer, steps)
        return bytes_under(logdir), _load(logdir, steps)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loading", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    rounds = [{name: measure(name, options.steps) for name in WAYS} for _ in range(options.rounds)]
    print("| scalars logged by | bytes | loading | bytes | speed |\n| --- | ---: | ---: | ---: | ---: |")
    size, seconds = (statistics.median(each["add_scalar"][place] for each in rounds) for place in (0, 1))
    for name in WAYS:
        nbytes, loading = (statistics.median(each[name][place] for each in rounds) for place in (0, 1))
        print(
            f"| {name} | {nbytes / 1e6:.1f} MB | {loading:.1f} s "
            f"| {nbytes / size:.2f} times | {seconds / loading:.1f} times |"
        )


if __name__ == "__main__":
    main()
