"""Other names for tags and runs."""

from __future__ import annotations

import errno
import os
import posixpath
from collections.abc import Mapping
from typing import Any

from ..errors import InvalidTypeError, InvalidValueError, LogdirError, describe, shown
from ..proto.event_pb2 import Event
from ..reader.filters import Names
from ..reader.listing import list_runs
from ..reader.skeleton import TAGGED_RUN_METADATA
from .change import Request, change, check_target, owned
from .edits import Edit
from .live import refuse_written
from .report import FileReport, Report
from .spans import has_values, packed_tag, span_of, tag_of, with_tag, with_values
from .switch import sync_directory


def rename(
    logdir: str | os.PathLike[str],
    *,
    tags: Mapping[str, str] | None = None,
    run: tuple[str, str] | None = None,
    runs: Names = None,
    out: str | os.PathLike[str] | None = None,
    in_place: bool = False,
    dry_run: bool = False,
) -> Report:
    """Give tags other names, or one run another name.

    Args:
        logdir: a log directory or one event file; see `surgery` for `runs`, `out`, `in_place` and `dry_run`.
        tags: new names by the old ones, as they are stored: `add_text("note", ...)` stores `note/text_summary`. What
            mentions tags, as layouts of custom scalars do, is left as it is.
        run: the old name and the new one. What lies below its directory moves with it, runs and files of embeddings
            included; `out` gets only the event files.

    Raises TypeError or ValueError for names that cannot be used, ValueError if a new name is in use or both or none
    of `tags` and `run` are given, and what `surgery` lists.
    """
    if (tags is None) == (run is None):
        raise InvalidValueError("rename: accepted is either tags or run")
    if run is not None:
        return _rename_run(Request("rename", logdir, None, out, in_place, dry_run), _checked_pair(run))
    names = _checked_names(tags)
    return change(Request("rename", logdir, runs, out, in_place, dry_run), lambda name: Renaming(name, names))


class Renaming(Edit):
    """Gives tags other names."""

    def __init__(self, run: str, names: Mapping[str, str]) -> None:
        super().__init__()
        self._run = run
        self._names = names
        self._made: set[str] = set()  # new names that came up, in place of old ones
        self._stayed: set[str] = set()  # tags that have such a name already

    def edit(self, data: bytes) -> list[bytes]:
        found = span_of(data)
        if found is None:
            return [data]
        written, span = found
        if span.field == TAGGED_RUN_METADATA:
            new = self._new_name(packed_tag(written, span))
            return [data] if new is None else [_with_run_metadata_tag(written, new)]
        if not has_values(span):
            return [data]
        tags = [self._new_name(tag_of(written, value)) for value in span.values]
        self.values_before += len(tags)
        self.values_after += len(tags)
        if not any(tag is not None for tag in tags):
            return [data]
        values = [
            written[slice(*value.whole)] if tag is None else with_tag(written, value, tag)
            for tag, value in zip(tags, span.values, strict=True)
        ]
        return [with_values(span, values)]

    def _new_name(self, tag: str) -> str | None:
        new = self._names.get(tag)
        if new is None:
            self._stayed.add(tag)
        else:
            self._made.add(new)
        return new

    def end_run(self) -> None:
        used = sorted(self._made & self._stayed)
        if used:
            raise InvalidValueError(f"tags: run {shown(self._run)} has a tag {shown(used[0])} already; drop it first")


def _with_run_metadata_tag(data: bytes, tag: str) -> bytes:
    event = Event.FromString(data)
    event.tagged_run_metadata.tag = tag
    return event.SerializeToString()


def _checked_names(tags: Any) -> dict[str, str]:
    if not isinstance(tags, Mapping):
        raise InvalidTypeError(f"tags: got {describe(tags)}; accepted is a dict of new names by old ones")
    for old, new in tags.items():
        for name in (old, new):
            if not isinstance(name, str) or not name:
                raise InvalidTypeError(f"tags: got {describe(name)}; accepted is a string that is not empty")
    names = {old: new for old, new in tags.items() if old != new}
    if len(set(names.values())) < len(names):
        raise InvalidValueError(f"tags: got {describe(dict(tags))}; accepted are new names that differ")
    return names


# ---- runs


def _checked_pair(run: Any) -> tuple[str, str]:
    if not (isinstance(run, tuple) and len(run) == 2 and all(isinstance(name, str) for name in run)):
        raise InvalidTypeError(f"run: got {describe(run)}; accepted is a tuple of the old name and the new one")
    old, new = run
    for name in run:
        parts = name.split("/")
        is_safe = all(part not in ("", ".", "..") and "tfevents" not in part for part in parts)
        if not is_safe or any(character in name for character in "\0\\:"):
            accepted = "the name of a directory below the log directory, as `ls` shows it"
            raise InvalidValueError(f"run: got {shown(name)}; accepted is {accepted}")
    if new == old or new.startswith(f"{old}/") or old.startswith(f"{new}/"):
        raise InvalidValueError(f"run: got {shown(old)} and {shown(new)}; accepted are names that differ")
    return old, new


def _rename_run(request: Request, names: tuple[str, str]) -> Report:
    check_target(request)
    old, new = names
    found = list_runs(request.path())
    moved = {run: posixpath.join(new, posixpath.relpath(run, old)) for run in found if _is_within(run, old)}
    moved = {run: posixpath.normpath(name) for run, name in moved.items()}
    if not moved:
        raise InvalidValueError(
            f"run: there is no run {shown(old)} in {request.path()}; there are {sorted(found)[:20]}"
        )
    if any(_is_within(run, new) for run in found):
        raise InvalidValueError(f"run: there is a run {shown(new)} already; accepted is a name that is not in use")
    if request.in_place and not request.dry_run:
        with owned(request) as root:
            _move(root, old, new, request.is_resume)
    elif not request.dry_run:
        everything = Request("rename", request.logdir, moved.__contains__, request.out, name_of=moved.__getitem__)
        return Report("rename", request.path(), False, change(everything, lambda run: Edit()).files, moved)
    files = tuple(
        FileReport(run, f"{run}/{os.path.basename(facts.path)}", facts.size, facts.size, 0, 0, changed=True)
        for run in moved
        for facts in found[run]
    )
    return Report("rename", request.path(), request.dry_run, files, moved)


def _is_within(run: str, name: str) -> bool:
    return run == name or run.startswith(f"{name}/")


def _move(root: str, old: str, new: str, is_resume: bool) -> None:
    """Rename the directory: one step, after which all of its files are under the other name."""
    source, target = (os.path.join(root, *name.split("/")) for name in (old, new))
    if os.path.lexists(target):
        raise LogdirError(errno.EEXIST, f"{target} is there already; nothing was changed")
    parent = os.path.dirname(target)
    for path in (source, parent):
        if os.path.realpath(path) != path:
            raise LogdirError(errno.ELOOP, f"{path} is a symbolic link, or below one; nothing was changed")
    refuse_written([facts.path for files in list_runs(source).values() for facts in files], is_resume)
    os.makedirs(parent, exist_ok=True)
    os.rename(source, target)
    sync_directory(parent, os.path.dirname(source))
