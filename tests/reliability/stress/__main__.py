"""Random lives for as long as is wanted, and a table of what became of them.

    python -m tests.reliability.stress --minutes 60 --seed 1
    python -m tests.reliability.stress --life 4711
    python -m tests.reliability.stress --plan /tmp/life-abc/plan.json

Leaves with status 1 if a promise was broken. The directory of such a life is kept.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from .draw import STORES
from .plan import load
from .run import Result, run_life, run_seed, time_limit

_MOST_SHOWN = 6  # violations of a life, most of which follow from one
_COLUMNS = ("lives", "accepted", "flushes", "read", "dropped", "broken")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0, help="for how long lives are begun")
    parser.add_argument("--seed", type=int, default=None, help="of the first life; those that follow count up")
    parser.add_argument("--jobs", type=int, default=2, help="lives at a time")
    parser.add_argument("--store", choices=STORES, help="the same kind of store for all lives")
    parser.add_argument("--life", type=int, action="append", help="only the life of this seed; may be repeated")
    parser.add_argument("--plan", type=Path, help="only the life of this file, which may be edited")
    options = parser.parse_args()
    if options.plan:
        return _finish([_told(run_life(load(options.plan)))])
    if options.life:
        return _finish([_told(run_seed(seed, options.store)) for seed in options.life])
    first = int(time.time()) if options.seed is None else options.seed
    print(f"lives from seed {first} on", flush=True)
    return _finish(list(_lives(first, options.store, options.jobs, options.minutes * 60)))


def _lives(first: int, store: str | None, jobs: int, seconds: float) -> Iterator[Result]:
    end, seed = time.monotonic() + seconds, first
    running: set[Future[Result]] = set()
    with ThreadPoolExecutor(jobs) as pool:
        while running or time.monotonic() < end:
            while len(running) < jobs and time.monotonic() < end:
                running.add(pool.submit(run_seed, seed, store))
                seed += 1
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (_told(each.result()) for each in done)


def _told(result: Result) -> Result:
    if result.violations:
        print(f"\nlife {result.life.seed}, in {result.directory}:", flush=True)
        for violation in result.violations[:_MOST_SHOWN]:
            print("  -", violation.replace("\n", "\n    "), flush=True)
        if len(result.violations) > _MOST_SHOWN:
            print(f"  and {len(result.violations) - _MOST_SHOWN} more", flush=True)
    return result


def _finish(results: list[Result]) -> int:
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        life = result.life
        store = "global" if life.shares else life.store
        for row in (f"store: {store}", f"end: {life.process.end}", *_faults(result), "all"):
            rows[row] += Counter(result.counts | {"lives": 1, "broken": bool(result.violations)})
    print(f"\n{'':24}" + "".join(f"{column:>10}" for column in _COLUMNS))
    for row in sorted(rows, key=lambda row: (row == "all", row)):
        print(f"{row:24}" + "".join(f"{rows[row][column]:10}" for column in _COLUMNS))
    longest = max(results, key=lambda result: result.seconds / time_limit(result.life))
    print(f"\nthe longest life took {longest.seconds:.0f} of {time_limit(longest.life):.0f} seconds")
    broken = [result.life.seed for result in results if result.violations]
    if broken:
        print("broken promises in the lives of the seeds", *broken)
    return 1 if broken else 0


def _faults(result: Result) -> set[str]:
    life = result.life
    return {f"fault: {fault.kind}" for fault in life.faults} | {f"outside: {each.do}" for each in life.disturbances}


if __name__ == "__main__":
    sys.exit(main())
