"""Runs a statement over and over, each time on a fresh copy of a directory, and kills it one system call later.

    python kill_at_each_call.py TEMPLATE WORK STATEMENT

The copies are `WORK/<number of the call>`. A write is cut in half before the kill. The statement sees the copy as
`logdir` and a directory that is not there yet, beside it, as `out`. Prints how many calls there were.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tensorboardX import SummaryWriter, surgery

CHANGES = ("write", "pwrite", "fsync", "rename", "replace", "link", "symlink", "unlink", "mkdir", "rmdir", "open")


def main(template: str, work: str, statement: str) -> None:
    import crc32c  # noqa: F401 (imports of the first call are no system calls of the verb)

    from tensorboardX.surgery import resuming  # noqa: F401

    for number in itertools.count(1):
        logdir = Path(work) / str(number) / "logs"
        shutil.copytree(template, logdir)
        child = os.fork()
        if not child:
            run(statement, number, {"logdir": logdir, "out": logdir.with_name("out")})
        status = os.waitpid(child, 0)[1]
        if not os.WIFSIGNALED(status):
            if status:
                raise SystemExit(f"the statement failed: {status}")
            print(number - 1)
            return


def run(statement: str, last: int, names: dict[str, Any]) -> None:
    calls = itertools.count(1)
    for name in CHANGES:
        setattr(os, name, killing(getattr(os, name), name, calls, last))
    try:
        exec(statement, {"surgery": surgery, "SummaryWriter": SummaryWriter} | names)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def killing(call: Callable[..., Any], name: str, calls: Any, last: int) -> Callable[..., Any]:
    def wrapper(*arguments: Any, **options: Any) -> Any:
        is_change = name != "open" or (len(arguments) > 1 and arguments[1] & os.O_CREAT)
        if is_change and next(calls) == last:
            if name == "write":
                call(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **options)

    return wrapper


if __name__ == "__main__":
    main(*sys.argv[1:])
