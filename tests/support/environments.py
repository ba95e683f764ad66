"""Virtual environments that tests need beside their own, built once and kept in pytest's cache."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from .tensorboard_server import clean_environment


def build(cache: Path, requirements: Sequence[str]) -> Path:
    """Return the interpreter of an environment with these requirements below `cache`; what it lacks, ours has.

    The environment is built once; processes that ask at the same time wait for it. Raises RuntimeError with pip's
    output if that fails.
    """
    key = hashlib.sha256("\n".join([sys.version, sys.prefix, *requirements]).encode()).hexdigest()[:12]
    home = cache.resolve() / key
    with FileLock(f"{home}.lock", timeout=900):
        return _build(home, requirements)


def run_python(
    python: Path | str, script: str, *args: object, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run the text of a script, with `args` as its `sys.argv[1:]`, in an empty working directory.

    Raises RuntimeError with the script's output if it fails, subprocess.TimeoutExpired after `timeout` seconds.
    """
    # -I: neither PYTHONPATH nor the working directory may bring another tensorboardX.
    command = [str(python), "-I", "-c", script, *map(str, args)]
    with tempfile.TemporaryDirectory() as directory:
        return _run(command, clean_environment(), timeout, directory)


def _build(home: Path, requirements: Sequence[str]) -> Path:
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = home / "ready"
    if not ready.exists():
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET")}
        _run([sys.executable, "-m", "venv", "--clear", str(home)], environment, 300)
        _run([str(python), "-m", "pip", "install", "--quiet", *requirements], environment, 600)
        _link_packages(python)
        ready.touch()
    return python


def _link_packages(python: Path) -> None:
    """Make the running interpreter's packages importable too, behind the environment's own."""
    own = run_python(python, "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
    paths = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    Path(own, "running_interpreter.pth").write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")


def _run(
    command: list[str], environment: dict[str, str], timeout: float, cwd: str | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=environment,
        timeout=timeout,
        cwd=cwd,
    )
    if done.returncode != 0:
        name = " ".join(part if len(part) < 80 else "<script>" for part in command)
        raise RuntimeError(f"{name} ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-6000:]}")
    return done
