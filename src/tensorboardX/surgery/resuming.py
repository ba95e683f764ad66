"""What `SummaryWriter(..., resume_step=N)` does with the files that an earlier process left."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing

from ..errors import InvalidValueError
from ..notices import log_safely, logger
from ..reader.damage import DamageLog
from ..reader.listing import list_runs
from ..reader.records import stretches_of
from ..reader.source import FileFacts
from ..records.events import name_after
from ..storage.factories import is_local, local_path
from .change import Request, change
from .spans import has_values, span_of, tag_of
from .trimming import Trimming, checked_step


def check_resumable(logdir: str, step: object) -> int:
    """Return the step. Raises TypeError or ValueError for what is none, ValueError for what is no local directory."""
    checked = checked_step("resume_step", step)
    if not is_local(logdir):
        raise InvalidValueError(f"resume_step: got the log directory {logdir!r}; accepted is a local one")
    return checked


def resume(logdir: str, step: int, is_sub_run: Callable[[str, str], bool]) -> list[str]:
    """Leave out what a run has logged at a step and later, and return the names of the run and of its sub-runs.

    The files that this process makes from now on sort after theirs, as TensorBoard reads files in the order of names.

    Args:
        logdir: a local directory; it need not be there.
        step: the first that is left out.
        is_sub_run: whether a run below the log directory, by its name and the tag of its first value, belongs to this
            one. Others are left as they are.

    Raises LogdirError if a file that has to change may still be written to, or cannot be changed.
    """
    path = local_path(logdir)
    if not os.path.isdir(path):
        return []
    found = {run: files for run, files in list_runs(path).items() if run == "." or is_sub_run(run, _first_tag(files))}
    if not found:
        return []
    request = Request("resume_step", path, found.__contains__, in_place=True, is_resume=True)
    report = change(request, lambda run: Trimming(step))
    if report.damage:
        more = f", and {len(report.damage) - 1} more" if len(report.damage) > 1 else ""
        log_safely(logger.warning, "a part of an event file cannot be read: %s%s", report.damage[0], more)
    name_after(os.path.basename(facts.path) for files in found.values() for facts in files)
    return list(found)


def _first_tag(files: list[FileFacts]) -> str:
    """Return the tag of the first value in the files of a run, an empty string if there is none."""
    for facts in files:
        with closing(facts.open()) as source:
            for records in stretches_of(source, DamageLog()):
                for record in records:
                    found = span_of(record.data)
                    if found is not None and has_values(found[1]) and found[1].values:
                        return tag_of(found[0], found[1].values[0])
    return ""
