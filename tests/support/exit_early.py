"""Run a program as `__main__`, and end the process as soon as its exit handlers have run.

torch 2.13 keeps the threads of gloo for as long as something refers to the group, `destroy_process_group` or not: a
model, or default arguments of torch.distributed.nn. Such a thread that drops a result while the interpreter is taken
down asks for its lock, and Python before 3.14 then aborts the process, with a writer or without: "terminate called
without an active exception" (pytorch/pytorch#190489). Only that last phase is left out here.
"""

from __future__ import annotations

import atexit
import os
import runpy
import sys

status = 1  # unless the program comes to its end


def leave() -> None:
    """End the process at once. Registered first, this is the last of the exit handlers."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    del sys.argv[0]
    sys.path[0] = os.path.dirname(sys.argv[0])
    atexit.register(leave)
    kept = runpy.run_path(sys.argv[0], run_name="__main__")  # what the program refers to lives until the exit
    status = 0
