"""A thread of rank 0 that follows the files of all ranks, and writes what is known of all of them to the parent run.

No rank talks to another one for it. The thread imports nothing (see docs/architecture.md): all that it needs is
imported with this module, in the constructor of a writer.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..background.signal import AutoResetEvent
from ..background.weak_sets import members
from ..errors import TensorBoardXError
from ..notices import log_safely, logger
from ..reader.columns import Columns
from ..reader.follow import Follower
from ..reader.logdir import open_logdir
from ..summary.scalar_series import encode_groups
from ..summary.text import prepare_text
from .modes import RUN_PREFIX
from .reduction import STATISTICS, Reduced, Reduction
from .slow_ranks import SlowRanks

INTERVAL = 4.0
"""Seconds between two looks at the files. Each takes the interpreter lock from the training some hundred times."""

SLOW_RANK = "slow_rank"
"""The tag of the texts that name a slow rank."""

_RUN = re.compile(rf"^{RUN_PREFIX}(\d+)$")
_PATIENCE_AT_END = 3.0  # seconds that the end waits for what other ranks still write
_INTERVAL_AT_END = 0.1
_PATIENCE_FOR_THREAD = 2.0  # seconds beyond that; a look may take a while
_EARLY = 1.0  # seconds by which other ranks may begin before this one
_MEMORY_OF_VALUES = 16  # bytes for each byte, until they are written


class Output(Protocol):
    """The methods of a FileWriter that are needed."""

    def add_scalar_events(self, tags: Sequence[str], encode: Callable[[], list[bytes]], nbytes: int) -> None:
        """Write the Events that `encode()` returns."""

    def add_deferred(self, tag: str, encode: Callable[[], bytes], global_step: Any = None) -> None:
        """Write the Summary that `encode()` returns."""

    def close(self) -> None:
        """Write everything; an event that is added later opens a new file."""


class Reducer:
    """Follows the runs `rank_<n>` below a directory.

    Args:
        directory: the parent run.
        world_size: how many ranks there are.
        tags: globs of the tags to reduce.
        output: the writer of the parent run.
        purge_step: what was logged before now at this step or a later one is void.

    The reduction goes on where an earlier process has left it.

    The thread is a daemon; `start` starts it, in this process only: a fork's child has none.
    """

    def __init__(
        self, directory: str, world_size: int, tags: list[str], output: Output, purge_step: int | None = None
    ) -> None:
        self._directory = directory
        self._output = output
        self._follower = Follower(directory, runs=_RUN, tags=tags)
        self._arguments = world_size, tags
        self._void = (math.inf, -math.inf) if purge_step is None else (purge_step, time.time() - _EARLY)
        self._reduction: Reduction | None = None
        self._slow_ranks = SlowRanks()
        self._pid = os.getpid()
        self._wake = AutoResetEvent()
        self._is_ending = False
        self._has_failed = False
        self._thread: threading.Thread | None = None
        _reducers.add(self)

    def start(self) -> None:
        """Follow the files from now on, unless that is done already."""
        if self._thread is not None or os.getpid() != self._pid:
            return
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="tensorboardX-ranks", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # the interpreter is shutting down
            self._thread = None

    def request_end(self) -> None:
        """Let the thread end, without waiting."""
        if os.getpid() == self._pid:
            self._is_ending = True
            self._wake.set()

    def finish(self) -> None:
        """Reduce what there is, wait for what other ranks still write, and end the thread: within five seconds."""
        thread = self._thread
        if thread is None or os.getpid() != self._pid:
            return
        self.request_end()
        thread.join(_PATIENCE_AT_END + _PATIENCE_FOR_THREAD)
        self._thread = None
        self._output.close()

    # ---- in the thread

    def _run(self) -> None:
        while not self._is_ending:
            self._look()
            self._wake.wait(INTERVAL)
        deadline = time.monotonic() + _PATIENCE_AT_END
        while time.monotonic() < deadline:
            if not self._look() and self._reduction is not None and self._reduction.is_settled():
                break
            time.sleep(_INTERVAL_AT_END)
        self._look(everything=True)

    def _look(self, everything: bool = False) -> bool:
        """Read what is new, and write what can be; return whether there was anything. Never raises."""
        try:
            if self._reduction is None:
                world_size, tags = self._arguments
                self._reduction = Reduction(world_size, _reduced_until(self._directory, tags), self._void)
            found = self._follower.poll()
            now = time.monotonic()
            for columns in found:
                self._take(self._reduction, columns, now)
            self._write(self._reduction.take(now, everything), now)
        except Exception as error:
            self._note_failure(error)
            return False
        return bool(found)

    def _take(self, reduction: Reduction, columns: Columns, now: float) -> None:
        for rank, tag, rows in _series(columns):
            steps, wall_times, values = (columns[name][rows] for name in ("step", "wall_time", "value"))
            reduction.add(rank, tag, steps, wall_times, values, now)
            self._slow_ranks.note_progress(rank, tag, int(steps[-1]), float(wall_times[-1]))

    def _write(self, found: list[Reduced], now: float) -> None:
        for reduced in found:
            self._slow_ranks.note_reduced(reduced)
            values = reduced.statistics()
            encode = partial(encode_groups, reduced.tags, values, reduced.steps, reduced.wall_times)
            self._output.add_scalar_events(reduced.tags, encode, values.nbytes * _MEMORY_OF_VALUES)
        for slow in self._slow_ranks.find(now):
            log_safely(logger.warning, "%s: %s", self._directory, slow)
            self._output.add_deferred(SLOW_RANK, prepare_text(SLOW_RANK, f"{slow}."), slow.step)

    def _note_failure(self, error: Exception) -> None:
        if not self._has_failed:
            self._has_failed = True
            log_safely(logger.warning, "%s: the ranks cannot be reduced: %s", self._directory, error)


def _series(columns: Columns) -> Iterator[tuple[int, str, npt.NDArray[np.intp]]]:
    """Yield each rank and tag of which there are points, and the rows of these; rank 0 first."""
    names: dict[tuple[str, str], int] = {}
    pairs = zip(columns["run"].tolist(), columns["tag"].tolist(), strict=True)
    numbers = np.array([names.setdefault(pair, len(names)) for pair in pairs])
    order = np.argsort(numbers, kind="stable")
    series = np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)
    found = [(_rank_of(run), tag, rows) for (run, tag), rows in zip(names, series, strict=True)]
    yield from sorted(found, key=itemgetter(0))


def _rank_of(run: str) -> int:
    found = _RUN.match(run)
    return -1 if found is None else int(found[1])


def _reduced_until(directory: str, tags: list[str]) -> dict[str, float]:
    """Return, by tag, the wall time of the last point that an earlier process has reduced."""
    suffix = f"/{STATISTICS[-1]}"
    with contextlib.suppress(TensorBoardXError):  # there is none
        index = open_logdir(directory, progress=False).index(runs=".", tags=[f"{tag}{suffix}" for tag in tags])
        pairs: Iterator[tuple[str, float]] = zip(index["tag"].tolist(), index["last_wall_time"].tolist(), strict=True)
        return {tag.removesuffix(suffix): wall_time for tag, wall_time in pairs}
    return {}


_reducers: weakref.WeakSet[Reducer] = weakref.WeakSet()


def _finish_all() -> None:
    """At the end of the process, before its writers are closed: functions registered last are called first."""
    for reducer in members(_reducers):
        reducer.request_end()
    for reducer in members(_reducers):
        reducer.finish()


atexit.register(_finish_all)
