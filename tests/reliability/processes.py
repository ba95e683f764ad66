"""Programs run in a process of their own, whose end is what a test is about."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import tensorboardX

PRELUDE = """
import atexit, gc, multiprocessing, os, signal, sys, threading, time
from tensorboardX import SummaryWriter
"""

DEAD_STORE = """
import errno
from tensorboardX.record_writer import register_writer_factory
from tensorboardX.testing import FaultyStore, block, fail, slow
store = FaultyStore()
register_writer_factory("faulty", store)
dead = block(threading.Event())
"""


def environment() -> dict[str, str]:
    """This process's, with the package that is being tested."""
    source = str(Path(tensorboardX.__file__).parents[1])
    return os.environ | {"PYTHONPATH": source, "PYTHONWARNINGS": "ignore::DeprecationWarning"}


def write_script(directory: Path, text: str, prelude: str = PRELUDE) -> Path:
    """Save a program as a file, which multiprocessing's children can import."""
    path = directory / "program.py"
    path.write_text(prelude + textwrap.dedent(text), encoding="utf-8")
    return path


def run(
    directory: Path,
    text: str,
    *arguments: object,
    timeout: float = 60,
    prelude: str = PRELUDE,
    python: Path | str = sys.executable,
    env: dict[str, str] | None = None,
) -> Done:
    """Run a program to its end. Raises subprocess.TimeoutExpired, killing it, if it takes longer than `timeout`."""
    command = [str(python), str(write_script(directory, text, prelude)), *map(str, arguments)]
    env = environment() if env is None else env
    prepare = _default_signals if os.name == "posix" else None
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, env=env, cwd=directory, preexec_fn=prepare
    )


def _default_signals() -> None:
    """Undo what a shell did that started the tests in the background: their processes would ignore Ctrl-C too."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


Done = subprocess.CompletedProcess[str]
