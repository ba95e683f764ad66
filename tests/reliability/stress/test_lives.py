"""Some random lives, other ones each time, and those that once broke a promise.

    TENSORBOARDX_STRESS_LIVES=200 TENSORBOARDX_STRESS_SEED=1 pytest tests/reliability/stress

`python -m tests.reliability.stress` is for long runs.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .plan import Life
from .regressions import REGRESSIONS
from .run import Result, run_life, run_seed, time_limit

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

LIVES = int(os.environ.get("TENSORBOARDX_STRESS_LIVES", "40"))
AT_ONCE = 4  # they wait most of the time
_LONG = 6.0  # seconds that an action or a disturbance takes at least in a slow test


def _parameter(name: str, life: Life) -> object:
    long = max(each.seconds for each in (*life.actions(), *life.disturbances)) >= _LONG
    return pytest.param(name, marks=[pytest.mark.slow] if long else [])


@pytest.mark.parametrize("name", [_parameter(*each) for each in REGRESSIONS.items()])
def test_a_promise_that_was_broken_once(name):
    _check([run_life(REGRESSIONS[name])], lambda result: f"--plan {result.directory}/plan.json")


@pytest.mark.slow
def test_random_lives():
    first = int(os.environ.get("TENSORBOARDX_STRESS_SEED", time.time_ns() // 1000 % 1_000_000_000))
    print(f"lives from seed {first} on")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(run_seed, range(first, first + LIVES)))
    _check(results, lambda result: f"--life {result.life.seed}")


def _check(results: list[Result], again) -> None:
    broken = [result for result in results if result.violations]
    for result in broken:
        print(f"\npython -m tests.reliability.stress {again(result)}    # what it left is in {result.directory}")
        for violation in result.violations:
            print("  -", violation)
    assert not broken, f"promises were broken in {len(broken)} of {len(results)} lives"


def test_a_plan_depends_on_the_seed_alone_and_can_be_read_back(tmp_path):
    from .draw import STORES, draw
    from .plan import load

    for seed in range(200):
        life = draw(seed)
        assert life == draw(seed)
        life.save(tmp_path / "plan.json")
        assert load(tmp_path / "plan.json") == life
        assert 0 < time_limit(life) < 300
    assert {draw(seed, store).store for seed in range(5) for store in STORES} == {"local", "faulty", "disk", "limit"}
