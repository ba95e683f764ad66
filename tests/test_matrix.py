"""The sessions of noxfile.py that need no other Python: both corners of the required packages, the wheel, the types."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
THIS_PYTHON = "{}.{}".format(*sys.version_info[:2])


@pytest.mark.slow
@pytest.mark.parametrize("session", [f"oldest-{THIS_PYTHON}", f"newest-{THIS_PYTHON}", "package", "types"])
def test_the_session_passes(session, tmp_path):
    pytest.importorskip("nox")
    # The sessions call uv, which pip puts beside the interpreter.
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    assert shutil.which("uv", path=environment["PATH"])
    command = [
        sys.executable,
        "-m",
        "nox",
        "--session",
        session,
        "--envdir",
        str(tmp_path / "nox"),
        "--non-interactive",
    ]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=580)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
