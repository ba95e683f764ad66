"""Compares what the processes of a life said with what is in its files."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from .ends import CLEAN, END_STATUS
from .ledger import Call, Key, Ledger, Stats
from .plan import Life
from .readback import Contents, Found
from .report import Line
from .weather import Weather
from .wording import GIVES_UP, PROCESS_ENDS, RECOVERED, STALLED

_MOST_SHOWN = 3
_MOMENT = 0.3  # seconds
_OLD = 3.0  # seconds after which an event is with the operating system, which takes one on an idle machine
_MOST_KILOBYTES = 48 << 10  # of a process whose queues are full, beside these: imports, batches, encodings


@dataclass
class Outcome:
    """What is left of a life."""

    life: Life
    lines: list[Line]
    contents: Contents
    status: int | None
    errors: str
    hangs: list[str]


@dataclass
class Verdict:
    violations: list[str]
    counts: dict[str, int] = field(default_factory=dict)


# Python prints and drops what is raised in a function that `os.register_at_fork` calls, here those of logging. Then the
# process does not end, and the lock of logging may stay held.
_DROPPED_INTERRUPT = re.compile(
    r"Exception ignored in: <function _(?:acquire|release)Lock .*\n(?:.*\n)*?KeyboardInterrupt"
)


def judge(outcome: Outcome) -> Verdict:
    """Return every promise that was broken."""
    return _Judge(outcome).verdict()


class _Judge:
    def __init__(self, outcome: Outcome) -> None:
        self._life = outcome.life
        self._outcome = outcome
        self._ledger = Ledger(outcome.lines)
        self._weather = Weather(outcome.life)
        self._calls = {key: call for call in self._ledger.calls if call.logs for key in call.events()}
        self._found: Counter[Key] = Counter(_key(found) for found in outcome.contents.events)

    def verdict(self) -> Verdict:
        if self._life.process.end == "interrupt" and _DROPPED_INTERRUPT.search(self._outcome.errors):
            kept = (self._events, self._order, self._flushes)  # which do not depend on how the process ended
            return Verdict([violation for check in kept for violation in check()], self._count())
        violations = [*self._outcome.hangs, *self._outcome.contents.complaints]
        for check in (self._processes, self._events, self._order, self._files, self._flushes, self._ends):
            violations += check()
        for check in (self._killed, self._durations, self._memory):
            violations += check()
        return Verdict(violations, self._count())

    def _count(self) -> dict[str, int]:
        accepted = [call for call in self._ledger.calls if call.logs and call.accepted]
        return {
            "accepted": sum(call.count * len(call.runs) for call in accepted),
            "flushes": sum(call.accepted for call in self._ledger.calls if not call.logs),
            "read": len(self._outcome.contents.events),
            "dropped": sum(stats.given_up for stats in self._ledger.last_stats.values()),
        }

    # ---- what was said

    def _processes(self) -> Iterator[str]:
        end, status = self._life.process.end, self._outcome.status
        uncaught = end == "interrupt" and status == 1  # Python's own, where it prints the exception like any other
        if status != END_STATUS[end] and not uncaught and not self._outcome.hangs:
            yield f"the exit status is {status} instead of {END_STATUS[end]}"
        for name, status in self._ledger.children.items():
            if status != END_STATUS[self._life.find(name).end] and not self._outcome.hangs:
                yield f"the exit status of process {name} is {status}"
        for process, thread, trace in self._ledger.errors:
            yield f"thread {thread} of process {process} raised: {trace}"
        for call in self._ledger.calls:
            options = self._life.writers[call.writer].options
            if call.outcome == "raised" and options.get("on_error") != "raise" and "Error" in call.error:
                yield f"{_name(call)} raised {call.error}"
        yield from self._tracebacks()

    def _tracebacks(self) -> Iterator[str]:
        """Complain of what was written to stderr and was not planned."""
        planned = ["RuntimeError: as planned"]
        if self._life.process.end == "interrupt":
            planned.append("KeyboardInterrupt")
        if self._life.process.end not in ("return", "close", "exit"):  # multiprocessing's children are cut off
            planned += ["EOFError", "BrokenPipeError", "ConnectionResetError", "_pickle.UnpicklingError"]
        for block in self._outcome.errors.split("Traceback (most recent call last):\n")[1:]:
            last = next((line for line in block.splitlines() if line and not line.startswith((" ", "\t"))), "")
            if not last.startswith(tuple(planned)):
                yield f"a traceback on stderr: {block[-1500:]}"
        for words in ("Exception ignored", "Fatal Python error", "Logging error"):
            if words in self._outcome.errors:
                at = self._outcome.errors.index(words)
                yield f"on stderr: {self._outcome.errors[at : at + 1500]}"

    # ---- what is in the files

    def _events(self) -> Iterator[str]:
        unknown = [key for key in self._found if key not in self._calls]
        yield from _some(unknown, "events that nobody logged")
        yield from _some([key for key, times in self._found.items() if times > 1], "events that are there twice")
        if not self._life.shares:
            wrong = [found for found in self._outcome.contents.events if found.step != found.ordinal]
            yield from _some([f"{_key(found)} at step {found.step}" for found in wrong], "events with a wrong step")

    def _order(self) -> Iterator[str]:
        """Complain unless what one thread logged under a tag is in its order, and the steps of a shared tag go up."""
        latest: dict[tuple[str, str, int, str, str], int] = {}
        steps: dict[tuple[str, str], list[int]] = defaultdict(list)
        for found in self._outcome.contents.events:
            call = self._calls.get(_key(found))
            if call is None:
                continue
            source = call.process, call.thread, call.writer, found.run, found.tag
            if found.ordinal <= latest.get(source, -1):
                yield f"{_key(found)} comes after {latest[source]} in {found.file.path.name}"
            latest[source] = found.ordinal
            steps[found.run, found.tag].append(found.step)
        if self._life.shares and self._life.writers[0].options["coalesce_process"]:
            for (_, tag), each in steps.items():
                yield from self._check_counted(tag, each)

    def _check_counted(self, tag: str, steps: list[int]) -> Iterator[str]:
        """Complain unless the steps of a tag that processes count together are 0, 1, 2 and so on."""
        if any(each.do in ("move", "remove") for each in self._life.disturbances):
            return  # what they have to agree on went away, in the middle of somebody's turn perhaps
        begins_anew = any(action.do == "make" for action in self._life.actions())  # where nobody else is left
        expected = [0, *(step + 1 for step in steps)]
        wrong = [step for step, next_one in zip(steps, expected, strict=False) if step != next_one]
        if any(wrong) or (wrong and not begins_anew):
            yield f"the steps of {tag} do not count up from 0: {steps[:50]}"

    def _files(self) -> Iterator[str]:
        """Complain of events in another process's file, and of torn records where nothing tore them."""
        shared = self._life.shares and self._life.writers[0].options["coalesce_process"]
        for found in self._outcome.contents.events:
            call = self._calls.get(_key(found))
            if call is not None and call.pid != found.file.pid and not shared:
                yield f"{_key(found)} of process {call.pid} is in {found.file.path.name}"
        pids = {told.pid: name for name, told in self._ledger.processes.items()}
        for file in self._outcome.contents.files:
            if file.pid not in pids:
                yield f"nobody knows the process that wrote {file.path.name}"
            elif file.torn and not self._may_tear(pids[file.pid]):
                yield f"{file.path.name} ends with {file.torn} bytes of a record"

    def _may_tear(self, process: str) -> bool:
        return not self._is_clean(process) or self._weather.gives_up or self._weather.may_tear()

    # ---- what was promised

    def _lost(self, calls: list[Call]) -> list[Key]:
        return [key for call in calls if call.logs and call.accepted for key in call.events() if not self._found[key]]

    def _flushes(self) -> Iterator[str]:
        """Complain of what a flush has acknowledged and is not there, beyond what was said to be dropped."""
        for flush in self._ledger.calls:
            if flush.logs or not flush.accepted:
                continue
            if self._gave_up(flush):
                if not self._weather.gives_up and not self._weather.may_fail():
                    yield f"{_name(flush)} gave up on a store that was well: {self._gave_up(flush)}"
                continue
            calls = self._ledger.of(flush.process, flush.writer)
            lost = self._lost([call for call in calls if 0 <= call.end < flush.begin])
            counts = self._counts_after(flush)
            if len(lost) > counts.given_up:
                yield from _some(lost, f"events that {_name(flush)} acknowledged are lost, {counts.counts}")

    def _gave_up(self, flush: Call) -> list[str]:
        """Return the warnings that say that a flush has not done everything: its own, or that of a stall which lasts.

        Of two threads that give up at once only one says so, perhaps a moment after the other has returned.
        """
        own, stall = [], []
        for warning in self._ledger.warnings:
            if warning.pid != flush.pid or warning.time > flush.ended + _MOMENT:
                continue
            if STALLED.search(warning.text):
                stall = [warning.text]
            elif RECOVERED.search(warning.text) and warning.at < flush.end:
                stall = []
            elif flush.begin < warning.at < flush.end and GIVES_UP.search(warning.text):
                own.append(warning.text)
        return own + stall

    def _counts_after(self, flush: Call) -> Stats:
        """Return the counts that the thread of a flush reported after it; nothing is given up where it could not."""
        for stats in self._ledger.stats:
            if stats.at > flush.end and (stats.process, stats.thread) == (flush.process, flush.thread):
                return stats
        return Stats(
            flush.end, flush.process, flush.thread, "now", flush.writer, dict.fromkeys(("dropped", "failed"), 0)
        )

    def _ends(self) -> Iterator[str]:
        """Complain of what is lost or unaccounted for at the end of a process while which Python still ran."""
        for name, told in self._ledger.processes.items():
            if self._life.shares and self._life.find(name).end == "pooled":
                lost = self._lost(self._ledger.of(name, -1))
                yield from _some(lost, f"events are lost of the worker {name} of a pool")
            if not self._is_clean(name):
                continue
            if not told.ended and not self._weather.may_drop(-1):  # it cannot tell where multiprocessing ends already
                yield from _some(self._lost(self._ledger.of(name, -1)), f"events of process {name} are lost at its end")
            for stats in self._ledger.last_stats.values():
                if stats.process == name:
                    yield from self._account(stats)

    def _account(self, stats: Stats) -> Iterator[str]:
        calls = self._ledger.of(stats.process, stats.writer)
        lost = self._lost(calls)
        found = sum(self._found[key] for call in calls if call.logs for key in call.events())
        unknown = sum(call.count * len(call.runs) for call in calls if call.logs and not call.accepted)
        who = f"writer {stats.writer} of process {stats.process}, {stats.counts}"
        if len(lost) > stats.given_up:
            yield from _some(lost, f"events are lost at the end; {who}")
        elif len(lost) < stats.given_up - unknown and not self._ends_given_up(stats.process):
            yield f"{who}: of the events said to be given up only {len(lost)} are not there"
        if stats.counts["written"] > found:
            yield f"{who}: only {found} events are in the files"
        elif stats.counts["written"] < found and not self._may_count_fewer(stats.process):
            yield f"{who}: {found} events are in the files"
        if stats.counts["dropped"] and not self._weather.may_drop(stats.writer):
            yield f"{who}: dropped without need"
        if stats.counts["failed"] and not self._weather.may_fail():
            yield f"{who}: failed without need"

    def _ends_given_up(self, process: str) -> bool:
        pid = self._ledger.processes[process].pid
        return any(each.pid == pid and PROCESS_ENDS.search(each.text) for each in self._ledger.warnings)

    def _may_count_fewer(self, process: str) -> bool:
        """Return whether more may be written than was counted: by threads that log later, or by a last attempt."""
        plan = self._life.find(process)
        of_multiprocessing = plan.start not in ("first", "os.fork")  # it waits for other threads after all else
        return plan.daemons > 0 or (of_multiprocessing and len(plan.threads) > 1) or self._ends_given_up(process)

    def _killed(self) -> Iterator[str]:
        """Complain of gaps before the end of a process that was cut off, and of what was lost although it was old."""
        for name, told in self._ledger.processes.items():
            calls = [call for call in self._ledger.of(name, -1) if call.logs and call.accepted]
            calls = [call for call in calls if not self._weather.may_drop(call.writer)]
            if self._is_clean(name) or self._weather.may_fail():
                continue
            missing: dict[tuple[str, int, str, str], int] = {}
            for call in calls:
                for key in call.events():
                    source = call.thread, call.writer, key.run, key.tag
                    if not self._found[key]:
                        missing.setdefault(source, key.ordinal)
                    elif source in missing:
                        yield f"{key} is there, and {missing.pop(source)} before it is not"
            if self._weather.is_fair():
                old = self._lost([call for call in calls if call.ended < told.last - _OLD])
                yield from _some(old, f"events are lost that process {name} logged {_OLD} seconds before its end")

    def _is_clean(self, process: str) -> bool:
        return self._life.find(process).end in CLEAN and not self._outcome.hangs

    # ---- bounds

    def _durations(self) -> Iterator[str]:
        most = self._weather.longest_call()
        for call in self._ledger.calls:
            if call.end >= 0 and call.ended - call.began > most:
                yield f"{_name(call)} took {call.ended - call.began:.1f} seconds"
        for name, told in self._ledger.processes.items():
            if told.ended and told.ending and told.last - told.ending > most and not self._life.find(name).daemons:
                yield f"the end of process {name} took {told.last - told.ending:.1f} seconds"

    def _memory(self) -> Iterator[str]:
        told = self._ledger.processes.get("0")
        options = [writer.options for writer in self._life.writers]
        if told is None or not told.ended or not all("max_queue_bytes" in each for each in options):
            return
        most = sum(each["max_queue_bytes"] for each in options) // 1024 + _MOST_KILOBYTES
        if told.kilobytes[1] - told.kilobytes[0] > most:
            yield f"memory grew from {told.kilobytes[0]} to {told.kilobytes[1]} KiB, more than {most} KiB"


def _key(found: Found) -> Key:
    return Key(found.run, found.tag, found.ordinal)


def _name(call: Call) -> str:
    return f"{call.what} (line {call.begin + 1}) by {call.thread} of process {call.process}"


def _some(found: list[object] | list[Key] | list[str], what: str) -> Iterator[str]:
    if found:
        shown = ", ".join(str(tuple(each) if isinstance(each, Key) else each) for each in found[:_MOST_SHOWN])
        yield f"{len(found)} {what}: {shown}{', ...' if len(found) > _MOST_SHOWN else ''}"
