"""Runs that several processes share: programs that log to them, and what is found in their files."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import tensorboardX
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.shared.run import SharedRun
from tensorboardX.summary import scalar
from tensorboardX.testing import read_events
from tensorboardX.values.steps import NEXT_STEP

from . import stock

PRELUDE = """
import json, multiprocessing, os, random, resource, signal, sys, threading, time
from functools import partial
from tensorboardX import GlobalSummaryWriter
"""


def run(directory: Path, text: str, *arguments: object, timeout: float = 60) -> str:
    """Run a program that multiprocessing's children can import; return what it printed. It must end well."""
    path = directory / "program.py"
    path.write_text(PRELUDE + textwrap.dedent(text), encoding="utf-8")
    ignored = "ignore::DeprecationWarning"  # of Python 3.12 and later: forking with threads
    environment = os.environ | {"PYTHONPATH": str(Path(tensorboardX.__file__).parents[1]), "PYTHONWARNINGS": ignored}
    command = [sys.executable, str(path), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment, cwd=directory)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


def event_file(logdir: Path) -> Path:
    """The only event file of a run; nothing else is left in its directory."""
    (path,) = logdir.iterdir()
    assert "tfevents" in path.name
    return path


def scalars(logdir: Path) -> list[tuple[str, int, float]]:
    """Tag, step and value in the order of the files; TensorBoard's reader and ours agree on them."""
    events = [event for event in stock.events(logdir)["."] if not event.file_version]
    assert [event.SerializeToString() for event in events] == [e.SerializeToString() for e in read_events(logdir)]
    return [(v.tag, e.step, v.simple_value) for e in events for v in e.summary.value if v.HasField("simple_value")]


def steps(logdir: Path, tag: str = "a") -> list[int]:
    return [step for name, step, _ in scalars(logdir) if name == tag]


def unnumbered(*values: float, tag: str = "a") -> list[bytes]:
    return [Event(step=NEXT_STEP, summary=scalar(tag, value)).SerializeToString() for value in values]


def two_batches(logdir: Path) -> tuple[int, bytes]:
    """Append two batches in this process; return the size of the event file and the journal between them."""
    shared = SharedRun(str(logdir))
    assert not shared.open_or_create()
    shared.append(unnumbered(0.0, 1.0))
    between = os.path.getsize(shared.path), journal_of(logdir).read_bytes()
    shared.append(unnumbered(2.0, 3.0, 4.0))
    return between


def journal_of(logdir: Path) -> Path:
    return logdir / ".tensorboardX-global"
