"""Programs that MPICH and Open MPI start: the launchers of both, from their wheels, which need no other programs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import served
from support.ranks import environment, save

LAUNCHERS = {
    "MPICH": ["mpiexec.hydra"],
    "Open MPI": ["prterun", "--personality", "ompi", "--allow-run-as-root", "--map-by", ":OVERSUBSCRIBE"],
}
PROGRAM = """
    import sys
    from tensorboardX import SummaryWriter

    with SummaryWriter(sys.argv[1], distributed=sys.argv[2]) as writer:
        for step in range(5):
            writer.add_scalar("loss", step / 2, step)
"""
POINTS = {"loss": [(step, step / 2) for step in range(5)]}


@pytest.fixture(params=sorted(LAUNCHERS))
def launch(request, tmp_path):
    """Runs the program in three processes, with a setting of `distributed`; returns the log directory."""
    name, *options = LAUNCHERS[request.param]
    launcher = Path(sys.executable).parent / name
    if not launcher.exists():
        pytest.skip(f"{name} is not installed")

    def run(mode: str) -> Path:
        program = [sys.executable, str(save(tmp_path, PROGRAM)), str(tmp_path / mode), mode]
        command = [str(launcher), *options, "-n", "3", *program]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return tmp_path / mode

    return run


@pytest.mark.parametrize("mode", ["rank0", "last_rank"])
def test_one_rank_writes(tensorboard, launch, mode):
    assert served.scalars(tensorboard(launch(mode))) == {".": POINTS}


def test_each_rank_has_a_run(tensorboard, launch):
    found = served.scalars(tensorboard(launch("per_rank")))
    assert found == {f"rank_{rank}": POINTS for rank in range(3)}
