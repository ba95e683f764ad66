"""A process killed at any moment loses nothing that `flush` acknowledged, and tears one record at most."""

import json
import random
import subprocess
import sys
import time

import pytest
from judge import event_files, events, torn_bytes
from processes import PRELUDE, environment, run, write_script
from test_fork import needs_fork

LOOP = """
def log(directory, acknowledged):
    writer, step, last = SummaryWriter(directory), 0, 0
    while True:
        writer.add_scalar("a", float(step), step)
        if step % 500 == 0:
            writer.add_text("long", "x" * 100_000, step)
        if step - last >= step % 37:
            writer.flush()
            os.write(acknowledged, b"%d\\n" % step)
            last = step
        step += 1
"""

FORKS = """
    import json
    for number, seconds in enumerate(json.loads(sys.argv[2])):
        reader, pipe = os.pipe()
        child = os.fork()
        if child == 0:
            log(f"{sys.argv[1]}/{number}/run", pipe)
        os.close(pipe)
        with open(reader, "rb") as file:
            acknowledged = file.readline()
            time.sleep(seconds)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            print(json.dumps((acknowledged + file.read()).decode()))
"""


def kill_while_it_writes(directory, seconds: float) -> int:
    """Run the loop, kill it `seconds` after its first flush; return the last step that was acknowledged."""
    command = [
        sys.executable,
        str(write_script(directory, "log(sys.argv[1], 1)", PRELUDE + LOOP)),
        str(directory / "run"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
        acknowledged = process.stdout.readline()
        time.sleep(seconds)
        process.kill()
        acknowledged += process.stdout.read()
    return last_step(acknowledged.decode())


def last_step(acknowledged: str) -> int:
    """A step is acknowledged once its number and the end of the line are there."""
    return int(acknowledged.rpartition("\n")[0].split("\n")[-1])


def check_file(directory, acknowledged: int) -> bool:
    """Every event up to the acknowledged step is there, each tag in order; return whether a torn record follows."""
    (path,) = event_files(directory / "run")
    found = events(path)[1:]
    seen: dict[str, list[int]] = {"a": [], "long": []}
    for event in found:
        seen[event.summary.value[0].tag.partition("/")[0]].append(event.step)
    for tag, every in (("a", 1), ("long", 500)):
        assert seen[tag] == list(range(0, len(seen[tag]) * every, every))
        assert len(seen[tag]) > acknowledged // every
    return torn_bytes(path) > 0


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path, record_property):
    moments = random.Random(20)
    torn = 0
    for number in range(20):
        directory = tmp_path / str(number)
        directory.mkdir()
        acknowledged = kill_while_it_writes(directory, moments.uniform(0, 0.05))
        torn += check_file(directory, acknowledged)
    record_property("torn_tails", torn)


@needs_fork
@pytest.mark.slow
def test_nothing_acknowledged_is_lost_in_two_hundred_kills(tmp_path, record_property):
    """Of forks of a process that has no writer: a fork takes a tenth of the time in which an interpreter starts."""
    moments = random.Random(200)
    seconds = [moments.uniform(0, 0.05) for _ in range(200)]
    done = run(tmp_path, FORKS, tmp_path, json.dumps(seconds), timeout=280, prelude=PRELUDE + LOOP)
    assert done.returncode == 0, done.stderr
    acknowledged = [last_step(json.loads(line)) for line in done.stdout.splitlines()]
    assert len(acknowledged) == 200
    torn = sum(check_file(tmp_path / str(number), step) for number, step in enumerate(acknowledged))
    record_property("torn_tails", torn)
    print(f"200 kills, {torn} torn tails")
