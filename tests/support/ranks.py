"""Programs of several processes, started by torchrun or as any launcher would start them."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import tensorboardX

SOURCE = Path(tensorboardX.__file__).parents[1]
EXIT_EARLY = Path(__file__).with_name("exit_early.py")
LAUNCHERS = ("RANK", "WORLD_SIZE", "OMPI_", "PMI_", "SLURM_", "TORCHELASTIC", "TENSORBOARDX_")


def environment(**variables: object) -> dict[str, str]:
    """This process's, without what a launcher sets, and with some variables added."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LAUNCHERS)}
    one_thread = {"PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
    return kept | one_thread | {name: str(value) for name, value in variables.items()}


def save(directory: Path, program: str) -> Path:
    """Save a program as a file."""
    path = directory / "program.py"
    path.write_text(textwrap.dedent(program), encoding="utf-8")
    return path


def start(program: Path, rank: int, world_size: int, *arguments: object, **variables: object) -> subprocess.Popen:
    """Start one rank of a program, with the variables that torchrun sets and without torch."""
    env = environment(RANK=rank, WORLD_SIZE=world_size, **variables)
    command = [sys.executable, str(program), *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def end(process: subprocess.Popen, timeout: float = 60) -> tuple[str, str]:
    """Wait for the end of a rank that is to succeed, and return what it wrote to stdout and to stderr."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    assert process.returncode == 0, err
    return out, err


def run(program: Path, world_size: int, *arguments: object, **variables: object) -> list[tuple[str, str]]:
    """Run all ranks of a program at once, and return what each wrote to stdout and to stderr."""
    processes = [start(program, rank, world_size, *arguments, **variables) for rank in range(world_size)]
    try:
        return [end(process) for process in processes]
    finally:
        for process in processes:
            process.kill()


def torchrun(
    processes: int, program: Path, *arguments: object, restarts: int = 0, timeout: float = 240, **variables: object
) -> subprocess.CompletedProcess:
    """Run a program under torchrun, on one machine, through `exit_early`, which takes any `sys.exit` for a failure."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [*launcher, "--max-restarts", str(restarts), str(EXIT_EARLY), str(program), *map(str, arguments)]
    # Without the variable, a restart of torch 2.13 sometimes connects to addresses of the processes before it.
    env = environment(TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1, **variables)
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as launched:
        try:
            out, err = launched.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(launched.pid, 9)
            raise
    return subprocess.CompletedProcess(command, launched.returncode, out, err)
