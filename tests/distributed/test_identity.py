"""Which rank a process has: by torch, JAX or the variables of its launcher, without importing or starting either."""

from __future__ import annotations

import socket
import subprocess
import sys
import types

import pytest
from support.ranks import end, environment, save, start

from tensorboardX.distributed.identity import Rank, visible_rank

TORCHRUN = {"RANK": "1", "WORLD_SIZE": "4"}


@pytest.fixture
def variables_of(monkeypatch):
    """Set the variables of a launcher."""
    return lambda **variables: [monkeypatch.setenv(name, value) for name, value in variables.items()]


def test_a_process_that_nobody_launched_has_no_rank():
    assert visible_rank() is None


@pytest.mark.parametrize(
    ("variables", "rank"),
    [
        (TORCHRUN, Rank(1, 4)),
        ({"RANK": "0", "WORLD_SIZE": "1"}, Rank(0, 1)),
        ({"OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "3"}, Rank(2, 3)),
        ({"PMI_RANK": "2", "PMI_SIZE": "3"}, Rank(2, 3)),
        ({"SLURM_PROCID": "5", "SLURM_STEP_NUM_TASKS": "8"}, Rank(5, 8)),
        ({"SLURM_PROCID": "5", "SLURM_NTASKS": "8"}, Rank(5, 8)),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}, None),  # the script of sbatch, which runs once
        ({"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1", "SLURM_NTASKS": "8"}, None),  # a shell in an allocation
        ({"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "2", **TORCHRUN}, Rank(1, 4)),  # torchrun within srun
        ({"RANK": "3"}, None),
        ({"RANK": "4", "WORLD_SIZE": "4"}, None),
        ({"RANK": "-1", "WORLD_SIZE": "4"}, None),
        ({"RANK": "one", "WORLD_SIZE": "4"}, None),
        ({"RANK": "", "WORLD_SIZE": "", "PMI_RANK": "1", "PMI_SIZE": "2"}, Rank(1, 2)),
    ],
)
def test_the_variables_of_launchers(variables_of, variables, rank):
    variables_of(**variables)
    assert visible_rank() == rank


def test_torch_counts_only_once_it_is_initialised(variables_of, tmp_path):
    torch_distributed = pytest.importorskip("torch.distributed")
    variables_of(**TORCHRUN)
    assert visible_rank() == Rank(1, 4)
    torch_distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        assert visible_rank() == Rank(0, 1)
    finally:
        torch_distributed.destroy_process_group()
    assert visible_rank() == Rank(1, 4)


def test_a_process_of_several_of_jax(monkeypatch, variables_of):
    """What `jax.distributed.initialize` sets; JAX itself is not there."""
    variables_of(**TORCHRUN)
    state = types.SimpleNamespace(client=object(), process_id=2, num_processes=3)
    monkeypatch.setitem(sys.modules, "jax._src.distributed", types.SimpleNamespace(global_state=state))
    assert visible_rank() == Rank(2, 3)
    state.num_processes, state.process_id = 1, 0
    assert visible_rank() == Rank(1, 4)


def test_jax_is_asked_and_not_started():
    pytest.importorskip("jax")
    program = """
import jax
from jax._src import xla_bridge
from tensorboardX.distributed.identity import visible_rank
assert visible_rank() is None
assert not xla_bridge.backends_are_initialized()
jax.devices()
assert xla_bridge.backends_are_initialized()
assert visible_rank() is None
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(JAX_PLATFORMS="cpu"), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_no_framework_is_imported():
    program = (
        "import sys; from tensorboardX.distributed.identity import visible_rank; assert visible_rank() == (1, 4); "
        "assert not {'torch', 'jax', 'tensorboardX.reader'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment(**TORCHRUN), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_two_processes_of_jax(tmp_path):
    pytest.importorskip("jax")
    program = save(
        tmp_path,
        """
        import os, sys
        rank = int(os.environ.pop("RANK"))
        import jax
        from tensorboardX.distributed.identity import visible_rank
        jax.distributed.initialize(sys.argv[1], num_processes=2, process_id=rank)
        assert visible_rank() == (rank, 2), visible_rank()
        assert jax.process_index() == rank
        assert visible_rank() == (rank, 2), visible_rank()
        """,
    )
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    for process in [start(program, rank, 2, address, JAX_PLATFORMS="cpu") for rank in range(2)]:
        end(process)
