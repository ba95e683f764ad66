"""Uploads at the end of a process.

fsspec's event loop looks up the addresses of servers in threads of `concurrent.futures`. That refuses new work once
the main thread has ended, and since Python 3.12 no thread can start after that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_ending = False


def process_is_ending() -> bool:
    """Return whether `prepare_for_process_end` was called: the main thread has ended."""
    return _ending


def prepare_for_process_end() -> None:
    """Let fsspec's event loop run the work of its executor inline from now on, because the process is ending."""
    global _ending
    _ending = True
    loop = getattr(sys.modules.get("fsspec.asyn"), "loop", [None])[0]
    if loop is not None:
        loop.set_default_executor(_inline_executor())


def reset_after_fork() -> None:
    """In a fork's child, which is not ending."""
    global _ending
    _ending = False


def _inline_executor() -> Any:
    from concurrent.futures import Future, ThreadPoolExecutor  # here, because few programs need it

    class InlineExecutor(ThreadPoolExecutor):  # event loops accept no other class
        """Runs work in `submit`."""

        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:
                future.set_exception(error)
            return future

    return InlineExecutor()
