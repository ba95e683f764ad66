"""A Python interpreter that has the original tensorboardX, for comparing behaviour."""

from __future__ import annotations

import os
from pathlib import Path

from .environments import build
from .environments import run_python as run_original

__all__ = ["VERSION", "find_original", "run_original"]

VERSION = "2.6.5"
# `===`: a plain `==2.6.5` would also accept a local version such as 2.6.5+dropin.1. None of these needs torch.
REQUIREMENTS = (
    f"tensorboardX==={VERSION}",
    *("numpy", "protobuf", "pillow", "packaging", "crc32c", "setuptools", "moviepy", "soundfile"),
)
CHECK = "import importlib.metadata as m, tensorboardX; print(m.version('tensorboardX'), tensorboardX.__file__)"


def find_original(cache: Path) -> Path:
    """The interpreter named by TENSORBOARDX_ORIGINAL_PYTHON, else one in a virtual environment built below `cache`.

    torch and tensorboard are those of the running interpreter. Raises RuntimeError if the interpreter found lacks the
    original.
    """
    named = os.environ.get("TENSORBOARDX_ORIGINAL_PYTHON")
    # Not resolved: the link is what makes it a virtual environment.
    python = Path(named).absolute() if named else build(cache, REQUIREMENTS)
    version, path = run_original(python, CHECK).stdout.split(maxsplit=1)
    if version != VERSION:
        raise RuntimeError(f"{python} has tensorboardX {version} ({path.strip()}), not {VERSION}")
    return python
