"""Checks of what a program logged: `examine(open_logdir(path))`, and the same ones while it logs (`watchdog=`).

The checks take columns or points and know nothing of files and threads; nothing that `import tensorboardX` imports
imports them.
"""

from .examine import examine
from .finding import CHECKS, Finding
from .watcher import Watcher

__all__ = ["CHECKS", "Finding", "Watcher", "examine"]
