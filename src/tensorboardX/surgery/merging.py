"""Many files of a run made one."""

from __future__ import annotations

import os

from ..reader.filters import Names
from .change import Request, change
from .edits import Edit
from .report import Report
from .spans import is_version


def merge(
    logdir: str | os.PathLike[str],
    *,
    runs: Names = None,
    out: str | os.PathLike[str] | None = None,
    in_place: bool = False,
    dry_run: bool = False,
) -> Report:
    """Make the event files of each run one file, in the order in which TensorBoard reads them.

    The file has the name of the last one: files that are written later follow it in that order. A file in which
    nothing can be read is left as it is.

    Args:
        logdir: a log directory; see `surgery` for `runs`, `out`, `in_place` and `dry_run`.

    Raises what `surgery` lists.
    """
    return change(Request("merge", logdir, runs, out, in_place, dry_run, joins=True), lambda run: Merging())


class Merging(Edit):
    """Leaves out the version of the format where it was told before."""

    def __init__(self) -> None:
        super().__init__()
        self._is_first = True
        self._begins = False

    def begin_file(self) -> None:
        super().begin_file()
        self._begins = True

    def edit(self, data: bytes) -> list[bytes]:
        begins, self._begins = self._begins, False
        if begins and is_version(data):
            is_first, self._is_first = self._is_first, False
            return [data] if is_first else []
        return [data]
