"""A Python interpreter that has the original tensorboardX, for comparing behaviour."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from filelock import FileLock

from .tensorboard_server import clean_environment

VERSION = "2.6.5"
# `===`: a plain `==2.6.5` would also accept a local version such as 2.6.5+dropin.1. None of these needs torch.
REQUIREMENTS = (
    f"tensorboardX==={VERSION}",
    *("numpy", "protobuf", "pillow", "packaging", "crc32c", "setuptools", "moviepy", "soundfile"),
)
CHECK = "import importlib.metadata as m, tensorboardX; print(m.version('tensorboardX'), tensorboardX.__file__)"


def find_original(cache: Path) -> Path:
    """The interpreter named by TENSORBOARDX_ORIGINAL_PYTHON, else one in a virtual environment built below `cache`.

    The environment is built once; processes that ask at the same time wait for it. torch and tensorboard are
    those of the running interpreter. Raises RuntimeError if the interpreter found lacks the original.
    """
    named = os.environ.get("TENSORBOARDX_ORIGINAL_PYTHON")
    if named:
        python = Path(named).absolute()  # not resolved: the link is what makes it a virtual environment
        _check(python)
        return python
    key = hashlib.sha256("\n".join([sys.version, sys.prefix, *REQUIREMENTS]).encode()).hexdigest()[:12]
    home = cache.resolve() / key
    with FileLock(f"{home}.lock", timeout=900):
        return _build(home)


def run_original(
    python: Path | str, script: str, *args: object, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run the text of a script, with `args` as its `sys.argv[1:]`, in an empty working directory.

    Raises RuntimeError with the script's output if it fails, subprocess.TimeoutExpired after `timeout` seconds.
    """
    # -I: neither PYTHONPATH nor the working directory may bring another tensorboardX.
    command = [str(python), "-I", "-c", script, *map(str, args)]
    with tempfile.TemporaryDirectory() as directory:
        return _run(command, clean_environment(), timeout, directory)


def _build(home: Path) -> Path:
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = home / "ready"
    if not ready.exists():
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET")}
        _run([sys.executable, "-m", "venv", "--clear", str(home)], environment, 300)
        _run([str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS], environment, 600)
        _link_packages(python)
        _check(python)
        ready.touch()
    return python


def _link_packages(python: Path) -> None:
    """Make the running interpreter's packages importable too, behind the environment's own."""
    own = run_original(python, "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
    paths = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    Path(own, "running_interpreter.pth").write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")


def _check(python: Path) -> None:
    version, path = run_original(python, CHECK).stdout.split(maxsplit=1)
    if version != VERSION:
        raise RuntimeError(f"{python} has tensorboardX {version} ({path.strip()}), not {VERSION}")


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
