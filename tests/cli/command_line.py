"""The command in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "tensorboardX"]


def run_process(*arguments: object, cwd: Path | None = None, **options: object) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    words = COMMAND + [str(argument) for argument in arguments]
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=120, **options)
