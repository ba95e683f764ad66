"""The thread that checks scalars while a program logs them, and calls the user's function with what it finds.

The threads that write hand over what they write, which costs an append. A thread of its own checks it and calls the
function, which may take its time, import, log and flush: nothing waits for it but `close`.
"""

from __future__ import annotations

import atexit
import collections
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from google.protobuf.message import DecodeError

from ..doctor.finding import Finding
from ..doctor.watcher import Scalar, Watcher
from ..notices import log_safely
from ..proto.event_pb2 import Event
from ..summary.tags import clean_tag
from . import progress
from .entries import ScalarEntry
from .options import Observer
from .signal import AutoResetEvent
from .weak_sets import members

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2
"""Between two looks at what was logged."""

_LINGER_SECONDS = 5.0  # without a scalar, after which the thread ends
_WAIT_SECONDS = 0.002  # between two looks of a caller that waits
_PAUSE = 20e-6  # seconds after each tag, in which other threads get the interpreter lock
_TAGS_AT_ONCE = 500  # about 40 ms of work; where there are more, each one is checked less often
_MOST_PENDING = 1_000_000  # scalars that wait to be checked
_MOST_BYTES = 64 << 10  # of an Event that is looked at

Batch = Sequence[ScalarEntry | bytes]


class Watchdog:
    """Checks the scalars of a run and its sub-runs.

    Args:
        report: called with each `Finding`, in the thread of the watchdog. What it raises is logged, the first time.
    """

    def __init__(self, report: Callable[[Finding], object]) -> None:
        self._report = report
        self._has_raised = self._has_dropped = False
        self._reset()
        _watchdogs.add(self)

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._inbox: collections.deque[tuple[str, Batch]] = collections.deque()
        self._pending = 0  # scalars in the inbox, about
        self._watcher = Watcher()
        self._names: dict[str, str] = {}  # of tags as they are in the file, by the tags of plain scalars
        self._working = threading.Lock()  # held by a thread that checks
        self._wake = AutoResetEvent()
        self._thread: threading.Thread | None = None

    def observer(self, run: str) -> Observer:
        """Return what takes the scalars of a run."""
        return partial(self.take, run)

    def take(self, run: str, batch: Batch) -> None:
        """Take scalars to check them later. Called by any thread; what a thread does not keep up with is left out."""
        if self._pid != os.getpid():  # a fork's child has neither the thread nor a sound state of the checks
            self._reset()
        if self._pending > _MOST_PENDING:
            if not self._has_dropped:
                self._has_dropped = True
                log_safely(logger.warning, "the watchdog does not keep up; some scalars are not checked")
            return
        self._pending += len(batch)
        self._inbox.append((run, batch))
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="tensorboardX-watchdog", daemon=True)
        self._thread = thread
        try:
            thread.start()
        except RuntimeError:  # at interpreter shutdown, or there are too many threads: the next batch tries again
            self._thread = None

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until everything that was taken is checked, `seconds` (`PATIENCE`) at most; return whether it is."""
        give_up = time.monotonic() + (progress.PATIENCE if seconds is None else seconds)
        while self._pid == os.getpid() and self._is_behind():
            if self._thread is threading.current_thread() or time.monotonic() > give_up:
                return False
            if self._thread is None:
                self._start()
            self._wake.set()
            time.sleep(_WAIT_SECONDS)
        return True

    def _is_behind(self) -> bool:
        return bool(self._inbox) or self._working.locked() or self._watcher.is_behind

    def _run(self) -> None:
        last_work = time.monotonic()
        while True:
            self._wake.wait(POLL_SECONDS)
            if self._inbox or self._watcher.is_behind:
                with self._working:
                    self._check_all()
                last_work = time.monotonic()
            elif time.monotonic() - last_work > _LINGER_SECONDS:
                self._thread = None
                if not self._inbox:  # `take` appends before it looks for the thread, and starts one
                    return
                self._thread = threading.current_thread()

    def _check_all(self) -> None:
        while self._inbox:
            run, batch = self._inbox.popleft()
            self._pending -= len(batch)
            self._watcher.take(run, self._scalars_in(batch))
        for findings in self._watcher.check(_TAGS_AT_ONCE):
            for finding in findings:
                self._call(finding)
            time.sleep(_PAUSE)

    def _scalars_in(self, batch: Batch) -> Iterator[Scalar]:
        names = self._names
        for entry in batch:
            if isinstance(entry, tuple):
                name = names.get(entry[0])
                if name is None:
                    name = names[entry[0]] = clean_tag(entry[0])
                yield entry if name is entry[0] else (name, *entry[1:])
            elif len(entry) <= _MOST_BYTES:
                yield from _scalars_of(entry)

    def _call(self, finding: Finding) -> None:
        try:
            self._report(finding)
        except BaseException as error:  # SystemExit would end the thread, too
            if not self._has_raised:
                self._has_raised = True
                message = "the function that was given as watchdog raised %s: %s; this is logged once"
                log_safely(logger.warning, message, type(error).__name__, error, exc_info=True)


def _scalars_of(data: bytes) -> Iterator[Scalar]:
    """Yield the scalars of a serialized Event, tensors of one float included."""
    try:
        event = Event.FromString(data)
    except DecodeError:
        return
    for value in event.summary.value:
        if value.HasField("simple_value"):
            yield value.tag, value.simple_value, event.step, event.wall_time
        elif value.metadata.plugin_data.plugin_name == "scalars":
            numbers = [*value.tensor.float_val, *value.tensor.double_val]
            if len(numbers) == 1:
                yield value.tag, numbers[0], event.step, event.wall_time


_watchdogs: weakref.WeakSet[Watchdog] = weakref.WeakSet()


def _wait_at_exit() -> None:
    """Wait for the checks of what was flushed at the end of the main thread."""
    give_up = time.monotonic() + progress.PATIENCE
    for watchdog in members(_watchdogs):
        watchdog.wait(max(0.0, give_up - time.monotonic()))


atexit.register(_wait_at_exit)
