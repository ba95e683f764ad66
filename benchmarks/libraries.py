"""The libraries that are compared, each opened through its public SummaryWriter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

PEERS = ("tensorboardX", "torch")
LIBRARIES = ("ours", *PEERS, "floor")

Opener = Callable[[str], Any]


def openers(library: str, durable: bool = False) -> tuple[Opener, Opener]:
    """How a writer is opened to time all the work, and to time the caller's wait. Only the floor has two ways."""
    if library == "floor":
        from benchmarks.floor import FileFloor, WaitFloor

        return FileFloor, FileFloor if durable else WaitFloor
    if library == "torch":
        from torch.utils.tensorboard import SummaryWriter
    else:
        from tensorboardX import SummaryWriter
    return SummaryWriter, SummaryWriter


IMPORTS = {
    "ours": "from tensorboardX import SummaryWriter",
    "tensorboardX": "from tensorboardX import SummaryWriter",
    "torch": "from torch.utils.tensorboard import SummaryWriter",
    "floor": "import numpy, google.protobuf.message, PIL.Image",
}
