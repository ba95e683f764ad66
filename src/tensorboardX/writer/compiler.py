"""Keeps torch.compile out of the methods of writers, without importing torch.

Its front end, dynamo, asks in two places whether to compile. Where code that it compiles calls a function, it asks for
the attribute `_torchdynamo_disable` and leaves the call as it is. Where Python then runs the function, it asks for the
strategy of its code: without one it compiles the frame, and after it those of everything that the function calls.
`torch.compiler.disable` answers both by a wrapper, which would cost each call of `add_scalar` as much as the call.
"""

from __future__ import annotations

import sys
from types import CodeType, FunctionType
from typing import Any, TypeVar

_PACKAGE = __name__.partition(".")[0]
_entry_points: list[CodeType] = []
Writer = TypeVar("Writer", bound=type)


class _Disabled:
    """True, for dynamo. It asks before it runs a function, so torch is imported by then."""

    def __bool__(self) -> bool:
        register_with_compiler()
        return True


_DISABLED = _Disabled()


def keep_from_compiler(writer: Writer) -> Writer:
    """Have torch.compile run the methods of a class, and what they call, as they are. A decorator."""
    for member in vars(writer).values():
        for function in (member, getattr(member, "fget", None), getattr(member, "fset", None)):
            if isinstance(function, FunctionType):
                function._torchdynamo_disable = _DISABLED  # type: ignore[attr-defined]
                function._torchdynamo_disable_msg = "logging"  # type: ignore[attr-defined]
                if function.__globals__["__name__"].startswith(_PACKAGE):  # not the code of a wrapper of contextlib
                    _entry_points.append(function.__code__)
    return writer


def register_with_compiler() -> None:
    """Set the strategy of the methods if torch is imported by now: do not compile them, nor any frame they call."""
    dynamo: Any = sys.modules.get("torch._C._dynamo.eval_frame")
    if not _entry_points or not hasattr(dynamo, "_FrameExecStrategy"):  # nothing new, no torch, or one before 2.7
        return
    skip = dynamo._FrameAction.SKIP
    strategy = dynamo._FrameExecStrategy(skip, skip)
    while _entry_points:
        dynamo.set_code_exec_strategy(_entry_points.pop(), strategy)
