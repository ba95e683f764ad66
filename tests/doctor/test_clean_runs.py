"""Trainings without a fault: the digits example with different seeds, watched while it runs and examined afterwards.

A few in every run; the long run, in which one false alarm in a hundred is the most:

    TENSORBOARDX_CLEAN_RUNS=100 pytest tests/doctor/test_clean_runs.py -s
"""

from __future__ import annotations

import os
import shutil

from support.recording import load_example

from tensorboardX import SummaryWriter
from tensorboardX.doctor import Finding, examine
from tensorboardX.reader import open_logdir

COUNT = int(os.environ.get("TENSORBOARDX_CLEAN_RUNS", "2"))
EPOCHS = os.environ.get("TENSORBOARDX_CLEAN_EPOCHS", "5")


def test_there_are_no_false_alarms(tmp_path, monkeypatch):
    example = load_example("train_digits")
    alarms: dict[int, list[Finding]] = {}
    for seed in range(COUNT):
        logdir, found = tmp_path / str(seed), []

        class Watched(SummaryWriter):
            def __init__(self, *arguments: object, **options: object) -> None:
                super().__init__(*arguments, watchdog=found.append, **options)  # noqa: B023 (used within the turn)

        monkeypatch.setattr(example, "SummaryWriter", Watched)
        example.main(["--logdir", str(logdir), "--epochs", EPOCHS, "--seed", str(seed)])
        found += examine(open_logdir(logdir))
        if found:
            alarms[seed] = found
        shutil.rmtree(logdir)
    print(f"false alarms in {len(alarms)} of {COUNT} runs", *alarms.items(), sep="\n")
    assert len(alarms) <= COUNT // 100, alarms
