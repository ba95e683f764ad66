"""Which runs there are below a log directory, and which event files each has.

As in TensorBoard, a run is a directory with files whose names contain `tfevents`. Its name is its path relative to
the log directory, with slashes; the log directory itself is the run `.`.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable

from ..errors import LogdirError, reason
from .source import FileFacts, file_system_of, local_facts, remote_facts

Runs = dict[str, list[FileFacts]]

_MARK = "tfevents"


def is_event_file(name: str) -> bool:
    """Whether TensorBoard would take a file of this name for an event file."""
    return _MARK in name


def list_runs(path: str, is_wanted: Callable[[str], bool] = is_event_file) -> Runs:
    """Return the event files of each run, both in the order of their names.

    Args:
        path: a log directory, one file, or a URL of either.
        is_wanted: tells of the name of a file whether to list it.

    Raises LogdirError if there is nothing at `path`, or it cannot be listed.
    """
    found = _list_remote(path, is_wanted) if "://" in path else _list_local(path, is_wanted)
    return {run: sorted(found[run], key=lambda facts: facts.path) for run in sorted(found)}


def _list_local(path: str, is_wanted: Callable[[str], bool]) -> Runs:
    single = local_facts(path)
    if single is not None:
        return {".": [single]} if is_wanted is is_event_file or is_wanted(os.path.basename(path)) else {}
    if not os.path.isdir(path):
        raise LogdirError(f"{path}: no such file or directory")
    runs: Runs = {}
    seen: set[tuple[int, int]] = set()  # directories: links may lead back up
    for directory, names, files in os.walk(path, followlinks=True):
        names[:] = [name for name in sorted(names) if _is_new(os.path.join(directory, name), seen)]
        found = [local_facts(os.path.join(directory, name)) for name in files if is_wanted(name)]
        if present := [facts for facts in found if facts is not None]:
            runs[os.path.relpath(directory, path).replace(os.sep, "/")] = present
    return runs


def _is_new(directory: str, seen: set[tuple[int, int]]) -> bool:
    try:
        found = os.stat(directory)
    except OSError:
        return False
    identity = found.st_dev, found.st_ino
    is_new = identity not in seen
    seen.add(identity)
    return is_new


def _list_remote(url: str, is_wanted: Callable[[str], bool]) -> Runs:
    file_system, root = file_system_of(url)
    try:
        file_system.invalidate_cache()  # a listing that is kept does not show what is written meanwhile
        found = file_system.find(root, detail=True)
    except Exception as error:  # each store has errors of its own kind
        raise LogdirError(f"{url}: {reason(error)}") from error
    if not found:
        raise LogdirError(f"{url}: no such object or directory")
    root = root.rstrip("/")
    if root in found:
        single = remote_facts(file_system, root, found[root])
        return {".": [single]} if is_wanted is is_event_file or is_wanted(posixpath.basename(root)) else {}
    runs: Runs = {}
    for name, info in found.items():
        if is_wanted(posixpath.basename(name)) and info.get("type", "file") == "file":
            run = posixpath.relpath(posixpath.dirname(name), root)
            runs.setdefault(run, []).append(remote_facts(file_system, name, info))
    return runs
