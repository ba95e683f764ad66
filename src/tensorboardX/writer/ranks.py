"""What a writer does as one of several processes of a program."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..distributed.identity import Rank, visible_rank
from ..distributed.modes import PER_RANK, Path, checked_mode, checked_patterns, place_of
from ..errors import InvalidValueError
from ..notices import logger
from ..storage.factories import is_local, local_path
from .compiler import keep_from_compiler
from .environment import setting
from .file_writer import FileWriter

if TYPE_CHECKING:
    from ..distributed.reducer import Reducer

_ALSO_SILENT = ("export_scalars_to_json", "flush", "log")


class Role(NamedTuple):
    """What this process does.

    Attributes:
        rank: which one it is; None if it is alone.
        mode: of `distributed`.
        parent: the log directory of all ranks.
        logdir: the directory of this one.
        is_silent: whether it writes nothing.
        tags: globs of the tags to reduce.
    """

    rank: Rank | None
    mode: str | None
    parent: Path
    logdir: Path
    is_silent: bool
    tags: list[str]

    @property
    def reduces(self) -> bool:
        """Whether this is the rank that reduces what all of them log."""
        return bool(self.tags) and self.rank is not None and self.rank.rank == 0

    @property
    def parent_directory(self) -> str:
        """The log directory of all ranks as text; absolute if it is a local one."""
        directory = os.fspath(self.parent)
        return os.path.abspath(local_path(directory)) if is_local(directory) else directory


def role_of(
    distributed: str | None,
    reduce: str | Sequence[str] | None,
    logdir: Path,
    has_logdir: bool,
    shares_run: bool,
) -> Role:
    """Return what this process does, by the arguments of a SummaryWriter and the environment.

    Args:
        has_logdir: whether the directory was given, and is not the default one.
        shares_run: whether the writer is made for many processes, so that the environment is not for it.

    Raises TypeError or ValueError for arguments that are not valid.
    """
    mode, tags = checked_mode(distributed), checked_patterns(reduce)
    if not shares_run:
        mode = setting("distributed", mode, None)
    if tags and mode != PER_RANK:
        raise InvalidValueError(f"reduce: got tags with distributed={mode!r}; accepted with distributed={PER_RANK!r}")
    rank = visible_rank()
    if mode == PER_RANK and rank is not None and rank.world_size > 1 and not has_logdir:
        logger.warning("distributed=%r without a logdir: each rank chooses a directory by its host and time", PER_RANK)
    place = place_of(mode, rank, logdir)
    return Role(rank, mode, logdir, place.logdir, place.is_silent, tags)


def start_reducer(role: Role, output: FileWriter, purge_step: int | None) -> Reducer:
    """Start to reduce what the ranks log.

    Args:
        output: the writer of the parent run.
        purge_step: of the writer.
    """
    from ..distributed.reducer import Reducer

    world_size = role.rank.world_size if role.rank else 1
    reducer = Reducer(role.parent_directory, world_size, role.tags, output, purge_step)
    reducer.start()
    return reducer


def warn_of_ranks(role: Role, directory: str) -> None:
    """Warn if several ranks write to one directory, which this one has just opened a file in."""
    if role.rank is not None and role.rank.world_size > 1 and is_local(directory):
        from ..distributed.same_directory import warn_of_other_ranks

        warn_of_other_ranks(local_path(directory), role.rank)


@keep_from_compiler
class _Silent:
    def nothing(*args: Any, **kwargs: Any) -> None:
        """Do nothing."""


_nothing = vars(_Silent)["nothing"]


def silence(writer: Any, base: type) -> None:
    """Replace the methods that log by one that does nothing, on one object.

    Nothing is checked: to look at a value on an accelerator would make it wait. Each call breaks the graph of
    torch.compile as those of the rank that writes do, so that all ranks compile the same graphs. A method that a
    subclass overrides stays; what it calls of `base` writes to a `DummyFileWriter`.
    """
    for name in dir(base):
        if name.startswith("add_") or name in _ALSO_SILENT:
            own, inherited = getattr(type(writer), name), getattr(base, name)
            if own is inherited:
                vars(writer)[name] = _nothing
