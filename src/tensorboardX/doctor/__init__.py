"""Checks of what a program logged: `examine(open_logdir(path))`, and the same ones while it logs (`watchdog=`).

The checks take columns or points and know nothing of files and threads; nothing that `import tensorboardX` imports
imports them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .finding import CHECKS, Finding

if TYPE_CHECKING:
    from .examination import examine
    from .watcher import Watcher

__all__ = ["CHECKS", "Finding", "Watcher", "examine"]


def __getattr__(name: str) -> Any:
    """Import the checks when they are used: the command knows their names at every start."""
    if name == "examine":
        from .examination import examine as found

        return found
    if name == "Watcher":
        from .watcher import Watcher

        return Watcher
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
