"""One thread of a life: it does what its plan says, and reports each call before and after it."""

from __future__ import annotations

import copy
import gc
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

from tensorboardX import SummaryWriter
from tensorboardX.errors import WriteError

from . import calls
from .plan import Action
from .report import report
from .world import World, status_of

ORDINALS = 8192
"""How many values one thread logs of a kind at most, where several threads log to one tag."""


class Actor:
    """A thread with the name `name`, the `number`th of its process.

    Args:
        world: what it shares with the others of its process.
        run_child: carries out a process, in a fork's child.
    """

    def __init__(self, world: World, number: int, name: str, run_child: Callable[[World], None]) -> None:
        self._world = world
        self._name = name
        self._number = number
        self._run_child = run_child
        self._process = world.process
        self._next: dict[str, int] = {}
        self._calls = 0
        self._children: list[tuple[str, int]] = []
        self._own_children: list[tuple[str, Any]] = []

    def perform(self, actions: list[Action]) -> None:
        """Do everything, and wait for the processes that were started by it."""
        for action in actions:
            if action.do in calls.KINDS:
                self.log(action)
            else:
                getattr(self, action.do)(action)
        self._join()

    # ---- calls of a writer

    def log(self, action: Action, stepless: bool = False) -> None:
        """Log values: each in a call of its own that is reported, those of a burst or a series together."""
        together = action.count if action.do in ("burst", "series") else 1
        for _ in range(action.count // together):
            self._log(action, together, stepless)

    def _log(self, action: Action, count: int, stepless: bool) -> None:
        world = self._world
        number, kind, writer = action.writer, action.do, world.writers.get(action.writer)
        if writer is None:
            return  # it could not be made
        tag = calls.tag_of(self._process.name, self._name, number, kind)
        base = 0
        if world.life.shares:
            tag, base = f"shared-{kind}", (self._process.number * 8 + self._number) * ORDINALS
        first = self._next.get(tag, base)
        if first + count > base + ORDINALS and world.life.shares:
            return  # a daemon thread in a life that something holds up
        self._next[tag] = first + count
        if world.life.shares:
            writer = calls.Stepless(writer, lambda step: nullcontext())
        elif stepless:
            writer = calls.Stepless(writer, partial(_step_of_block, writer))
        run = calls.directories(kind, world.life.writers[number].run, tag)
        with self._reported(kind, number, run, calls.stored_under(kind, tag), first, count):
            calls.KINDS[kind].log(writer, tag, range(first, first + count), action.seconds)

    def metadata(self, action: Action) -> None:
        """Log scalars whose step is that of a `use_metadata` block."""
        if isinstance(self._world.writers.get(action.writer), SummaryWriter):
            self.log(Action("scalar", action.writer, action.count), stepless=True)

    def flush(self, action: Action) -> None:
        """Flush a writer, and report its counts."""
        self._end("flush", action.writer)

    def close(self, action: Action) -> None:
        """Close a writer, and report its counts."""
        self._end("close", action.writer)

    def _end(self, method: str, number: int) -> None:
        writer = self._world.writers.get(number)
        if writer is not None:
            with self._reported(method, number):
                getattr(writer, method)()
            self._world.report_stats(self._name, "now", [number])

    @contextmanager
    def _reported(self, what: str, *details: Any) -> Iterator[None]:
        self._calls += 1
        call = self._calls
        self._report("call", call, what, *details)
        try:
            yield
        except WriteError as error:
            self._report("raised", call, repr(error))
            if self._world.life.writers[details[0]].options.get("on_error") != "raise":
                raise
        except BaseException as error:
            self._report("raised", call, repr(error))
            raise
        else:
            self._report("done", call)

    def _report(self, about: str, *rest: Any) -> None:
        report(self._process.name, self._name, about, *rest)

    # ---- writers

    def make(self, action: Action) -> None:
        """Make a writer; there is none where the store refuses it."""
        try:
            self._world.make(action.writer)
        except OSError as error:
            self._report("refused", action.writer, repr(error))

    def copy(self, action: Action) -> None:
        """Make a copy of a writer: number `other`."""
        duplicate = (copy.copy, copy.deepcopy, lambda writer: pickle.loads(pickle.dumps(writer)))[action.count % 3]
        if action.writer in self._world.writers:
            self._world.writers[action.other] = duplicate(self._world.writers[action.writer])

    def drop(self, action: Action) -> None:
        """Forget a writer without closing it."""
        if action.writer in self._world.writers:
            self._world.retire(action.writer)
            gc.collect()

    # ---- what happens beside it

    def sleep(self, action: Action) -> None:
        """Sleep."""
        time.sleep(action.seconds)

    def interrupt(self, action: Action) -> None:
        """Run the signal handler, which logs and flushes, in the main thread."""
        os.kill(os.getpid(), signal.SIGUSR1)

    def fork(self, action: Action) -> None:
        """Start a child by os.fork."""
        assert action.child is not None
        pid = os.fork()
        if pid == 0:
            self._children, self._own_children = [], []
            self._world.enter_child(action.child)
            self._run_child(self._world)
            raise SystemExit(0)  # `_run_child` has returned, so this is the main thread: it ends as the parent would
        self._children.append((action.child.name, pid))

    def spawn(self, action: Action) -> None:
        """Start a child by multiprocessing; it gets the writers that there are, by inheritance or pickled."""
        from .life import child_main

        assert action.child is not None
        context: Any = multiprocessing.get_context(action.child.start)
        writers = dict(self._world.writers)
        process = context.Process(target=child_main, args=(action.child.name, writers))
        process.start()
        self._own_children.append((action.child.name, process))

    def pool(self, action: Action) -> None:
        """Have the worker of a pool do something; the pool kills it then."""
        from .life import child_main

        assert action.child is not None
        context: Any = multiprocessing.get_context(action.child.start)
        with context.Pool(1) as pool:
            pool.apply(child_main, (action.child.name, dict(self._world.writers)))

    def _join(self) -> None:
        for name, pid in self._children:
            self._report("child", name, status_of(pid))
        for name, process in self._own_children:
            process.join()
            self._report("child", name, process.exitcode)
        self._children, self._own_children = [], []


def _step_of_block(writer: SummaryWriter, step: int) -> AbstractContextManager[Any]:
    return writer.use_metadata(global_step=step)


def start(actor: Actor, actions: list[Action], daemon: bool = False) -> threading.Thread:
    """Let an actor perform in a thread of its own. What it raises is reported."""
    thread = threading.Thread(target=_guarded, args=(actor, actions), name=actor._name, daemon=daemon)
    thread.start()
    return thread


def _guarded(actor: Actor, actions: list[Action]) -> None:
    import traceback

    try:
        actor.perform(actions)
    except BaseException:
        actor._report("error", traceback.format_exc())
