"""The way of every verb that changes files: read, edit, write beside, replace."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

from ..errors import InvalidValueError, LogdirError, reason
from ..reader.damage import DamageLog
from ..reader.filters import NameFilter, Names
from ..reader.listing import list_runs
from ..reader.records import stretches_of
from ..reader.source import FileFacts
from ..storage.factories import is_local, local_path
from ..storage.locks import ExclusiveLock, LockingError
from .edits import Edit, EditFactory
from .live import refuse_written
from .new_file import NewFile
from .report import FileReport, Report
from .shared_journals import remove_journals
from .switch import Switch, recover, unfinished_root

_LOCK = ".tensorboardX-surgery.lock"
_PATIENCE = 2.0  # seconds for another surgery


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        verb: the name of the function.
        logdir: a log directory or one file.
        runs: which runs; see `reader`.
        out: the directory for the new files; None to change them in place.
        in_place: whether that is asked for.
        dry_run: whether to write nothing.
        joins: whether the files of a run become one.
        is_resume: whether the program that wrote the files is known to have ended.
        name_of: gives the new name of a run.
    """

    verb: str
    logdir: str | os.PathLike[str]
    runs: Names | Callable[[str], bool] = None
    out: str | os.PathLike[str] | None = None
    in_place: bool = False
    dry_run: bool = False
    joins: bool = False
    is_resume: bool = False
    name_of: Callable[[str], str] = lambda run: run

    def path(self) -> str:
        """Return the log directory as text, a local one without its scheme."""
        return local_path(os.fspath(self.logdir))

    def is_wanted(self) -> Callable[[str], bool]:
        """Return what tells whether a run is wanted. Raises TypeError for what is no filter."""
        return self.runs if callable(self.runs) else NameFilter("runs", self.runs)


def change(request: Request, make_edit: EditFactory) -> Report:
    """Edit event files; see `surgery` for the arguments and errors."""
    check_target(request)
    is_wanted = request.is_wanted()
    if request.dry_run:
        return _Rewriting(request, make_edit, is_wanted, None).run()
    try:
        if request.in_place:
            with owned(request) as root:
                return _committed(request, make_edit, is_wanted, root)
        return _committed(request, make_edit, is_wanted, _empty_directory(os.fspath(request.out or "")))
    except LogdirError:
        raise
    except OSError as error:
        raise LogdirError(error.errno, f"{request.path()} cannot be changed: {reason(error)}") from error


def check_target(request: Request) -> None:
    """Raise ValueError unless it is said where the new files go."""
    if request.out is not None and request.in_place:
        raise InvalidValueError(f"{request.verb}: got both out and in_place; accepted is one of them")
    if request.out is None and not request.in_place and not request.dry_run:
        raise InvalidValueError(f"{request.verb}: got neither out nor in_place=True; accepted is one of them")
    if request.in_place and not is_local(request.path()):
        raise InvalidValueError(f"{request.verb}: got {request.path()!r}; in place only local files are changed")
    if request.out is not None and not is_local(os.fspath(request.out)):
        raise InvalidValueError(f"{request.verb}: got out={os.fspath(request.out)!r}; accepted is a local directory")


def root_of(request: Request) -> str:
    """Return the directory below which files are replaced. Raises LogdirError if there is none."""
    path = request.path()
    root = os.path.dirname(path) or "." if os.path.isfile(path) else path
    if not os.path.isdir(root):
        raise LogdirError(errno.ENOENT, f"{path}: no such file or directory")
    return os.path.realpath(root)


@contextlib.contextmanager
def owned(request: Request) -> Iterator[str]:
    """Keep others from changing the files meanwhile, and complete what one of them left; yield the root."""
    root = root_of(request)
    with _locked(root):
        recover(root)
        unfinished = {
            found for files in list_runs(root).values() for facts in files if (found := unfinished_root(facts.path))
        }
        for other in sorted(unfinished - {root}):
            with _locked(other):
                recover(other)
        yield root


@contextlib.contextmanager
def _locked(root: str) -> Iterator[None]:
    lock = ExclusiveLock(os.path.join(root, _LOCK), _PATIENCE).hold()
    try:
        lock.__enter__()
    except TimeoutError as error:
        raise LogdirError(errno.EBUSY, f"{root}: another process changes files there") from error
    except LockingError:  # its file system has no locks
        yield
        return
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


def _empty_directory(out: str) -> str:
    """Make a directory, which must not have anything in it, and return it."""
    out = os.path.realpath(local_path(out))
    os.makedirs(out, exist_ok=True)
    recover(out)
    if any(files for _, _, files in os.walk(out)):
        raise LogdirError(errno.EEXIST, f"{out} is not empty; accepted is a directory without files, or none")
    return out


def _committed(request: Request, make_edit: EditFactory, is_wanted: Callable[[str], bool], root: str) -> Report:
    switch = Switch(root)
    switch.begin()
    try:
        rewriting = _Rewriting(request, make_edit, is_wanted, switch)
        report = rewriting.run()
        if request.in_place:
            rewriting.check_untouched(root)
            refuse_written(switch.paths, request.is_resume)
            for directory in sorted({os.path.dirname(path) for path in switch.paths}):
                remove_journals(directory)
        switch.commit()
    except BaseException:
        recover(root)
        raise
    return report


class _Rewriting:
    """Reads all files, and writes the new ones where they are prepared for the switch."""

    def __init__(
        self, request: Request, make_edit: EditFactory, is_wanted: Callable[[str], bool], switch: Switch | None
    ) -> None:
        self._request = request
        self._make_edit = make_edit
        self._is_wanted = is_wanted
        self._switch = switch
        self._seen: dict[str, os.stat_result] = {}  # local files, as they were before they were read

    def run(self) -> Report:
        reports: list[FileReport] = []
        for run, files in list_runs(self._request.path()).items():
            if not self._is_wanted(run):
                continue
            edit = self._make_edit(run)
            for sources in [files] if self._request.joins else [[facts] for facts in files]:
                reports += self._rewrite(run, sources, edit)
            edit.end_run()
        return Report(self._request.verb, self._request.path(), self._request.dry_run, tuple(reports))

    def check_untouched(self, root: str) -> None:
        """Raise LogdirError if a file that is to be replaced has changed since it was read, or is elsewhere."""
        for path in self._switch.paths if self._switch is not None else ():
            if os.path.realpath(path) != path:
                raise LogdirError(errno.ELOOP, f"{path} is a symbolic link, or below one; go to where it leads")
            before, now = self._seen[path], os.stat(path)
            if (before.st_ino, before.st_size, before.st_mtime_ns) != (now.st_ino, now.st_size, now.st_mtime_ns):
                raise LogdirError(errno.EBUSY, f"{path} was written to meanwhile; nothing was changed")

    def _rewrite(self, run: str, sources: list[FileFacts], edit: Edit) -> list[FileReport]:
        """Write one file that takes the place of these."""
        new = self._new_file(sources)
        try:
            reports = [self._read(run, facts, edit, new) for facts in sources]
            new.close(like=sources[-1].path if "://" not in sources[-1].path else None)
        except BaseException:
            new.abandon()
            raise
        read = [each for each in reports if each.events_before or not each.bytes_before]
        if not read or (len(reports) > 1 and len(read) == 1 and not read[0].damage):
            new.abandon()  # there is nothing that could be read, or nothing to join
            return reports
        target = read[-1]
        after = replace(
            target,
            bytes_after=new.size,
            events_after=new.count,
            values_after=sum(each.values_after for each in read),
            changed=new.is_changed,
        )
        if self._switch is not None and new.is_changed:
            self._switch.add(after.path if self._request.in_place else self._new_name(after))
        for position, each in enumerate(reports):
            if each is target:
                reports[position] = after
            elif each in read:
                reports[position] = replace(each, bytes_after=0, events_after=0, values_after=0, removed=True)
                if self._switch is not None and self._request.in_place:
                    self._switch.add(each.path, stays=False)
        return reports

    def _new_file(self, sources: list[FileFacts]) -> NewFile:
        path = None if self._switch is None else self._switch.new_path()
        is_whole = self._request.out is not None or len(sources) > 1
        return NewFile(path, is_whole, sources[-1].size if self._request.in_place else -1)

    def _new_name(self, file: FileReport) -> str:
        run, name = self._request.name_of(file.run), file.path.rpartition("/")[2]
        return name if run == "." else f"{run}/{name}"

    def _read(self, run: str, facts: FileFacts, edit: Edit, new: NewFile) -> FileReport:
        """Read one file; all that is left of it is appended to the new one."""
        damage, count, before = DamageLog(), 0, new.size
        path = facts.path.replace("\\", "/").rpartition("/")[2]
        if self._switch is not None and "://" not in facts.path:
            self._seen[os.path.realpath(facts.path)] = os.stat(facts.path)
        edit.begin_file()
        written = new.count
        with closing(facts.open()) as source:
            size = source.size()
            new.begin_source(source)
            for records in stretches_of(source, damage):
                for record in records:
                    count += 1
                    new.saw(record)
                    problems = len(edit.found)
                    new.put(edit.edit(record.data))
                    for why in edit.found[problems:]:
                        damage.add(facts.path, record.offset, record.end, why)
            new.put(edit.end_file())
            if count or not size:
                new.end_source(size)
        return FileReport(
            run,
            path if run == "." else f"{run}/{path}",
            size,
            new.size - before if count or not size else size,
            count,
            new.count - written,
            edit.values_before,
            edit.values_after,
            damage=damage.found(),
        )


def recover_all(logdir: str | os.PathLike[str]) -> None:
    """Complete or undo what a process left that was killed while it changed files here. Every change in place does so.

    Raises LogdirError.
    """
    with owned(Request("recover", logdir, in_place=True)):
        pass
