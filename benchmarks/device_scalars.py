"""Scalars that a device still computes: what 100 of them at each step cost the caller, and slow down the loop.

    python -m benchmarks.device_scalars --python-of ours=.venv/bin/python --python-of torch=.venv/bin/python

Each interpreter needs JAX or, for `--framework torch`, a torch with a GPU; the one of `tensorboardX` has the original.
A step computes for about 30 ms, and its call returns before that is done. Blocks of steps with and without logging
alternate. The table shows the time in calls of the writer at each step, and by how much a step is slowed down: the
median over the pairs of blocks. Each process also measures `.item()` of each value, without a writer.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from benchmarks.environments import ROOT, reuse

SCALARS = 100
STEPS = 10  # of a block
TAGS = [f"scalar/{index}" for index in range(SCALARS)]


def jax_step() -> tuple[Callable[[], list[Any]], Callable[[list[Any]], object]]:
    """Return what computes the scalars of a step, and what waits for them."""
    import jax
    import jax.numpy as jnp

    @jax.jit
    def step(matrix: Any) -> tuple[Any, ...]:
        for _ in range(24):
            matrix = matrix @ matrix / 400
        return tuple(matrix[0, index] for index in range(SCALARS))

    matrix = jnp.full((400, 400), 1e-3)
    return lambda: list(step(matrix)), jax.block_until_ready


def torch_step() -> tuple[Callable[[], list[Any]], Callable[[list[Any]], object]]:
    """The same with torch on a GPU."""
    import torch

    matrix = torch.full((8192, 8192), 1e-4, device="cuda")

    def step() -> list[Any]:
        product = matrix
        for _ in range(2):
            product = product @ matrix
        return list(product[0, :SCALARS].unbind())

    return step, lambda values: torch.cuda.synchronize()


def one_by_one(writer: Any, values: list[Any], step: int) -> None:
    for tag, value in zip(TAGS, values, strict=True):
        writer.add_scalar(tag, value, step)


def as_floats(writer: Any, values: list[Any], step: int) -> None:
    """What users of a writer do that refuses arrays of JAX."""
    one_by_one(writer, [float(value) for value in values], step)


def at_step(writer: Any, values: list[Any], step: int) -> None:
    writer.add_scalars_at_step(dict(zip(TAGS, values, strict=True)), step)


def items(writer: Any, values: list[Any], step: int) -> None:
    for value in values:
        value.item()


def block(
    compute: Callable[[], list[Any]], wait: Callable[[list[Any]], object], log: Callable[..., None]
) -> list[float]:
    """Return the seconds of a step, and those of its calls, on average."""
    calls = 0.0
    begun = time.perf_counter()
    for step in range(STEPS):
        values = compute()
        start = time.perf_counter()
        log(values, step)
        calls += time.perf_counter() - start
    wait(values)
    return [(time.perf_counter() - begun) / STEPS, calls / STEPS]


def measure(library: str, framework: str, pairs: int) -> dict[str, list[float]]:
    """Return, for each way, the caller's milliseconds at each step, by how many percent a step is longer, its own."""
    if library == "torch":
        from torch.utils.tensorboard import SummaryWriter
    else:
        from tensorboardX import SummaryWriter
    compute, wait = jax_step() if framework == "jax" else torch_step()
    ways = {"add_scalar": as_floats if (library, framework) == ("torch", "jax") else one_by_one, "item()": items}
    if library == "ours":
        ways["add_scalars_at_step"] = at_step
    found = {}
    for name, way in ways.items():
        with tempfile.TemporaryDirectory() as logdir, SummaryWriter(logdir) as writer:
            wait(compute())
            way(writer, compute(), 0)  # compiled
            runs = []
            for _ in range(pairs):
                plain = block(compute, wait, lambda values, step: None)
                logged = block(compute, wait, lambda values, step, way=way, writer=writer: way(writer, values, step))
                writer.flush()
                runs.append((logged[1] * 1e3, (logged[0] / plain[0] - 1) * 100, plain[0] * 1e3))
        found[name] = [statistics.median(column) for column in zip(*runs, strict=True)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python-of", action="append", default=[], metavar="LIBRARY=PYTHON")
    parser.add_argument("--framework", choices=["jax", "torch"], default="jax")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.child, options.framework, options.pairs)))
        return
    print("| library | call | caller, ms a step | loop slowed down | step, ms |\n| --- | --- | ---: | ---: | ---: |")
    for given in options.python_of or [f"ours={sys.executable}"]:
        library, python = given.split("=", 1)
        interpreter = reuse(library, python)
        command = [interpreter.python, "-m", "benchmarks.device_scalars", "--child", library]
        command += ["--framework", options.framework, "--pairs", str(options.pairs)]
        done = subprocess.run(command, env=interpreter.environment(), cwd=ROOT, stdout=subprocess.PIPE, check=True)
        for name, (calls, slower, step) in json.loads(done.stdout.splitlines()[-1]).items():
            print(f"| {library} | {name} | {calls:.2f} | {slower:+.0f} % | {step:.1f} |", flush=True)


if __name__ == "__main__":
    main()
