"""What `examine` finds, and what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted import FAULTS, Fault, loss, series, write, write_sound

from tensorboardX.doctor import CHECKS, examine
from tensorboardX.reader import open_logdir


def test_there_are_fifty_faults_of_every_kind():
    assert len(FAULTS) >= 50
    assert {fault.check for fault in FAULTS} == set(CHECKS)
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_is_found_and_nothing_else(fault: Fault, tmp_path: Path, caplog):
    caplog.set_level("CRITICAL")
    fault.write(tmp_path)
    [found] = examine(open_logdir(tmp_path))
    assert (found.check, found.run, found.tag) == (fault.check, fault.run, fault.tag)
    if fault.step is not None:
        assert found.step == fault.step
    assert found.problem
    assert found.advice
    assert str(found).startswith(f"{fault.check}: ")


@pytest.mark.parametrize("seed", range(10))
def test_a_sound_run_has_no_faults(seed, tmp_path):
    write_sound(tmp_path, seed)
    assert examine(open_logdir(tmp_path)) == []


def test_checks_runs_and_tags_can_be_chosen(tmp_path):
    values = loss(1)
    values[10], values[20] = float("nan"), float("inf")
    for run in ("a", "b"):
        write(tmp_path / run, "loss", series(values))
    logdir = open_logdir(tmp_path)
    assert [(found.run, found.check) for found in examine(logdir)] == [
        ("a", "nan"),
        ("a", "infinity"),
        ("b", "nan"),
        ("b", "infinity"),
    ]
    assert [found.run for found in examine(logdir, "b", checks=["nan"])] == ["b"]
    assert examine(logdir, tags="other") == []
    with pytest.raises(ValueError, match="checks: got str 'other'; accepted are nan, infinity"):
        examine(logdir, checks=["other"])
