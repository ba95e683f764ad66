"""A model on two processes has the norms that it has on one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import events

PROGRAM = Path(__file__).parent / "sharded_training.py"


def train(logdir: Path, mode: str, ranks: int) -> dict[tuple[str, int], float]:
    """Train in `ranks` processes; return the scalars by tag and step."""
    rendezvous = logdir.parent / f"rendezvous_{mode}"
    commands = [[sys.executable, *map(str, (PROGRAM, logdir, mode, rank, ranks, rendezvous))] for rank in range(ranks)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    try:
        errors = [process.communicate(timeout=180)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0] * ranks, errors
    (logdir / "errors").write_text("\n".join(errors), encoding="utf-8")
    return {(tag, step): value for tag, step, value in events.scalars(logdir)}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What one process logs."""
    return train(tmp_path_factory.mktemp("alone") / "run", "plain", 1)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["ddp", "fsdp"])
def test_two_processes_have_the_norms_of_one(alone, tmp_path, mode):
    together = train(tmp_path / mode, mode, 2)
    assert {step for _, step in alone} == {0, 3}
    assert "watch/gradient_norm/gain" in {tag for tag, _ in alone}
    assert together == pytest.approx(alone, rel=1e-5, abs=1e-7)
    assert min(alone["watch/gradient_norm", step] for step in (0, 3)) > 0.05  # clipped to 0.01 after that


@pytest.mark.slow
def test_a_process_that_does_not_watch_is_not_waited_for(tmp_path):
    assert train(tmp_path / "some", "fsdp-some", 2) == {}
    errors = (tmp_path / "some" / "errors").read_text(encoding="utf-8")
    assert errors.count("the model is not watched any more") == 1
    assert "has to be watched by each of them" in errors
