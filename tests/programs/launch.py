"""Runs one script in the interpreter of its environment: `launch.py SCRIPT LOGDIR REPORT DISTRIBUTION`.

Writes to REPORT, as JSON, which libraries were used. Imports nothing of this project.
"""

from __future__ import annotations

import importlib.metadata
import json
import random
import runpy
import sys
from pathlib import Path

# Loaded only by a program that writes with TensorBoard's own package, and so not with tensorboardX.
OTHER_WRITERS = ("torch.utils.tensorboard.writer", "tensorboard.summary.writer.event_file_writer")


def main(script: str, logdir: str, report: str, distribution: str) -> None:
    seed()
    result = runpy.run_path(script, run_name="program")["main"](logdir)
    used = sys.modules.get("tensorboardX")
    facts = {
        "tensorboardX": importlib.metadata.version("tensorboardX"),
        "imported": used and used.__file__,
        "other_writers": [name for name in OTHER_WRITERS if name in sys.modules],
        "version": importlib.metadata.version(distribution),
        "result": result,
    }
    Path(report).write_text(json.dumps(facts), encoding="utf-8")


def seed() -> None:
    """Start every source of random numbers at the same place."""
    import numpy as np

    random.seed(0)
    np.random.seed(0)
    try:
        import torch
    except ImportError:
        return
    torch.manual_seed(0)
    torch.set_num_threads(1)


if __name__ == "__main__":
    sys.path.remove(str(Path(__file__).resolve().parent)) if sys.path[0] == str(Path(__file__).resolve().parent) else None
    main(*sys.argv[1:])
