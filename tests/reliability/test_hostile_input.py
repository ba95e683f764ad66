"""Names, values, steps and times of any kind: a call is refused by a clear error, or is in a file that readers take.

A few hundred calls by default, some for each method. The long run, of more than 20,000 (five minutes):

    TENSORBOARDX_HOSTILE_CALLS=21000 TENSORBOARDX_HOSTILE_SEED=1 pytest tests/reliability/test_hostile_input.py
"""

from __future__ import annotations

import math
import os
import shutil
import warnings
from pathlib import Path

import pytest
from hostile_run import HostileRun
from hostile_served import complaints, differences
from hypothesis import HealthCheck, Phase, given, seed, settings
from support.hostile_calls import CASES, Arguments

from tensorboardX import SummaryWriter

CALLS = int(os.environ.get("TENSORBOARDX_HOSTILE_CALLS", "340"))
SEED = int(os.environ.get("TENSORBOARDX_HOSTILE_SEED", "0"))
MOST = 60  # calls of a case in one run
BATCHES = math.ceil(CALLS / len(CASES) / MOST)
PER_BATCH = math.ceil(CALLS / len(CASES) / BATCHES)


class Batch:
    """One log directory, with a run for each case that took all its calls; `failures` holds what the others raised."""

    def __init__(self, root: Path, number: int) -> None:
        self.logdir = root / "a" / "logs"
        self.runs: dict[str, HostileRun] = {}
        self.failures: dict[str, BaseException] = {}
        for index, name in enumerate(CASES):
            self._fill(name, (SEED * BATCHES + number) * len(CASES) + index)

    def _fill(self, name: str, number: int) -> None:
        case = CASES[name]
        current = HostileRun(case, self.logdir / name)

        @seed(number)
        @settings(
            max_examples=PER_BATCH,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        )
        @given(arguments=case.arguments())
        def call(arguments: Arguments) -> None:
            nonlocal current
            if current.repeats(arguments):
                return
            try:
                current.attempt(arguments)
            except AssertionError:
                current = self._begin_anew(current)
                raise

        try:
            call()
            current.close()
            self.runs[name] = current
        except BaseException as error:
            self.failures[name] = error

    @staticmethod
    def _begin_anew(run: HostileRun) -> HostileRun:
        """A call that failed is tried again while hypothesis makes it smaller, each time on a run of its own."""
        run.close()
        shutil.rmtree(run.logdir)
        return HostileRun(run.case, run.logdir)


@pytest.fixture(scope="module", params=range(BATCHES))
def batch(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Batch:
    root = tmp_path_factory.mktemp("hostile")
    (root / "cwd" / "here").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.chdir(root / "cwd" / "here")  # where nothing may be made either
        warnings.simplefilter("ignore")  # of matplotlib and torch, about what they are given
        warnings.simplefilter("error", RuntimeWarning)  # NumPy's: what is accepted is encoded without any
        return Batch(root, request.param)


@pytest.mark.parametrize("case", CASES)
def test_a_call_is_refused_clearly_or_is_in_the_file(batch, case):
    """Nothing is made outside of the log directory, and nothing that was accepted is lost later on."""
    if case in batch.failures:
        raise batch.failures[case]
    run = batch.runs[case]
    print(f"{case}: {len(run.calls)} accepted, {run.refused} refused")
    if PER_BATCH >= 40:  # of fewer calls all may be refused
        assert run.calls
        assert run.refused


def test_many_calls_are_accepted_and_many_refused(batch):
    runs = batch.runs.values()
    assert sum(len(run.calls) for run in runs) >= 2 * len(runs)
    assert sum(run.refused for run in runs) >= 2 * len(runs)


def test_the_readers_agree_about_every_file(batch):
    assert differences(batch.runs, batch.logdir) == []


@pytest.mark.parametrize("loader", ["rust", "python"])
def test_stock_tensorboard_serves_what_was_accepted(batch, loader):
    """Each of its routes answers, with the last value of each tag, and its log tells of no trouble.

    The names of run and tag in a complaint lead to the calls: `batch.runs[case].calls`.
    """
    found = complaints(batch.runs, batch.logdir, loader == "rust")
    assert not found, "\n".join(found)


def test_every_method_has_a_case():
    methods = {name for name in dir(SummaryWriter) if name.startswith("add_")}
    assert {case.method for case in CASES.values()} == methods
