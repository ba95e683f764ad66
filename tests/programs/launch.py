"""Runs one script in the interpreter of its environment: `launch.py SCRIPT LOGDIR REPORT DISTRIBUTION SUBSTITUTE`.

Writes to REPORT, as JSON, which libraries were used and what the script returned. Imports nothing of this project.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import random
import runpy
import sys
from pathlib import Path


def main(script: str, logdir: str, report: str, distribution: str, substitute: str) -> None:
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [path for path in sys.path if path != here]
    seed()
    if substitute == "yes":
        import tensorboardX

        sys.modules["torch.utils.tensorboard"] = tensorboardX
        sys.modules["torch.utils.tensorboard.summary"] = tensorboardX.summary
        sys.modules["torch.utils.tensorboard.writer"] = tensorboardX.writer
    others = watch_tensorboard()
    returned = runpy.run_path(script, run_name="program")["main"](logdir)
    used = sys.modules.get("tensorboardX")
    facts = {
        "tensorboardX": importlib.metadata.version("tensorboardX"),
        "imported": used and used.__file__,
        "others": others,
        "version": importlib.metadata.version(distribution),
        "returned": returned or {},
    }
    Path(report).write_text(json.dumps(facts), encoding="utf-8")


def seed() -> None:
    """Start every source of random numbers at the same place."""
    import numpy as np

    random.seed(0)
    np.random.seed(0)
    if importlib.util.find_spec("torch"):
        import torch

        torch.manual_seed(0)
        torch.set_num_threads(1)


def watch_tensorboard() -> list[str]:
    """The log directories that TensorBoard's own writer opens from now on, which torch.utils.tensorboard uses."""
    opened: list[str] = []
    if importlib.util.find_spec("tensorboard"):
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        original = EventFileWriter.__init__

        def init(self, logdir, *args, **kwargs):
            opened.append(str(logdir))
            original(self, logdir, *args, **kwargs)

        EventFileWriter.__init__ = init
    return opened


if __name__ == "__main__":
    main(*sys.argv[1:])
