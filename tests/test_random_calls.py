"""The same random calls of the original and of ours: record by record equal, but for the differences that are named.

2,000 calls in CI. More by hand, with other seeds:

    TENSORBOARDX_RANDOM_CALLS=20000 TENSORBOARDX_RANDOM_SEED=7 pytest tests/test_random_calls.py
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

from support import random_calls, stock
from support.differences import comparable, described, safe_directory
from support.original import run_original

import tensorboardX
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.summary.tags import clean_tag

CALLS = int(os.environ.get("TENSORBOARDX_RANDOM_CALLS", "2000"))
SEED = int(os.environ.get("TENSORBOARDX_RANDOM_SEED", "0"))
RUN_SCRIPT = "import runpy, sys; path = sys.argv.pop(1); runpy.run_path(path, run_name='__main__')"
TIMEOUT = 60 + CALLS / 10
MOST_SHOWN = 3


def _run_ours(*arguments: object) -> None:
    path = os.pathsep.join([str(Path(tensorboardX.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, random_calls.__file__, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr[-3000:]


def _records(logdir: Path, ours: bool) -> dict[str, list[bytes]]:
    found = stock.events(logdir)
    records = {
        run: sorted(comparable(events, ours, random_calls.WALLTIME), key=_first_tag) for run, events in found.items()
    }
    return records if ours else {safe_directory(run): of_run for run, of_run in records.items()}


def _first_tag(record: bytes) -> str:
    """Return what records are sorted by: only those of one tag are in the order of the calls."""
    values = Event.FromString(record).summary.value
    return clean_tag(values[0].tag) if values else ""


def test_the_original_and_ours_write_equal_records(original_python: Path, tmp_path: Path) -> None:
    print(f"TENSORBOARDX_RANDOM_SEED={SEED} TENSORBOARDX_RANDOM_CALLS={CALLS}")
    call = (random_calls.__file__, SEED, CALLS)
    run_original(original_python, RUN_SCRIPT, *call, tmp_path / "original", timeout=TIMEOUT)
    _run_ours(*call[1:], tmp_path / "ours")
    original, ours = _records(tmp_path / "original", False), _records(tmp_path / "ours", True)
    assert list(ours) == list(original)
    assert sum(map(len, original.values())) > CALLS
    differing = [
        f"{run}, record {index}\noriginal: {described(theirs)}\nours: {described(mine)}"
        for run, records in original.items()
        for index, (theirs, mine) in enumerate(itertools.zip_longest(records, ours[run]))
        if theirs != mine
    ]
    assert not differing, f"{len(differing)} differ:\n\n" + "\n\n".join(differing[:MOST_SHOWN])
