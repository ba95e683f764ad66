"""Which ranks write, and where: the argument `distributed` of SummaryWriter."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import InvalidTypeError, InvalidValueError, describe
from .identity import Rank

RANK0, PER_RANK, LAST_RANK = "rank0", "per_rank", "last_rank"
MODES = (RANK0, PER_RANK, LAST_RANK)

RUN_PREFIX = "rank_"
"""What the names of the runs of ranks begin with; the rank follows."""

Path = str | os.PathLike[str]


class Place(NamedTuple):
    """What a rank does: write to the directory `logdir`, or not at all."""

    logdir: Path
    is_silent: bool = False


def checked_mode(mode: object) -> str | None:
    """Return a value of `distributed`. Raises TypeError or ValueError for another one."""
    if mode is None or mode in MODES:
        return mode
    make = InvalidValueError if isinstance(mode, str) else InvalidTypeError
    raise make(f"distributed: got {describe(mode)}; accepted are {', '.join(map(repr, MODES))} and None")


def checked_patterns(patterns: object) -> list[str]:
    """Return a value of `reduce` as a list. Raises TypeError for what is not a glob or a list of globs."""
    if patterns is None:
        return []
    found = [patterns] if isinstance(patterns, str) else patterns
    if not isinstance(found, Sequence) or not all(isinstance(pattern, str) for pattern in found):
        raise InvalidTypeError(f"reduce: got {describe(patterns)}; accepted is a glob of tags or a list of globs")
    return list(found)


def place_of(mode: str | None, rank: Rank | None, logdir: Path) -> Place:
    """Return what a rank does. A process that is alone writes to `logdir`, whatever the mode."""
    if mode is None or rank is None:
        return Place(logdir)
    if mode == PER_RANK:
        return Place(_joined(logdir, f"{RUN_PREFIX}{rank.rank}"))
    return Place(logdir, is_silent=rank.rank != (0 if mode == RANK0 else rank.world_size - 1))


def _joined(directory: Path, name: str) -> Path:
    """Return a directory below another one; a `pathlib.Path` stays one."""
    try:
        return directory / name  # type: ignore[operator,no-any-return]
    except TypeError:
        return os.path.join(os.fspath(directory), name)
