"""Random lives. What is drawn depends on the seed alone."""

from __future__ import annotations

import random
from dataclasses import replace

from .calls import KINDS, OF_FILE, OF_GLOBAL
from .plan import FOREVER, PATIENCE, Action, Disturbance, Fault, Life, Process, Writer

STORES = {"local": 8, "faulty": 7, "disk": 2, "limit": 2, "global": 4}
"""How often each store is drawn; "global" is a GlobalSummaryWriter on a local one."""

_FIRST_ENDS = {
    "return": 4, "close": 3, "exit": 2, "raise": 2, "interrupt": 2, "term": 2, "term handled": 2, "kill": 5,
    "_exit": 1, "flush, _exit": 2, "close, _exit": 1,
}  # fmt: skip
_CHILD_ENDS = {"return": 4, "close": 2, "exit": 2, "raise": 1, "kill itself": 2, "_exit": 1, "flush, _exit": 3}
_ENDS_IN_A_THREAD = {"flush, _exit": 3, "close, _exit": 2, "kill itself": 1}
_SENT = {"interrupt": "SIGINT", "term": "SIGTERM", "term handled": "SIGTERM", "kill": "SIGKILL"}

_ACTIONS = {
    "burst": 8, "scalar": 4, "number": 2, "named": 1, "modern": 1, "scalars": 4, "crowd": 0.3, "at_step": 2,
    "series": 2, "histogram": 3, "image": 2, "poster": 0.5, "video": 1, "film": 0.3, "text": 2, "tensor": 2,
    "summary": 1, "event": 1, "slow": 1.5, "metadata": 1, "flush": 5, "close": 1.5, "make": 1, "copy": 1, "drop": 0.7,
    "sleep": 4, "interrupt": 1, "fork": 1.5, "spawn": 1,
}  # fmt: skip
_ACTIONS_OF_RUSH = {
    "burst": 3, "scalar": 8, "number": 1, "scalars": 8, "at_step": 1, "text": 1, "tensor": 1, "event": 1, "metadata": 1,
    "flush": 12, "close": 8, "make": 1, "copy": 1, "drop": 1, "interrupt": 1, "fork": 0.5,
}  # fmt: skip
_ACTIONS_OF_GLOBAL = {
    "scalar": 8, "histogram": 2, "image": 2, "text": 3, "tensor": 1, "video": 1, "flush": 4, "close": 1, "make": 0.5,
    "sleep": 4, "interrupt": 1, "fork": 3, "spawn": 2, "pool": 1,
}  # fmt: skip

START_METHODS = ("fork", "spawn", "forkserver")
"""Of multiprocessing."""

_LENGTH = 3.0  # seconds that a life takes about, unless something holds it up
_MOST_PROCESSES = 5


def draw(seed: int, store: str | None = None) -> Life:
    """Return the life of a seed; on this kind of store, if it is given, which makes it another life."""
    chance = random.Random(f"life {seed}")
    drawn = _pick(chance, STORES)
    return _Drawing(chance, seed, store or drawn).life()


def _pick(chance: random.Random, weights: dict[str, float]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]


def _makes_writers(process: Process) -> bool:
    actions = [action for thread in process.threads for action in thread]
    return any(action.do == "make" or (action.child and _makes_writers(action.child)) for action in actions)


class _Drawing:
    def __init__(self, chance: random.Random, seed: int, store: str) -> None:
        self._chance = chance
        self._seed = seed
        self._global = store == "global"
        self._store = "local" if self._global else store
        self._writers: list[Writer] = []
        self._processes = 0
        self._forked: set[str] = set()
        self._is_flood = store == "faulty" and chance.random() < 0.2
        self._is_rush = store != "global" and not self._is_flood and chance.random() < 0.15
        self._may_spawn = chance.random() < 0.5
        self._may_take_long = chance.random() < 0.3

    def life(self) -> Life:
        chance = self._chance
        for _ in range(1 if self._global else chance.choice((1, 1, 2))):
            self._writers.append(self._writer(late=False))
        end = _pick(chance, _FIRST_ENDS)
        process = self._process("0", "first", end, list(range(len(self._writers))))
        disturbances = self._suspensions() + self._signals() + self._changes()
        if end in _SENT:
            disturbances.append(Disturbance(chance.uniform(0.05, _LENGTH), "signal", target=_SENT[end]))
        return Life(
            self._seed,
            self._store,
            self._writers,
            process,
            self._faults(process) if self._store == "faulty" else [],
            sorted(disturbances, key=lambda each: each.at),
            self._size(),
            chance.choice((1e-4, 1e-6) if self._is_rush else (0.005, 0.005, 1e-4, 1e-6)),
        )

    # ---- writers

    def _writer(self, late: bool) -> Writer:
        chance = self._chance
        if self._global:
            share = self._writers[0].options["coalesce_process"] if self._writers else chance.random() < 0.85
            return Writer("global", "run0", {"coalesce_process": share}, late)
        kind = "file" if chance.random() < 0.2 else "summary"
        return Writer(kind, f"run{chance.randrange(2)}", self._options(), late)

    def _options(self) -> dict[str, object]:
        chance = self._chance
        options: dict[str, object] = {"flush_secs": chance.choice((0.2, 1.0, 120.0))}
        if chance.random() < 0.1:
            options["on_error"] = "raise"
        if chance.random() < 0.1:
            options["on_full"] = "drop"
        if self._is_flood:
            options["max_queue_bytes"] = chance.choice((1, 2, 4)) << 20
        elif chance.random() < 0.2:
            options["max_queue_bytes"] = chance.choice((256 * 20, 256 * 200, 1 << 20))
        return options

    # ---- processes and what their threads do

    def _process(self, name: str, start: str, end: str, writers: list[int], in_thread: bool = False) -> Process:
        """Draw a process; `in_thread` if it was forked by a thread that is not the main one.

        At the end of a process that multiprocessing started its pools are terminated before its other threads end. So
        such threads start none: they would wait for the pool for ever.
        """
        chance, number = self._chance, self._processes
        self._processes += 1
        if start in ("os.fork", "fork"):
            self._forked.add(name)
        threads = chance.choice((1, 1, 2, 3)) if start != "os.fork" else 1
        first = start == "first"
        plans = [self._thread(name, in_thread or place > 0, list(writers), first) for place in range(threads)]
        if start not in ("first", "os.fork"):
            plans[1:] = [[action for action in plan if action.do != "pool"] for plan in plans[1:]]
        daemons = chance.choice((1, 2)) if first and chance.random() < 0.15 else 0
        return Process(name, number, start, end, plans, daemons)

    def _thread(self, process: str, aside: bool, shared: list[int], first: bool) -> list[Action]:
        """Draw what a thread does, `aside` if it is not the main one.

        Besides the writers that all threads share it has those that it makes.
        """
        own: list[int] = []
        actions: list[Action] = []
        fewest, most = (20, 40) if self._is_rush else (3, 14) if first else (1, 6)
        for _ in range(self._chance.randint(fewest, most)):
            actions += self._action(process, aside, shared, own)
        return actions

    def _action(self, process: str, aside: bool, shared: list[int], own: list[int]) -> list[Action]:
        chance = self._chance
        actions = _ACTIONS_OF_GLOBAL if self._global else _ACTIONS_OF_RUSH if self._is_rush else _ACTIONS
        do = _pick(chance, actions)
        writer = chance.choice(shared + own)
        if do in ("fork", "spawn", "pool"):
            return self._start(do, process, aside, shared + own)
        if do == "make":
            self._writers.append(self._writer(late=True))
            own.append(len(self._writers) - 1)
            return [Action("make", own[-1])]
        if do == "copy":
            self._writers.append(replace(self._writers[writer], late=True))
            own.append(len(self._writers) - 1)
            shallow = self._writers[writer].kind == "summary"  # of a FileWriter it is the same writer
            return [Action("copy", writer, other=own[-1], count=chance.randint(0 if shallow else 1, 2))]
        if do == "drop":
            return [Action("drop", own.pop(chance.randrange(len(own))))] if own else []
        if do == "sleep":
            return [Action("sleep", seconds=round(chance.uniform(0.0, 0.4), 3))]
        return [self._log(do, writer)]

    def _log(self, do: str, writer: int) -> Action:
        chance = self._chance
        if do not in KINDS:
            return Action(do, writer, chance.randint(1, 3) if do == "metadata" else 1)
        if self._writers[writer].kind == "file" and do not in OF_FILE:
            do = chance.choice(OF_FILE)
        if self._global and do not in OF_GLOBAL:
            do = "scalar"
        if self._is_flood and chance.random() < 0.4 and self._writers[writer].kind == "summary":
            return Action("block", writer, chance.randint(50, 300))
        if do == "slow":
            long = self._may_take_long and chance.random() < 0.3
            seconds = chance.uniform(PATIENCE + 0.5, PATIENCE + 2) if long else chance.uniform(0.01, 0.4)
            return Action("slow", writer, 1 if long else chance.randint(1, 3), round(seconds, 3))
        most = {"burst": 2000, "series": 500, "poster": 2, "film": 1, "video": 2, "crowd": 2}.get(do, 8)
        return Action(do, writer, chance.randint(1, most))

    def _start(self, do: str, process: str, aside: bool, writers: list[int]) -> list[Action]:
        chance = self._chance
        if self._processes >= _MOST_PROCESSES or (do != "fork" and not self._may_spawn):
            return []
        if do == "pool":
            start = chance.choice(self._start_methods(process))
            return [Action(do, child=self._worker(f"{process}.{self._processes}", start, writers))]
        start = "os.fork" if do == "fork" else chance.choice(self._start_methods(process))
        in_thread = do == "fork" and aside
        end = _pick(chance, _ENDS_IN_A_THREAD if in_thread else _CHILD_ENDS)
        child = self._process(f"{process}.{self._processes}", start, end, writers, in_thread)
        return [Action(do, child=child)]

    def _start_methods(self, process: str) -> tuple[str, ...]:
        """Return how a process may start others: one that was forked cannot use its parent's fork server."""
        return START_METHODS[:2] if process in self._forked else START_METHODS

    def _worker(self, name: str, start: str, writers: list[int]) -> Process:
        """Draw the worker of a pool: it only logs."""
        chance, number = self._chance, self._processes
        self._processes += 1
        actions = [self._log(chance.choice(OF_GLOBAL), chance.choice(writers)) for _ in range(chance.randint(1, 6))]
        return Process(name, number, start, "pooled", [actions])

    # ---- what goes wrong

    def _faults(self, process: Process) -> list[Fault]:
        if self._is_flood:
            return [Fault("narrow", 0.1, 4.0, self._chance.choice((2e6, 2e7)))]
        faults: list[Fault] = []
        begin = self._chance.uniform(0.1, 1.5)
        for _ in range(self._chance.randint(1, 4)):
            fault = self._fault(round(begin, 3), round(begin + self._duration(), 3))
            if fault.kind == "hang" and fault.end >= FOREVER and _makes_writers(process):
                fault = replace(fault, end=round(begin + PATIENCE + 3, 3))  # a constructor waits for it
            faults.append(fault)
            end = fault.end
            begin = end + self._chance.uniform(0.0, 1.0)
        return faults

    def _duration(self) -> float:
        roll = self._chance.random()
        if roll < 0.1:
            return FOREVER
        if roll < 0.25:
            return self._chance.uniform(PATIENCE + 0.3, PATIENCE + 3)
        return self._chance.uniform(0.05, 1.5)

    def _fault(self, begin: float, end: float) -> Fault:
        kind = _pick(
            self._chance,
            {"EIO": 2, "ENOSPC": 2, "EINTR": 1, "away": 1, "odd": 1, "short": 2, "slow": 2, "hang": 4, "sync": 1},
        )
        amount = {"short": float(self._chance.randint(1, 300)), "slow": self._chance.uniform(0.001, 0.02)}.get(
            kind, 0.0
        )
        if kind == "short" and end - begin > 2:
            end = begin + 2
        return Fault(kind, begin, end, amount)

    def _suspensions(self) -> list[Disturbance]:
        chance = self._chance
        found = []
        for _ in range(chance.choice((0, 0, 0, 1, 2))):
            seconds = (
                chance.uniform(PATIENCE + 0.5, PATIENCE + 2) if chance.random() < 0.15 else chance.uniform(0.05, 1)
            )
            target = chance.choice(("first", "last", "all"))
            found.append(Disturbance(chance.uniform(0.0, _LENGTH), "suspend", round(seconds, 3), target))
        return found

    def _signals(self) -> list[Disturbance]:
        if self._chance.random() < 0.8:
            return []
        return [Disturbance(self._chance.uniform(0.0, _LENGTH), "signal", target="SIGUSR1") for _ in range(10)]

    def _changes(self) -> list[Disturbance]:
        """What happens to the directory."""
        chance = self._chance
        if self._store == "disk":
            begin = chance.uniform(0.1, 1.5)
            end = begin + (
                chance.uniform(PATIENCE + 1, PATIENCE + 2) if chance.random() < 0.15 else chance.uniform(0.1, 2)
            )
            return [Disturbance(begin, "fill"), Disturbance(end, "free")] if chance.random() < 0.7 else []
        if self._store != "local" or chance.random() < 0.8:
            return []
        do = chance.choice(("remove", "move"))
        return [Disturbance(chance.uniform(0.2, 2), do, target=run) for run in {each.run: 0 for each in self._writers}]

    def _size(self) -> int:
        small = self._chance.random() < 0.3
        if self._store == "disk":
            return 300_000 if small else 16 << 20
        if self._store == "limit":
            return 20_000 if small else self._chance.randint(50_000, 400_000)
        return 0
