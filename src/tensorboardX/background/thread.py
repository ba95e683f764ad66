"""The thread that drains the queues of a run, and its handling of forks and of the end of the process."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
import threading
import weakref
from time import monotonic
from typing import Protocol

from ..notices import log_safely
from ..storage import process_end
from . import clock, progress
from .encoding_thread import EncodingThread
from .entries import Barrier
from .interpreter import is_subinterpreter
from .memory import MemoryBudget
from .signal import AutoResetEvent
from .weak_sets import members

logger = logging.getLogger(__name__)

BUSY_SECONDS = 0.05
"""How long pending events are collected into a batch, while events keep coming."""

SCALARS_SECONDS = 0.2
"""The same where nothing but scalars is pending: a batch of more of them costs a training loop less for each."""

IDLE_SECONDS = 0.4
"""The poll interval of an idle thread: how long the first scalar after a pause may wait."""

LINGER_SECONDS = 5.0
"""The thread is idle this long after the last event."""

BACKLOG = 10_000
"""With a backlog of this many events the thread makes no pauses, because it cannot keep up otherwise."""


class Drainable(Protocol):
    """The methods of a queue that the writer thread and the exit handlers use."""

    lost: int
    """How many events were dropped at the end."""

    @property
    def path(self) -> str:
        """Of the event file, for the log."""

    @property
    def is_finished(self) -> bool:
        """Whether there is nothing to drain until it is attached again."""

    def drain(self) -> bool:
        """Write what is pending now; return whether there was anything. Never raises."""

    def request_flush(self) -> Barrier | None:
        """Begin to flush, without waiting."""

    def request_close(self) -> Barrier | None:
        """Begin to close, without waiting."""

    def wait_for(self, barrier: Barrier, since: float, if_stalled: float | None = None) -> bool:
        """Wait for a barrier until the deadline; return whether the entries before it are written."""

    def abandon(self) -> None:
        """Drop what is pending."""

    def reset_after_fork(self) -> None:
        """In a fork's child: forget what belongs to the parent."""


class WriterThread:
    """Drains event queues in turn, while there are open ones. `attach` starts it.

    The thread is a daemon, so that a store that hangs cannot keep the process alive. At exit, `close_all` waits for it.
    """

    exiting = False
    """Whether the process is exiting. Then callers flush what they log, and no thread ends or can start."""

    ended = False
    """Whether a subinterpreter is exiting, in which no thread may be left. Then callers write what they log."""

    def __init__(self) -> None:
        self._queues: list[Drainable] = []
        self._reset()
        _threads.add(self)

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._work = AutoResetEvent()
        self._thread: threading.Thread | None = None
        self._urgent = False  # a caller waits
        self.idle = False  # it polls less often
        self.progress = progress.Progress()
        self.memory = MemoryBudget()
        self.encoding = EncodingThread(self.progress, self.memory, self._work)

    def attach(self, queue: Drainable) -> None:
        """Drain `queue` from now on, until it is closed."""
        _queues.add(queue)
        with self._lock:
            if queue not in self._queues:
                self._queues.append(queue)
            if not self.is_running():
                self._start()
        _flush_at_end_of_main_thread()
        _close_at_end_of_child()

    def _start(self) -> None:
        if self.ended:
            return
        self._thread = threading.Thread(target=self._run, name="tensorboardX-writer", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # at interpreter shutdown, or there are too many threads: callers drain the queue
            self._thread = None

    def may_pause(self, pending: int) -> bool:
        """Return whether the thread may pause: no caller waits for it, and the backlog is small.

        A training loop releases the interpreter lock in each matrix product, and should not wait long for it after
        that.
        """
        return not self._urgent and pending < BACKLOG and self.is_current()

    def request_drain(self) -> None:
        """Drain now and without pauses, because a caller waits."""
        self._urgent = True
        self.wake()

    def wake(self) -> None:
        """Drain now rather than after the poll interval."""
        self._work.set()

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread, `seconds` at most, once `ended` is set."""
        thread = self._thread
        self.request_drain()
        if thread is not None:
            thread.join(seconds)
        self.encoding.end(seconds)

    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def drains(self, queue: Drainable) -> bool:
        """Return whether the thread runs and a queue is attached to it.

        It is not where this call is in a signal handler that has interrupted `attach`, for which others wait.
        """
        return self.is_running() and queue in self._queues

    def is_current(self) -> bool:
        return self._thread is threading.current_thread()

    def _run(self) -> None:
        last_work = last_drain = monotonic()
        while self._detach_closed():
            woken = self._work.wait(IDLE_SECONDS if self.idle else BUSY_SECONDS)
            if not woken and not self.memory.values and monotonic() < last_drain + SCALARS_SECONDS:
                continue
            last_drain = monotonic()
            if self._drain_all():
                last_work = monotonic()
            self._urgent = False
            self.idle = monotonic() - last_work > LINGER_SECONDS

    def _drain_all(self) -> bool:
        """Drain every queue; return whether there was anything."""
        worked = False
        for queue in list(self._queues):
            with contextlib.suppress(Exception):  # there may be no memory to handle an error; the next turn retries
                worked = queue.drain() or worked
        return worked

    def _detach_closed(self) -> bool:
        """Detach the queues that are closed and empty; return whether any are left, else the thread ends."""
        if not self._lock.acquire(blocking=False):
            return True  # the thread that has the lock may be in a signal handler that waits for this one
        try:
            self._queues = [queue for queue in self._queues if not queue.is_finished]
            if (self._queues or self.exiting) and not self.ended:
                return True
            self._thread = None
            return False
        finally:
            self._lock.release()

    def reset_after_fork(self) -> None:
        """In a fork's child: the thread does not exist there."""
        self._reset()
        self._queues = []


_threads: weakref.WeakSet[WriterThread] = weakref.WeakSet()
_queues: weakref.WeakSet[Drainable] = weakref.WeakSet()
_child_closes_at_end = False
_main_thread_flushes_at_end = False
_final_flush_failed = False  # of the main thread


def _flush_all_at_end_of_main_thread() -> None:
    """Flush all queues while `concurrent.futures` still works, because stores may need its threads.

    Other threads that are still running, and atexit functions, may log after that.
    """
    global _final_flush_failed
    with contextlib.suppress(Exception):  # an exception would keep later exit functions from being called
        process_end.prepare_for_process_end()
        start = clock.now()
        flushing = [(queue, queue.request_flush()) for queue in members(_queues)]
        for queue, barrier in flushing:
            if barrier is not None and not queue.wait_for(barrier, start):
                _final_flush_failed = True


def _flush_at_end_of_main_thread() -> None:
    """Register the flush. The function registered last is called first, so `concurrent.futures` has to be first."""
    global _main_thread_flushes_at_end
    if _main_thread_flushes_at_end:
        return
    _main_thread_flushes_at_end = True
    register = getattr(threading, "_register_atexit", None)  # of CPython
    if register is not None:
        with contextlib.suppress(RuntimeError):  # raised, by the import too, once the main thread has ended
            import concurrent.futures.thread  # noqa: F401

            register(_flush_all_at_end_of_main_thread)


def close_all(if_stalled: float | None = None) -> None:
    """Close every queue, all at once, until the deadline; log how many events are lost.

    Args:
        if_stalled: see `Progress.seconds_left`.
    """
    start = clock.now()
    closing = [(queue, queue.request_close()) for queue in members(_queues)]
    lost_before = sum(queue.lost for queue, _ in closing)
    waiting = [(queue, barrier) for queue, barrier in closing if barrier is not None]
    unwritten = [queue for queue, barrier in waiting if not queue.wait_for(barrier, start, if_stalled)]
    for queue in unwritten:
        queue.abandon()
    lost = sum(queue.lost for queue, _ in closing) - lost_before
    if lost:
        message = "%s: the process ends, and %d events could not be written; they are lost"
        log_safely(logger.warning, message, unwritten[0].path if unwritten else "an event file", lost)


def _close_all_at_exit() -> None:
    WriterThread.exiting = True
    process_end.prepare_for_process_end()
    close_all(0.0 if _final_flush_failed else None)
    if is_subinterpreter():
        WriterThread.ended = True
        for thread in members(_threads):
            thread.join(progress.PATIENCE)


def _close_at_end_of_child() -> None:
    """Children of multiprocessing end with os._exit, which runs no atexit functions, only multiprocessing's finalizers.

    A child that unpickles its arguments is not marked as a child yet, and clears its finalizers after that. A thread
    that goes on after the main thread, and begins to log once the finalizers were called, flushes what it logs.
    """
    global _child_closes_at_end
    multiprocessing, util = sys.modules.get("multiprocessing"), sys.modules.get("multiprocessing.util")
    if getattr(util, "_exiting", False):
        WriterThread.exiting = True
    if _child_closes_at_end or multiprocessing is None or util is None:
        return
    _child_closes_at_end = True
    if multiprocessing.parent_process() is None:
        util.register_after_fork(WriterThread, _add_finalizer)  # called when the child, or one of this process, begins
    else:
        _add_finalizer()


def _add_finalizer(_: object = None) -> None:
    global _child_closes_at_end
    _child_closes_at_end = True
    sys.modules["multiprocessing.util"].Finalize(None, _close_all_at_exit, exitpriority=0)


def _after_fork_in_child() -> None:
    global _child_closes_at_end, _final_flush_failed
    _child_closes_at_end = _final_flush_failed = WriterThread.exiting = False
    process_end.reset_after_fork()
    for thread in members(_threads):
        thread.reset_after_fork()
    for queue in members(_queues):
        queue.reset_after_fork()


atexit.register(_close_all_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
