"""Uploads at the end of a process.

Looking up the address of a server is work that fsspec's event loop gives to threads. `concurrent.futures` refuses
it from the moment when the main thread ends, and since Python 3.12 no thread can start from then on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_ending = False


def process_is_ending() -> bool:
    """Return whether the main thread has ended, as far as `outlive_executors` was told."""
    return _ending


def outlive_executors() -> None:
    """The process is ending: let fsspec's event loop do by itself, from now on, what it would give to threads."""
    global _ending
    _ending = True
    loop = getattr(sys.modules.get("fsspec.asyn"), "loop", [None])[0]
    if loop is not None:
        loop.set_default_executor(_inline_executor())


def stay() -> None:
    """In a fork's child, which goes on."""
    global _ending
    _ending = False


def _inline_executor() -> Any:
    from concurrent.futures import Future, ThreadPoolExecutor  # here: few programs need it

    class InlineExecutor(ThreadPoolExecutor):  # an event loop takes nothing else
        """Does work where it is submitted."""

        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:
                future.set_exception(error)
            return future

    return InlineExecutor()
