"""`tensorboardx tail`: curves in a terminal of its own, lines where there is none."""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import jsonschema
import numpy as np
import pytest
from command_line import COMMAND

from tensorboardX import SummaryWriter
from tensorboardX.cli import exit_codes, overview
from tensorboardX.cli.schema import schema_of
from tensorboardX.reader import open_logdir

unix = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")


class Terminal:
    """A command in a pseudo-terminal, and what it has printed so far."""

    def __init__(self, *arguments: object) -> None:
        import fcntl
        import pty
        import termios

        self._main, part = pty.openpty()
        fcntl.ioctl(part, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        words = [*COMMAND, *map(str, arguments)]
        environment = {**os.environ, "TERM": "xterm-256color"}
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            words, stdin=part, stdout=part, stderr=part, env=environment, start_new_session=True
        )
        os.close(part)
        self.printed = ""

    def wait_for(self, is_there: Callable[[str], object], patience: float = 60) -> None:
        """Read until what was printed is as it should be."""
        end = time.monotonic() + patience
        while not is_there(self.printed):
            assert time.monotonic() < end, self.printed[-2000:]
            ready, _, _ = select.select([self._main], [], [], 0.2)
            if ready:
                try:
                    self.printed += os.read(self._main, 1 << 16).decode("utf-8", "replace")
                except OSError:  # the other side is closed
                    assert is_there(self.printed), self.printed[-2000:]

    def resize(self, lines: int, columns: int) -> None:
        import fcntl
        import termios

        fcntl.ioctl(self._main, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        os.close(self._main)


@contextmanager
def terminal(*arguments: object) -> Iterator[Terminal]:
    opened = Terminal(*arguments)
    try:
        yield opened
    finally:
        opened.close()


@unix
def test_curves_are_drawn_and_drawn_anew(tmp_path):
    with SummaryWriter(str(tmp_path / "first")) as writer:
        writer.add_scalar_series("train/loss", np.linspace(1, 0, 50))
        writer.flush()
        with terminal("tail", "-f", tmp_path, "--interval", "0.1") as shown:
            shown.wait_for(lambda text: "50 points" in text)
            assert "train/loss" in shown.printed
            assert "━ " in shown.printed
            assert any("\u2800" < character <= "\u28ff" for character in shown.printed)
            writer.add_scalar("train/loss", 0.5, 1234)
            writer.flush()
            shown.wait_for(lambda text: "step 1,234" in text and "51 points" in text)
            with SummaryWriter(str(tmp_path / "second")) as other:
                other.add_scalar("validation/loss", 0.25, 2000)
            shown.wait_for(lambda text: "validation/loss" in text and "second" in text)
            before = len(shown.printed)
            shown.resize(20, 60)
            shown.wait_for(lambda text: "52 points" in text[before:])
            shown.process.send_signal(signal.SIGINT)
            assert shown.process.wait(30) == exit_codes.INTERRUPTED
            shown.wait_for(lambda text: text.rstrip().endswith("\x1b[?25h"))  # the cursor is back
    assert "Traceback" not in shown.printed


@unix
def test_one_picture_without_f(runs):
    with terminal("tail", runs, "--tag", "train/*") as shown:
        shown.wait_for(lambda text: "step 99 · 400 points" in text)
        assert shown.process.wait(30) == exit_codes.OK
    assert "rate0.5" in shown.printed


@unix
def test_a_large_file_is_looked_at_first(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        for tag in ("a", "b"):
            writer.add_scalar_series(tag, np.zeros(150_000))
    with terminal("tail", "-f", tmp_path) as shown:
        shown.wait_for(lambda text: "300,000 points" in text)
        assert "a first look" in shown.printed
        shown.process.send_signal(signal.SIGINT)
        assert shown.process.wait(30) == exit_codes.INTERRUPTED


def test_the_first_look_returns_points_from_all_over_the_file(tmp_path, monkeypatch):
    with SummaryWriter(str(tmp_path)) as writer:
        for step in range(0, 60_000, 10):
            for tag in ("a", "b"):
                writer.add_scalar(tag, step / 7, step)
    logdir = open_logdir(tmp_path)
    assert overview.overview(logdir, None, None, None) is None
    monkeypatch.setattr(overview, "_LARGE", 1)
    monkeypatch.setattr(overview, "_BLOCK", 2048)
    found, whole = overview.overview(logdir, None, None, None), logdir.scalars()
    names = list(whole)
    rows = set(zip(*(found[name].tolist() for name in names), strict=True))
    everything = list(zip(*(whole[name].tolist() for name in names), strict=True))
    assert 500 < len(rows) < len(everything) / 2
    assert rows < set(everything)
    assert {everything[0], everything[-1]} <= rows
    assert np.diff(np.sort(found["step"])).max() < 6_000
    chosen = overview.overview(logdir, None, "b", slice(30_000, None))
    assert set(chosen["tag"]) == {"b"}
    assert chosen["step"].min() >= 30_000


def test_lines_where_there_is_no_terminal(runs, command):
    done = command("tail", runs, "--run", "rate0.1", "--tag", "train/loss")
    assert done.code == exit_codes.OK
    lines = [line.split("\t") for line in done.out.splitlines()]
    assert [line[:3] for line in lines] == [["rate0.1", "train/loss", str(step)] for step in range(90, 100)]
    assert float(lines[-1][3]) == np.float32(0.9**99)
    assert command("tail", runs, "--tag", "nothing").code == exit_codes.NOT_FOUND


def test_new_points_are_printed_as_they_come(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.flush()
        words = [*COMMAND, "tail", "-f", str(tmp_path), "--interval", "0.1"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == ".\tloss\t0\t1.0\n"
            for step in range(1, 13):
                writer.add_scalar("loss", 0.5, step)
            writer.flush()
            assert [process.stdout.readline() for _ in range(12)] == [f".\tloss\t{n}\t0.5\n" for n in range(1, 13)]
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == exit_codes.INTERRUPTED
            assert process.stderr.read() == ""


def test_json_lines(runs, command):
    done = command("tail", "-f", runs, "--json", "--timeout", "0.1", "--interval", "0.05")
    assert done.code == exit_codes.OK
    batches = [json.loads(line) for line in done.out.splitlines()]
    for batch in batches:
        jsonschema.validate(batch, schema_of("tail"), jsonschema.Draft202012Validator)
    assert sum(len(batch["points"]) for batch in batches) == 402


def test_svg(runs, command, tmp_path):
    path = tmp_path / "curves.svg"
    assert command("tail", runs, "--svg", path).code == exit_codes.OK
    text = path.read_text(encoding="utf-8")
    assert text.lstrip().startswith("<svg")
    assert "rate0.5" in text


@unix
def test_without_plotext_there_are_lines_and_a_note(runs, tmp_path, monkeypatch):
    (tmp_path / "plotext.py").write_text("raise ImportError('not here')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with terminal("tail", runs, "--tag", "train/loss") as shown:
        shown.wait_for(lambda text: text.count("train/loss") == 10)
        assert shown.process.wait(30) == exit_codes.OK
    assert "pip install 'tensorboardX[cli]'" in shown.printed


@pytest.mark.parametrize("value", ["0", "-1", "nan", "soon"])
def test_times_that_are_none(value, runs, command):
    assert command("tail", runs, "--interval", value).code == exit_codes.USAGE
