"""The end of the daemonic children of multiprocessing, the workers of a Pool among them.

Their parent ends them by SIGTERM: `with Pool() as pool: pool.map(...)` does so as soon as there is the last result.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

from . import writer_thread

_prepared = False


def write_before_termination() -> None:
    """In such a child, write everything before SIGTERM ends it. Does nothing where SIGTERM is already handled."""
    global _prepared
    if _prepared:
        return
    _prepared = True
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is None or multiprocessing.parent_process() is None:
        return
    handled = signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    if multiprocessing.current_process().daemon and not handled and _in_main_thread():
        signal.signal(signal.SIGTERM, _write_and_terminate)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _write_and_terminate(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)  # a second one ends it at once
    if not writer_thread.WriterThread.exiting:  # or it is just about to end, and writing
        writer_thread.close_all()
        os.kill(os.getpid(), number)


def _after_fork_in_child() -> None:
    global _prepared
    _prepared = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
