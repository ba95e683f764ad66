"""Runs one program with this library and with the original, and compares what TensorBoard serves of both."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.original import VERSION as ORIGINAL
from support.tensorboard_server import clean_environment

from . import environments
from .catalogue import Program
from .observed import Series, compare, counts, observe

LAUNCH = Path(__file__).with_name("launch.py")
LOADERS = ("rust", "python")
RUN_SECONDS = 400
# No accelerator, no screen, no network, and the same results every time.
SETTINGS = {
    "CUDA_VISIBLE_DEVICES": "",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "HF_HUB_OFFLINE": "1",
    "WANDB_MODE": "offline",
    "RAY_USAGE_STATS_ENABLED": "0",
    "KERAS_BACKEND": "jax",
    "YOLO_OFFLINE": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
}


@dataclass
class Result:
    program: Program
    version: str
    logged: dict[str, int]  # {kind: how many series}
    explained: dict[str, list[str]] = field(default_factory=dict)  # {reason: what differs}
    unexplained: dict[str, str] = field(default_factory=dict)  # {what differs: how}

    @property
    def equal(self) -> bool:
        return not self.explained and not self.unexplained


def compare_program(program: Program, cache: Path, wheel: Path, loaders: Sequence[str] = LOADERS) -> Result:
    """Build the environment, run the program twice and compare.

    Raises RuntimeError with the output if something cannot be built or run, or if the program logged nothing or with
    another library.
    """
    python = environments.build(cache, program, wheel)
    original = environments.find_original(cache)
    with tempfile.TemporaryDirectory(prefix=f"{program.name}-") as directory:
        ours = _run(program, python, Path(directory), "ours", None)
        _check_library(ours, wheel.name.split("-")[1].replace("_", "+"), python.parents[1])
        result = Result(program, ours["version"], {})
        theirs = _run_original(program, python, Path(directory), original)
        if theirs is None:
            result.explained[f"The original fails: `{program.original_fails}`. See Calls."] = []
        for loader in loaders:
            mine = _observed(program, Path(directory) / "ours", ours, loader)
            if not mine:
                raise RuntimeError(f"TensorBoard serves nothing of {program.name}")
            result.logged = result.logged or counts(mine)
            if theirs is not None:
                judge(result, compare(mine, _observed(program, Path(directory) / "original", theirs, loader)), loader)
    return result


def _run_original(program: Program, python: Path, directory: Path, library: Path) -> dict[str, Any] | None:
    """The report of the run with the original, or None if it fails as the script says it does."""
    try:
        report = _run(program, python, directory, "original", library)
    except RuntimeError as error:
        if program.original_fails and program.original_fails in str(error):
            return None
        raise
    if program.original_fails:
        raise RuntimeError(f"{program.name} does not fail with the original")
    _check_library(report, ORIGINAL, library)
    return report


def _run(program: Program, python: Path, directory: Path, name: str, library: Path | None) -> dict[str, Any]:
    """Run the script with the library in this directory; return its report. Its log directory is renamed to `name`.

    Both runs have the same directories, because some programs log their settings.
    """
    work, report = directory / "work", directory / f"{name}.json"
    work.mkdir()
    (work / "home").mkdir()
    environment = clean_environment() | SETTINGS | {"HOME": str(work / "home"), "TMPDIR": str(work)}
    environment["PATH"] = os.pathsep.join([str(python.parent), environment.get("PATH", "")])
    if library:
        environment["PYTHONPATH"] = str(library)
    command = [str(python), str(LAUNCH), str(program.path), str(work / "logs"), str(report)]
    command += [program.distribution, "yes" if program.substitute else "no"]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env=environment,
        cwd=work,
        timeout=RUN_SECONDS,
    )
    if (work / "logs").exists():
        (work / "logs").rename(directory / name)
    shutil.rmtree(work, ignore_errors=True)
    if done.returncode != 0 or not report.exists():
        raise RuntimeError(f"{program.name} with {name} ended with {done.returncode}\n{done.stderr[-5000:]}")
    return dict(json.loads(report.read_text(encoding="utf-8")))


def _check_library(report: dict[str, Any], version: str, directory: Path) -> None:
    if report["others"]:
        raise RuntimeError(f"the program wrote with TensorBoard's own writer to {report['others']}")
    if report["tensorboardX"] != version:
        raise RuntimeError(f"the program saw tensorboardX {report['tensorboardX']}, not {version}")
    if not report["imported"] or not Path(report["imported"]).is_relative_to(directory):
        raise RuntimeError(f"the program imported tensorboardX from {report['imported']}, not from {directory}")


def _observed(program: Program, logdir: Path, report: dict[str, Any], loader: str) -> Series:
    returned = {f"returned {key}": value for key, value in report["returned"].items()}
    return observe(logdir, loader == "rust", program.timed) | returned


def judge(result: Result, found: dict[str, str], loader: str) -> None:
    """Sort what differs into explained and unexplained."""
    for name, how in found.items():
        for pattern, reason in result.program.differences.items():
            if re.search(pattern, f"{name}: {how}"):
                names = result.explained.setdefault(reason, [])
                if name not in names:
                    names.append(name)
                break
        else:
            result.unexplained[f"{name} ({loader} loader)"] = how
