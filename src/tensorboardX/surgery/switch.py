"""Several files of a directory replaced as one: at any moment a reader finds all of the old ones, or all of the new.

The new files are written into a directory beside them, `.tensorboardX-surgery`, under names that TensorBoard does not
read. One file is then renamed over the old one. For several, each is first replaced by a symbolic link that leads to
the old one by way of the link `current`; so nothing changes for a reader. Renaming another link over `current` changes
all of them at once. Then the links are replaced by the new files. Whatever a process that was killed has left is
completed or undone by `recover`, and until then TensorBoard reads through the links.

    root/
      events.out.tfevents.1 -> .tensorboardX-surgery/current/0
      .tensorboardX-surgery/
        plan.json           which files, in order
        old/0  new/0        hard links to the old files, and the new ones
        current -> old      the switch

Where a file system has no links, the files are renamed one after the other, and `recover` completes that.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from typing import NamedTuple

from ..errors import LogdirError

STAGE = ".tensorboardX-surgery"

_PLAN, _CURRENT, _OLD, _NEW = "plan.json", "current", "old", "new"
_LINK, _SEQUENTIAL = "link", "sequential"


class Change(NamedTuple):
    """One file of a plan.

    Attributes:
        path: relative to the root, with slashes.
        was: whether there is such a file before.
        stays: whether there is one afterwards.
    """

    path: str
    was: bool
    stays: bool


class Switch:
    """Prepares and makes a change of files below `root`, a local directory. Every method raises OSError."""

    def __init__(self, root: str) -> None:
        self._root = os.path.realpath(root)
        self._stage = os.path.join(self._root, STAGE)
        self._changes: list[Change] = []

    def begin(self) -> None:
        """Make the directory for the new files."""
        for name in (_OLD, _NEW):
            os.makedirs(os.path.join(self._stage, name))

    def new_path(self) -> str:
        """Return where the next file goes, until it is part of a change."""
        return os.path.join(self._stage, _NEW, str(len(self._changes)))

    def add(self, path: str, stays: bool = True) -> None:
        """Note that the file at `new_path`, or nothing, takes the place of `path`."""
        was = os.path.lexists(os.path.join(self._root, path))
        self._changes.append(Change(path, was, stays))

    @property
    def paths(self) -> list[str]:
        """The files that are there before, and will not be or be others."""
        return [os.path.join(self._root, change.path) for change in self._changes if change.was]

    def commit(self) -> None:
        """Make the change."""
        if len(self._changes) == 1:
            self._replace_one(self._changes[0])
        elif self._changes:
            _write_plan(self._stage, self._changes)
            try:
                self._link_all()
            except (OSError, NotImplementedError):
                if os.path.lexists(self._path_of(_CURRENT)):
                    raise
                _write_nothing(self._path_of(_SEQUENTIAL))
            _set_current(self._stage, _NEW)
            _finish(self._root, self._stage, self._changes, is_new=True)
        self.discard()

    def discard(self) -> None:
        """Delete what was prepared and is of no use any more."""
        _clear(self._stage)

    def _replace_one(self, change: Change) -> None:
        target = os.path.join(self._root, change.path)
        if change.stays:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.replace(self._path_of(_NEW, "0"), target)
        else:
            os.unlink(target)
        sync_directory(os.path.dirname(target))

    def _link_all(self) -> None:
        """Replace each file by a link to what it was. Until the first one is replaced an error changes nothing."""
        for index, change in enumerate(self._changes):
            old, new = self._path_of(_OLD, str(index)), self._path_of(_NEW, str(index))
            if change.was:
                os.link(os.path.join(self._root, change.path), old)
            else:
                _write_nothing(old)  # a link must lead somewhere: TensorBoard stumbles over one that does not
            if not change.stays:
                _write_nothing(new)
        os.symlink(_OLD, self._path_of(_LINK))  # fails, and leaves nothing, where there are no links
        sync_directory(self._path_of(_OLD), self._path_of(_NEW))
        os.replace(self._path_of(_LINK), self._path_of(_CURRENT))
        sync_directory(self._stage)
        for index, change in enumerate(self._changes):
            target = os.path.join(self._root, change.path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.symlink(_link_to(self._root, change.path, index), self._path_of(_LINK))
            os.replace(self._path_of(_LINK), target)
        self._sync_directories()

    def _sync_directories(self) -> None:
        directories = {os.path.dirname(os.path.join(self._root, change.path)) for change in self._changes}
        sync_directory(*sorted(directories))

    def _path_of(self, *names: str) -> str:
        return os.path.join(self._stage, *names)


def recover(root: str) -> bool:
    """Complete or undo the change that a process left which was killed; return whether there was one.

    Raises OSError, LogdirError for a plan that this package would not have written.
    """
    root = os.path.realpath(root)
    stage = os.path.join(root, STAGE)
    if not os.path.isdir(stage) or os.path.islink(stage):
        return False
    changes = _read_plan(root, stage)
    if changes:
        current = os.path.join(stage, _CURRENT)
        leads_to = os.readlink(current) if os.path.islink(current) else ""
        if leads_to == _NEW or _is_sequential(stage):
            _finish(root, stage, changes, is_new=True)
        elif leads_to == _OLD:
            _finish(root, stage, changes, is_new=False)
    _clear(stage)
    return True


def unfinished_root(path: str) -> str | None:
    """Return where the change was begun that a file is part of, None if it is part of none."""
    if not os.path.islink(path):
        return None
    stage = os.path.dirname(os.path.dirname(os.path.join(os.path.dirname(path), os.readlink(path))))
    return os.path.dirname(os.path.realpath(stage)) if os.path.basename(stage) == STAGE else None


def sync_directory(*paths: str) -> None:
    """Bring names onto the disk, where the system can (Windows cannot)."""
    for path in paths:
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _finish(root: str, stage: str, changes: list[Change], is_new: bool) -> None:
    """Replace the links by what they lead to. Doing it again changes nothing."""
    has_links = not _is_sequential(stage)
    for index, change in enumerate(changes):
        target = os.path.join(root, change.path)
        source = os.path.join(stage, _NEW if is_new else _OLD, str(index))
        is_ours = os.path.islink(target) and os.readlink(target) == _link_to(root, change.path, index)
        if has_links and not is_ours:
            continue
        if change.stays if is_new else change.was:
            if os.path.lexists(source):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                os.replace(source, target)
        elif os.path.lexists(target):
            os.unlink(target)
    sync_directory(*sorted({os.path.dirname(os.path.join(root, change.path)) for change in changes}))


def _is_sequential(stage: str) -> bool:
    """Whether the files are replaced one after the other: no links could be made."""
    return os.path.lexists(os.path.join(stage, _SEQUENTIAL))


def _set_current(stage: str, name: str) -> None:
    """Make the switch."""
    if _is_sequential(stage):
        return
    current, link = os.path.join(stage, _CURRENT), os.path.join(stage, _LINK)
    os.symlink(name, link)
    os.replace(link, current)
    sync_directory(stage)


def _link_to(root: str, path: str, index: int) -> str:
    directory = os.path.dirname(os.path.join(root, path))
    return os.path.join(os.path.relpath(os.path.join(root, STAGE), directory), _CURRENT, str(index))


def _write_nothing(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o666))


def _write_plan(stage: str, changes: list[Change]) -> None:
    path = os.path.join(stage, _PLAN)
    with open(f"{path}.part", "w", encoding="utf-8") as file:
        json.dump(changes, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{path}.part", path)
    sync_directory(stage)


def _read_plan(root: str, stage: str) -> list[Change]:
    """Return the plan. It lies where others may write, so nothing outside of the root is believed."""
    try:
        with open(os.path.join(stage, _PLAN), encoding="utf-8") as file:
            changes = [Change(str(path), bool(was), bool(stays)) for path, was, stays in json.load(file)]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError) as error:
        raise LogdirError(f"{stage}: the plan in it cannot be read: {error}") from error
    for change in changes:
        directory = os.path.realpath(os.path.dirname(os.path.join(root, change.path)))
        if os.path.isabs(change.path) or os.path.commonpath([root, directory]) != root:
            raise LogdirError(f"{stage}: the plan in it leads out of the log directory: {change.path!r}")
    return changes


def _clear(stage: str) -> None:
    """Delete the directory, the plan first: without one there is nothing to complete."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(stage, _PLAN))
    shutil.rmtree(stage, ignore_errors=True)
