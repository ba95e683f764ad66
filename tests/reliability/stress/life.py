"""What each process of a life does. The directory of its plan is in $STRESS_LIFE."""

from __future__ import annotations

import atexit
import faulthandler
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from . import plan
from .ends import END_STATUS
from .report import report
from .wording import STALLED

_DIRECTORY = Path(os.environ["STRESS_LIFE"])
_LIFE = plan.load(_DIRECTORY / "plan.json")
_LONGEST = 120.0  # seconds that a process waits for a signal which ends it; the judge kills it before

_world: Any = None


class _Warnings(logging.Handler):
    """Reports what the package warns of; where it says that nothing moves, stderr shows what each thread is at."""

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage() + (f": {record.exc_info[1]!r}" if record.exc_info else "")
        report(_world.process.name if _world else "?", threading.current_thread().name, "warning", text)
        if STALLED.search(text):
            faulthandler.dump_traceback()


def _last() -> None:
    """Runs after all of the package's own work at the end of a process."""
    if _world is not None:
        from .world import resident_kilobytes

        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # one that comes later would kill
        _world.report_stats("last", "end")
        report(_world.process.name, "last", "last", resident_kilobytes())


def prepare() -> None:
    """What each process does first; importing this module does it, so that what is unpickled finds the store."""
    faulthandler.register(signal.SIGUSR2, all_threads=True)
    atexit.register(_last)  # before the package registers its own, so it runs after that
    from tensorboardX.background import progress
    from tensorboardX.record_writer import register_writer_factory

    from .faults import PREFIX, ScheduledStore

    if not hasattr(progress, "WARN_SECONDS"):
        raise AssertionError("warnings can no longer be had each time")
    progress.WARN_SECONDS = 0.0  # so that each call that gives up says so, not one a minute
    logger = logging.getLogger("tensorboardX")
    logger.addHandler(_Warnings())
    logger.propagate = False
    sys.setswitchinterval(_LIFE.switch_interval)
    register_writer_factory(PREFIX, ScheduledStore(_LIFE.faults))


def run_process(world: Any) -> None:
    """Carry out the plan of a process, and end it as planned."""
    from .actor import Actor, start
    from .world import resident_kilobytes

    global _world
    _world, process = world, world.process
    if multiprocessing.parent_process() is not None:  # then there are no atexit functions
        Finalize(None, _last, exitpriority=-100)  # comes after what the package does
    names = ["main", *(f"t{number}" for number in range(1, len(process.threads)))]
    actors = [Actor(world, number, name, run_process) for number, name in enumerate(names)]
    _install_handlers(world)
    report(process.name, "main", "began", resident_kilobytes())
    threads = [start(actor, actions) for actor, actions in zip(actors[1:], process.threads[1:], strict=True)]
    for number in range(process.daemons):
        _start_daemon(world, number)
    actors[0].perform(process.threads[0])
    report(process.name, "main", "ending", process.end)
    _end(world, actors[0], threads)


def _install_handlers(world: Any) -> None:
    from .actor import Actor

    if threading.current_thread() is not threading.main_thread():
        return
    handler = Actor(world, 7, "handler", run_process)
    inside = False

    def log_and_flush(number: int, frame: object) -> None:
        nonlocal inside
        if inside or handler._process is not world.process:
            return
        inside = True
        handler.perform([plan.Action("scalar"), plan.Action("scalar"), plan.Action("flush")])
        inside = False

    pid = os.getpid()

    def log_and_leave(number: int, frame: object) -> None:
        if os.getpid() != pid:  # a worker that a pool has forked ends as others do
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        Actor(world, 6, "term", run_process).perform([plan.Action("scalar"), plan.Action("close")])
        sys.exit(END_STATUS["term handled"])

    signal.signal(signal.SIGUSR1, log_and_flush)
    if world.process.end == "term handled":
        signal.signal(signal.SIGTERM, log_and_leave)


def _start_daemon(world: Any, number: int) -> None:
    from .actor import Actor, start

    actions = [plan.Action("burst", count=10), plan.Action("sleep", seconds=0.005)] * 2000
    start(Actor(world, 5 - number, f"daemon{number}", run_process), actions, daemon=True)


def _end(world: Any, main: Any, threads: list[threading.Thread]) -> None:
    end = world.process.end
    if end in ("close", "close, _exit"):
        for thread in threads:
            thread.join()
    if end in ("close", "close, _exit", "flush, _exit"):
        method = end.partition(",")[0]
        main.perform([plan.Action(method, number) for number in list(world.writers)])
    if end.endswith("_exit"):
        os._exit(END_STATUS[end])
    if end == "kill itself":
        os.kill(os.getpid(), signal.SIGKILL)
    if end in ("interrupt", "term", "term handled", "kill"):
        for _ in range(int(_LONGEST / 0.05)):
            time.sleep(0.05)
    if end == "raise":
        raise RuntimeError("as planned")
    if end == "exit":
        sys.exit(END_STATUS[end])


def child_main(name: str, writers: dict[int, Any]) -> None:
    """What a child of multiprocessing does."""
    from .world import World

    import_everything()
    process = _LIFE.find(name)
    run_process(World(_LIFE, process, _DIRECTORY / "logs", writers))


def import_everything() -> None:
    """Import what writers and their methods import when first used: a child forked while a thread imports may hang."""
    import concurrent.futures.thread  # noqa: F401
    import pkgutil
    import socket  # noqa: F401
    from importlib import import_module

    import crc32c  # noqa: F401
    from PIL import Image

    import tensorboardX.summary
    from tensorboardX.summary.image import FORMATS, preload_codec, preload_drawing

    Image.init()
    for module in pkgutil.iter_modules(tensorboardX.summary.__path__):
        import_module(f"tensorboardX.summary.{module.name}")
    for image_format in (*FORMATS, "GIF"):
        preload_codec(image_format)
    preload_drawing()


def main() -> None:
    """Live."""
    from .world import World

    import_everything()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts behind it ignore the signal
    if _LIFE.store == "limit":
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (_LIFE.size, _LIFE.size))
    world = World(_LIFE, _LIFE.process, _DIRECTORY / "logs")
    for number, writer in enumerate(_LIFE.writers):
        if not writer.late:
            world.make(number)
    os.environ[plan.BEGAN] = repr(time.monotonic())  # from here on the times of the plan count
    run_process(world)


prepare()
