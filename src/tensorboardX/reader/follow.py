"""What comes into a log directory while it is written."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from ..errors import InvalidTypeError, InvalidValueError, LogdirError, describe
from .collector import Collector
from .columns import Columns, concatenated
from .damage import Damage, DamageLog, warn
from .filters import NameFilter, Names, Steps, step_filter
from .listing import Runs, list_runs
from .scalars import Points, TagNumbers
from .scan import RunScan
from .source import FileFacts
from .tables import scalar_table, table_of
from .values import KINDS, SCALARS

_PATIENCE = 5
"""How often a file is looked at that has something wrong in it, before that is skipped: it may be on its way."""


@dataclass
class _File:
    """How far a file is read."""

    number: int
    identity: object
    head: bytes
    offset: int = 0
    looks: int = 0  # since something wrong was found at `offset`
    patience: int = _PATIENCE

    def is_still(self, file: FileFacts, head: bytes) -> bool:
        """Whether a file of this name is the one that was read, as far as can be told."""
        has_other_head = bool(head and self.head) and head != self.head
        return self.identity == file.identity and file.size >= self.offset and not has_other_head


@dataclass
class _Run:
    scan: RunScan
    found: Collector
    files: dict[str, _File] = field(default_factory=dict)
    count: int = 0  # of files so far


class Follower:
    """Reads what is new at each call of `poll`.

    Args:
        path: a log directory, one file, or a URL of either.
        kinds: one kind of data or several: "scalars", "images" and so on.
        runs, tags, steps: what is wanted, see `Logdir`.

    A file that ends within a record, or has something wrong in it, is looked at again; only where it goes on behind
    that, and nothing has changed five times, is it skipped and noted in `damage`. A file that is smaller than before,
    or is another one under the same name, is read from its beginning.

    Raises TypeError or ValueError for what is none of these.
    """

    def __init__(
        self,
        path: str,
        kinds: str | Collection[str] = SCALARS,
        runs: Names = None,
        tags: Names = None,
        steps: Steps = None,
    ) -> None:
        self._path = path
        self._kinds = _checked_kinds(kinds)
        self._is_run = NameFilter("runs", runs)
        self._is_tag = NameFilter("tags", tags)
        self._is_step = step_filter(steps)
        self._numbers = TagNumbers(self._is_tag) if SCALARS in self._kinds else None
        self._runs: dict[str, _Run] = {}
        self._damage = DamageLog()
        self._warned: set[Damage] = set()

    def poll(self) -> list[Columns]:
        """Return what is new: columns for each kind of which there is something."""
        for name, files in self._list().items():
            if self._is_run(name):
                run = self._runs.get(name) or self._runs.setdefault(name, self._new_run())
                for file in files:
                    self._read(run, file)
        return self._take()

    def _list(self) -> Runs:
        try:
            return list_runs(self._path)
        except LogdirError:  # it is gone, and may come back
            return {}

    def _new_run(self) -> _Run:
        found = Collector(self._is_step)
        return _Run(RunScan(found, self._kinds, self._is_tag, self._numbers, self._damage), found)

    def _read(self, run: _Run, file: FileFacts) -> None:
        known = run.files.get(file.path)
        if known is not None and known.identity == file.identity and known.offset == file.size:
            return
        head = file.head()
        if known is None or not known.is_still(file, head):
            known = run.files[file.path] = _File(run.count, file.identity, head)
            run.count += 1
        known.head = known.head or head
        offset = run.scan.read(file, known.number, known.offset, resync=False)
        known.looks = known.looks + 1 if offset == known.offset else 0
        known.offset = offset
        if known.looks >= known.patience:
            known.offset = run.scan.step_over(file, offset)
            known.looks, known.patience = 0, _PATIENCE if known.offset > offset else 2 * known.patience

    def _take(self) -> list[Columns]:
        found: list[Columns] = []
        points: list[tuple[str, list[Points]]] = []
        tables: dict[str, list[Columns]] = {}
        for name, run in self._runs.items():
            points.append((name, run.found.points()))
            entries = run.found.entries()
            for kind in dict.fromkeys(entry.kind for entry in entries):
                of_kind = [entry for entry in entries if entry.kind == kind]
                tables.setdefault(kind, []).append(table_of(kind, name, of_kind, self._damage))
        damage = self._damage.found()
        warn(damage, self._warned)
        if self._numbers is not None and any(parts for _, parts in points):
            found.append(Columns(scalar_table(points, self._numbers), SCALARS, damage))
        found += [concatenated(parts, kind, damage) for kind, parts in tables.items()]
        found = [columns for columns in found if columns.rows]
        if found:
            self._damage.clear()  # they tell of it
        return found


def follow(
    follower: Follower, interval: float, timeout: float | None, stop: threading.Event | None
) -> Iterator[Columns]:
    """Yield what is new, and wait between two looks where there is nothing; see `Logdir.follow`."""
    waited = stop or threading.Event()
    latest = time.monotonic()
    while not waited.is_set():
        found = follower.poll()
        yield from found
        if found:
            latest = time.monotonic()
        elif timeout is not None and time.monotonic() - latest >= timeout:
            return
        else:
            waited.wait(interval)


def _checked_kinds(kinds: str | Collection[str]) -> frozenset[str]:
    try:
        found = [kinds] if isinstance(kinds, str) else list(kinds)
    except TypeError:
        raise InvalidTypeError(f"kinds: got {describe(kinds)}; accepted is a string or a list of strings") from None
    unknown = [kind for kind in found if kind not in KINDS]
    if unknown:
        raise InvalidValueError(f"kinds: got {describe(unknown[0])}; accepted are {', '.join(KINDS)}")
    return frozenset(found)
