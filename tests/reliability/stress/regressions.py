"""Lives that once broke a promise, made small. What each of them met is in its name."""

from __future__ import annotations

from .plan import Action, Disturbance, Life, Process, Writer

_SUMMARY = Writer("summary", "run0", {"flush_secs": 0.2})


def _life(
    *threads: list[Action], writers: tuple[Writer, ...] = (_SUMMARY,), end: str = "return", **rest: object
) -> Life:
    return Life(0, "local", list(writers), Process("0", 0, "first", end, list(threads)), **rest)


def _child(number: int, *actions: Action, start: str = "os.fork", end: str = "flush, _exit") -> Process:
    return Process(f"0.{number}", number, start, end, [list(actions)])


def _forks(count: int, *actions: Action) -> list[Action]:
    return [Action("fork", child=_child(number, *actions)) for number in range(1, count + 1)]


_EVENTS = (Action("flush"), Action("event", count=6), Action("slow", seconds=0.1))

REGRESSIONS: dict[str, Life] = {
    "a value takes longer to encode than a caller waits for the store": _life(
        [Action("burst", count=100), Action("slow", seconds=6.0), Action("burst", count=1000), Action("flush")],
        [Action("sleep", seconds=0.5), Action("scalars", count=5), Action("close")],
    ),
    "the process is suspended for longer than that while it flushes": _life(
        [Action("slow", seconds=0.5), Action("burst", count=1000), Action("flush"), Action("burst", count=1000)],
        disturbances=[Disturbance(0.2, "suspend", 6.0, "all")],
    ),
    "forks while other threads encode": _life(
        [Action("image"), *_forks(4, Action("image", count=2), Action("tensor", count=2), Action("video"))],
        [Action("tensor"), Action("video"), Action("histogram"), Action("text")],
        [Action("modern"), Action("at_step"), Action("series", count=10), Action("image")],
        switch_interval=1e-6,
    ),
    "forks while other threads open files and wait": _life(
        _forks(20, Action("scalar", count=2), Action("close"), Action("scalar")),
        [Action("scalars"), Action("close"), Action("scalar"), Action("flush")] * 15,
        [Action("scalar"), Action("flush")] * 40,
        switch_interval=1e-6,
    ),
    "a fork server passes a FileWriter on": _life(
        [Action("event", count=7), Action("spawn", child=_child(1, *_EVENTS, start="forkserver", end="return"))],
        writers=(Writer("file", "run0"),),
    ),
    "queues are closed while others are used": _life(
        *[[Action("scalars", count=2), Action("close"), Action("scalar", count=3), Action("flush")] * 12] * 3,
        switch_interval=1e-6,
    ),
    "threads log while another one flushes": _life(
        [Action("scalar"), Action("flush")] * 60,
        *[[Action("burst", count=40), Action("flush")] * 30] * 2,
        switch_interval=1e-6,
        end="flush, _exit",
    ),
}
