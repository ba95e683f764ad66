"""A process killed at any moment loses nothing that `flush` acknowledged, and tears one record at most."""

import random
import subprocess
import sys
import time

import pytest
from judge import event_files, events, torn_bytes
from processes import environment, write_script

LOOP = """
    writer, step, last = SummaryWriter(sys.argv[1]), 0, 0
    while True:
        writer.add_scalar("a", float(step), step)
        if step % 500 == 0:
            writer.add_text("long", "x" * 100_000, step)
        if step - last >= step % 37:
            writer.flush()
            os.write(1, b"%d\\n" % step)
            last = step
        step += 1
"""


def kill_while_it_writes(directory, seconds: float) -> int:
    """Run the loop, kill it `seconds` after its first flush; return the last step that was acknowledged."""
    command = [sys.executable, str(write_script(directory, LOOP)), str(directory / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
        acknowledged = process.stdout.readline()
        time.sleep(seconds)
        process.kill()
        acknowledged += process.stdout.read()
    # A step is acknowledged once its number and the end of the line are there.
    return int(acknowledged.rpartition(b"\n")[0].split(b"\n")[-1])


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


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path, kills, record_property):
    moments = random.Random(kills)
    torn = 0
    for number in range(kills):
        directory = tmp_path / str(number)
        directory.mkdir()
        acknowledged = kill_while_it_writes(directory, moments.uniform(0, 0.05))
        torn += check_file(directory, acknowledged)
    record_property("torn_tails", torn)
    print(f"{kills} kills, {torn} torn tails")
