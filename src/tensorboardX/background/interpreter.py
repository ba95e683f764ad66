"""Which of the process's interpreters this is."""

from __future__ import annotations

import contextlib
from importlib import import_module


def is_subinterpreter() -> bool:
    """Whether this interpreter is not the one that the process began with.

    Python ends the process with an error where a subinterpreter ends with a daemon thread in it (`Py_EndInterpreter`).
    """
    for name in ("_interpreters", "_xxsubinterpreters"):  # from Python 3.13 on, and before
        with contextlib.suppress(ImportError):
            interpreters = import_module(name)
            return bool(interpreters.get_current() != interpreters.get_main())
    return False
