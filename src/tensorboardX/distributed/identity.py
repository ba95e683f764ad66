"""Which rank this process has, as far as can be told without importing a framework or asking other processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple


class Rank(NamedTuple):
    """The number of a process among those of one program, 0 to `world_size` - 1."""

    rank: int
    world_size: int


_VARIABLES = (
    ("RANK", "WORLD_SIZE"),  # torchrun, and what is built upon it
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),  # Open MPI
    ("PMI_RANK", "PMI_SIZE"),  # MPICH, Intel MPI
)


def visible_rank() -> Rank | None:
    """Return the rank of this process, None if it seems to be alone.

    The first of these counts: `torch.distributed` if it is initialised; JAX if it is, with several processes; the
    variables of torchrun, Open MPI, MPICH and SLURM. A pair of variables counts only if both are numbers that fit.
    """
    for look in (_of_torch, _of_jax, *(_of_variables(*names) for names in _VARIABLES), _of_slurm):
        found = look()
        if found is not None and 0 <= found.rank < found.world_size:
            return found
    return None


def _of_torch() -> Rank | None:
    distributed: Any = sys.modules.get("torch.distributed")
    try:
        if distributed is None or not distributed.is_available() or not distributed.is_initialized():
            return None
        return Rank(distributed.get_rank(), distributed.get_world_size())
    except (AttributeError, RuntimeError, ValueError):  # it is being imported, or torn down
        return None


def _of_jax() -> Rank | None:
    """JAX's own functions would initialise the devices, so its state is looked at.

    One process says nothing: JAX may be imported for other reasons than to train with it.
    """
    state = getattr(sys.modules.get("jax._src.distributed"), "global_state", None)
    if getattr(state, "client", None) is not None:  # jax.distributed.initialize() was called
        found = _rank_of(getattr(state, "process_id", None), getattr(state, "num_processes", None))
    elif _jax_has_devices():
        jax: Any = sys.modules["jax"]
        found = _rank_of(jax.process_index(), jax.process_count())
    else:
        return None
    return found if found is not None and found.world_size > 1 else None


def _jax_has_devices() -> bool:
    bridge = sys.modules.get("jax._src.xla_bridge")
    is_initialized = getattr(bridge, "backends_are_initialized", None)
    return "jax" in sys.modules and is_initialized is not None and bool(is_initialized())


def _of_variables(rank: str, world_size: str) -> Callable[[], Rank | None]:
    return lambda: _rank_of(os.environ.get(rank), os.environ.get(world_size))


def _of_slurm() -> Rank | None:
    """A task of `srun`. A script of `sbatch` has SLURM_PROCID=0 and the size of the allocation too, but runs once."""
    rank = os.environ.get("SLURM_PROCID")
    tasks = os.environ.get("SLURM_STEP_NUM_TASKS")
    if tasks is None and rank != "0":
        tasks = os.environ.get("SLURM_NTASKS")
    found = _rank_of(rank, tasks)
    return found if found is not None and found.world_size > 1 else None


def _rank_of(rank: Any, world_size: Any) -> Rank | None:
    try:
        return Rank(int(rank), int(world_size))
    except (TypeError, ValueError):
        return None
