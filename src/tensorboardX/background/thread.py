"""The thread behind the writers of a run, and what becomes of it at a fork and at the end of the process."""

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
from ..storage.process_end import outlive_executors, stay
from . import clock, progress
from .encoding_thread import EncodingThread
from .entries import Barrier
from .interpreter import is_subinterpreter
from .memory import MemoryBudget
from .signal import AutoResetEvent
from .weak_sets import members

logger = logging.getLogger(__name__)

BUSY_SECONDS = 0.05
"""How long pending events wait for company, while events keep coming."""

IDLE_SECONDS = 0.4
"""How long the first scalar after a pause may wait: polling seldom costs an idle program next to nothing."""

LINGER_SECONDS = 5.0
"""How long after the last event a pause begins."""

BACKLOG = 10_000
"""Pending events from which on the thread makes no pauses: they come faster than it would write them."""


class Drainable(Protocol):
    """A queue, as far as the thread that drains it and the end of the process know it."""

    lost: int
    """How many events were dropped at the end."""

    @property
    def path(self) -> str:
        """Of the event file, for the log."""

    @property
    def is_finished(self) -> bool:
        """Whether there is nothing to drain until somebody attaches it again."""

    def drain(self) -> bool:
        """Write what is pending now; return whether there was anything. Never raises."""

    def request_flush(self) -> Barrier | None:
        """Begin to flush, without waiting."""

    def request_close(self) -> Barrier | None:
        """Begin to close, without waiting."""

    def wait_for(self, barrier: Barrier, since: float, if_stalled: float | None = None) -> bool:
        """Wait for a barrier while there is hope; return whether the entries before it are written."""

    def abandon(self) -> None:
        """Drop what is pending."""

    def leave_to_parent(self) -> None:
        """In a fork's child: forget what is the parent's."""


class WriterThread:
    """Drains event queues in turn, for as long as there are open ones. Starts by itself.

    A daemon, so that a store that hangs cannot keep the process alive; `_close_all` waits for it at exit.
    """

    exiting = False
    """Whether the process is about to end. Then callers wait for what they log, and no thread ends or can start."""

    ended = False
    """Whether a subinterpreter is about to end, which no thread may outlive. Then callers write what they log."""

    def __init__(self) -> None:
        self._queues: list[Drainable] = []
        self._reset()
        _threads.add(self)

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._work = AutoResetEvent()
        self._thread: threading.Thread | None = None
        self._urgent = False  # somebody waits
        self.idle = False  # it looks for events seldom
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
        except RuntimeError:  # at interpreter shutdown, or there are too many threads: callers drain themselves
            self._thread = None

    def may_pause(self, pending: int) -> bool:
        """Return whether nobody waits for the thread and it can spare the time.

        A training loop lets go of the interpreter lock in each matrix product. It should not find the lock taken for
        long by the thread behind it when it comes back.
        """
        return not self._urgent and pending < BACKLOG and self.is_current()

    def request_drain(self) -> None:
        """Drain now and without pauses: somebody waits."""
        self._urgent = True
        self.wake()

    def wake(self) -> None:
        """Drain now rather than at the next tick."""
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

    def is_current(self) -> bool:
        return self._thread is threading.current_thread()

    def _run(self) -> None:
        last_work = monotonic()
        while self._detach_closed():
            self._work.wait(IDLE_SECONDS if self.idle else BUSY_SECONDS)
            if self._drain_all():
                last_work = monotonic()
            self._urgent = False
            self.idle = monotonic() - last_work > LINGER_SECONDS

    def _drain_all(self) -> bool:
        """Drain every queue; return whether there was anything."""
        worked = False
        for queue in list(self._queues):
            with contextlib.suppress(Exception):  # there may be no memory to treat an error; the next turn tries again
                worked = queue.drain() or worked
        return worked

    def _detach_closed(self) -> bool:
        """Forget the queues that are closed and empty; return whether any are left, else the thread is over."""
        if not self._lock.acquire(blocking=False):
            return True  # a signal handler that waits for this thread may have interrupted the one that has the lock
        try:
            self._queues = [queue for queue in self._queues if not queue.is_finished]
            if (self._queues or self.exiting) and not self.ended:
                return True
            self._thread = None
            return False
        finally:
            self._lock.release()

    def leave_to_parent(self) -> None:
        """In a fork's child: the thread did not come along."""
        self._reset()
        self._queues = []


_threads: weakref.WeakSet[WriterThread] = weakref.WeakSet()
_queues: weakref.WeakSet[Drainable] = weakref.WeakSet()
_child_closes_at_end = False
_main_thread_flushes_at_end = False
_given_up_at_end = False  # of the main thread


def _flush_all_at_end_of_main_thread() -> None:
    """Write what is pending while `concurrent.futures` still works: stores may need its threads.

    Threads that outlive the main one, and atexit functions, may still log.
    """
    global _given_up_at_end
    with contextlib.suppress(Exception):  # it would keep the functions of others from being called
        outlive_executors()
        start = clock.now()
        flushing = [(queue, queue.request_flush()) for queue in members(_queues)]
        for queue, barrier in flushing:
            if barrier is not None and not queue.wait_for(barrier, start):
                _given_up_at_end = True


def _flush_at_end_of_main_thread() -> None:
    """Register that. What registered later is called earlier, so `concurrent.futures` has to come first."""
    global _main_thread_flushes_at_end
    if _main_thread_flushes_at_end:
        return
    import concurrent.futures.thread  # noqa: F401

    _main_thread_flushes_at_end = True
    register = getattr(threading, "_register_atexit", None)  # of CPython
    if register is not None:
        with contextlib.suppress(RuntimeError):  # raised once that end has come
            register(_flush_all_at_end_of_main_thread)


def close_all(if_stalled: float | None = None) -> None:
    """Close every queue, all at once, while there is hope; say how many events are lost where there is none.

    Args:
        if_stalled: see `Progress.patience_left`.
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
    outlive_executors()
    close_all(0.0 if _given_up_at_end else None)
    if is_subinterpreter():
        WriterThread.ended = True
        for thread in members(_threads):
            thread.join(progress.PATIENCE)


def _close_at_end_of_child() -> None:
    """Children of multiprocessing leave through os._exit, which runs no atexit functions, only its finalizers.

    One that unpickles its arguments is not yet known as a child, and is about to forget what finalizers it has.
    """
    global _child_closes_at_end
    multiprocessing, util = sys.modules.get("multiprocessing"), sys.modules.get("multiprocessing.util")
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
    global _child_closes_at_end, _given_up_at_end
    _child_closes_at_end = _given_up_at_end = WriterThread.exiting = False
    stay()
    for thread in members(_threads):
        thread.leave_to_parent()
    for queue in members(_queues):
        queue.leave_to_parent()


atexit.register(_close_all_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
