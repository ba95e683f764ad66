"""Whether this is the main interpreter of the process."""

from __future__ import annotations

import contextlib
from importlib import import_module


def is_subinterpreter() -> bool:
    """Whether this interpreter is not the one that the process began with.

    `Py_EndInterpreter` aborts the process if a daemon thread of the subinterpreter is still running.
    """
    for name in ("_interpreters", "_xxsubinterpreters"):  # from Python 3.13 on, and before
        with contextlib.suppress(ImportError):
            interpreters = import_module(name)
            return bool(interpreters.get_current() != interpreters.get_main())
    return False
