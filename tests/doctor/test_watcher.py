"""The checks of points that come a few at a time find what they find in the whole."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from planted import FAULTS, Fault, write_sound

from tensorboardX.doctor import Finding, Watcher
from tensorboardX.doctor.blocks import Blocks
from tensorboardX.doctor.finding import Points
from tensorboardX.doctor.spikes import _limits
from tensorboardX.reader import open_logdir

OF_SCALARS = [fault for fault in FAULTS if fault.check not in ("kinds", "runs", "damage")]


def watched(directory: Path, seed: int) -> list[Finding]:
    """What a watcher finds if it gets the points in the order of their wall times, unless that is the fault."""
    columns = open_logdir(directory).scalars()
    rows = list(zip(*(columns[name].tolist() for name in ("run", "tag", "value", "step", "wall_time")), strict=True))
    if len({run for run, *_ in rows}) > 1 or len({tag for _, tag, *_ in rows}) > 1:
        rows.sort(key=lambda row: row[-1])
    rng, watcher, found = random.Random(seed), Watcher(), []
    for run, *scalar in rows:
        watcher.take(run, [tuple(scalar)])
        if rng.random() < 0.05:
            found += [finding for some in watcher.check(rng.choice((1, 1000))) for finding in some]
    while watcher.is_behind:
        found += [finding for some in watcher.check(1) for finding in some]
    return found


@pytest.mark.parametrize("fault", OF_SCALARS, ids=lambda fault: fault.name)
def test_each_fault_is_found_as_it_comes(fault: Fault, tmp_path: Path):
    fault.write(tmp_path)
    [found] = watched(tmp_path, 3)
    assert (found.check, found.run, found.tag) == (fault.check, fault.run, fault.tag)
    if fault.step is not None:
        assert found.step == fault.step


@pytest.mark.parametrize("seed", range(5))
def test_a_sound_run_has_no_faults_as_it_comes(seed, tmp_path):
    write_sound(tmp_path, seed)
    assert watched(tmp_path, seed) == []


def test_work_is_done_a_few_tags_at_a_time():
    watcher = Watcher()
    watcher.take(".", [(f"tag{index}", float("nan"), index, 1.0) for index in range(10)])
    assert [finding.tag for some in watcher.check(3) for finding in some] == ["tag0", "tag1", "tag2"]
    watcher.take(".", [("tag0", float("inf"), 20, 2.0)])
    assert watcher.is_behind
    rest = [(finding.tag, finding.check) for some in watcher.check(100) for finding in some]
    assert rest == [*((f"tag{index}", "nan") for index in range(3, 10)), ("tag0", "infinity")]
    assert not watcher.is_behind


@pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 99, 100, 101, 250])
@pytest.mark.parametrize("start", [0, 7])
def test_the_limits_of_a_window(count, start):
    values = np.random.default_rng(count).normal(size=count + start)
    low, high = _limits(values, start)
    assert len(low) == len(high) == count
    for index in range(count):
        before = values[max(0, start + index - 100) : start + index]
        wanted = (before.min(), before.max()) if start + index >= 20 else (np.nan, np.nan)
        np.testing.assert_equal((low[index], high[index]), wanted)


@pytest.mark.parametrize("pieces", [1, 3, 50])
def test_blocks_keep_the_mean_and_the_last_step(pieces):
    rng = np.random.default_rng(pieces)
    values = rng.normal(size=1000)
    values[::50] = np.nan
    blocks = Blocks(16)
    for part in np.array_split(np.arange(1000), pieces):
        blocks.add(Points(part.astype(np.int64), part.astype(float), values[part]))
    steps, times, means = blocks.means
    assert blocks.count == 980
    assert 8 <= len(means) <= 16
    assert (np.diff(steps) > 0).all()
    np.testing.assert_array_equal(steps, times.astype(np.int64))
    kept = values[np.isfinite(values)]
    seen = int(np.isfinite(values[: steps[-1] + 1]).sum())
    np.testing.assert_allclose(means.mean(), kept[:seen].mean(), atol=0.02)
