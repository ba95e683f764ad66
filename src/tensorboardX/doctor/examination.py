"""All checks of a log directory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidValueError, describe
from .finding import CHECKS, Finding, Points
from .watcher import Watcher

if TYPE_CHECKING:
    from ..reader import Columns, Damage, Logdir
    from ..reader.filters import Names
    from ..reader.listing import Runs

MOST_RUNS = 500
"""TensorBoard selects no run by itself where there are more."""

_KINDS = "Give each kind of data a tag of its own; TensorBoard's Python loader answers with an error 500"
_RUNS = "Start TensorBoard on a part of them: the directory of one experiment, or --logdir_spec"
_DAMAGE = "Copy what is whole to a new file (tensorboardx repair)"


def examine(
    logdir: Logdir, runs: Names = None, tags: Names = None, checks: Collection[str] | None = None
) -> list[Finding]:
    """Return the faults in a log directory, in the order of runs and tags.

    Args:
        logdir: what `open_logdir` returns.
        runs, tags: those that are checked; see `Logdir`.
        checks: keys of `CHECKS`; None for all.

    Raises ValueError for a check that there is not, and what `Logdir.scalars` raises.
    """
    unknown = sorted(set(checks or ()) - CHECKS.keys())
    if unknown:
        raise InvalidValueError(f"checks: got {describe(unknown[0])}; accepted are {', '.join(CHECKS)}")
    columns, index = logdir.scalars(runs, tags), logdir.index(runs, tags)
    found = [*_of_series(columns), *two_kinds(index), *too_many(logdir.files(runs))]
    found += _damaged(logdir.files(runs), (*columns.damage, *index.damage))
    kept = [finding for finding in found if checks is None or finding.check in checks]
    return sorted(kept, key=lambda finding: (finding.run, finding.tag))


def _of_series(columns: Columns) -> Iterator[Finding]:
    watcher = Watcher()
    for run, tag, points in series_of(columns):
        yield from watcher.feed(run, tag, points)


def series_of(columns: Columns) -> Iterator[tuple[str, str, Points]]:
    """Yield run, tag and points of each series, in the order of the files."""
    runs, tags = columns["run"], columns["tag"]
    numbers: dict[tuple[str, str], int] = {}
    keys = np.fromiter(
        (numbers.setdefault(key, len(numbers)) for key in zip(runs, tags, strict=True)), np.int64, len(runs)
    )
    order = np.argsort(keys, kind="stable")
    borders = (np.flatnonzero(np.diff(keys[order])) + 1).tolist()
    points = [columns[name][order] for name in ("step", "wall_time", "value")]
    for (run, tag), (start, end) in zip(numbers, pairwise([0, *borders, len(runs)]), strict=False):
        yield run, tag, Points(*(column[start:end] for column in points))


def two_kinds(index: Columns) -> Iterator[Finding]:
    """Yield a finding for each tag of a run that has several kinds of data, by what `Logdir.index` returns."""
    kinds: dict[tuple[str, str], dict[str, Any]] = {}
    for run, tag, kind, step in zip(*(index[name] for name in ("run", "tag", "kind", "first_step")), strict=True):
        kinds.setdefault((run, tag), {})[kind] = step
    for (run, tag), steps in kinds.items():
        if len(steps) > 1:
            problem = f"it has {' and '.join(sorted(steps))}"
            yield Finding("kinds", run, tag, int(max(steps.values())), problem, _KINDS)


def _damaged(files: Runs, damage: Iterable[Damage]) -> Iterator[Finding]:
    run_of = {file.path: run for run, of_run in files.items() for file in of_run}
    for each in dict.fromkeys(damage):
        yield Finding("damage", run_of.get(each.path, ""), "", None, str(each), _DAMAGE)


def too_many(runs: Collection[str]) -> Iterator[Finding]:
    """Yield a finding if there are more runs than TensorBoard shows at once."""
    if len(runs) > MOST_RUNS:
        yield Finding("runs", "", "", None, f"there are {len(runs)} runs, and TensorBoard selects at most 500", _RUNS)
