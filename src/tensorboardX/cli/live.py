"""Puts the picture of `tail` on the terminal, and anew when something comes or the terminal is resized."""

from __future__ import annotations

import argparse
import io
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..reader import Columns, Logdir
from . import exit_codes
from .curves import Curves
from .files import replaced_text
from .overview import overview
from .picture import check_packages, picture

_SVG_SIZE = (110, 34)  # columns and lines


def watch(logdir: Logdir, arguments: argparse.Namespace, batches: Iterator[Columns]) -> int:
    """Draw what is there and what comes; return the exit code. Raises MissingExtraError."""
    check_packages()
    from rich.console import Console
    from rich.live import Live

    curves = Curves()
    with Live(console=Console(), auto_refresh=False, vertical_overflow="crop") as screen:
        first = overview(logdir, arguments.runs, arguments.tags, arguments.steps)
        if first is not None and first.rows:
            _show_overview(screen, first)
        with _resizes(lambda: _show(screen, curves, arguments.follow)):
            for batch in batches:
                curves.add(batch)
                _show(screen, curves, arguments.follow)
    return exit_codes.OK if curves.runs else exit_codes.NOT_FOUND


def save_svg(batches: Iterator[Columns], path: str) -> int:
    """Write the picture of all that is there to an SVG file; return the exit code. Raises MissingExtraError."""
    check_packages()
    from rich.console import Console
    from rich.terminal_theme import MONOKAI

    curves = Curves()
    for batch in batches:
        curves.add(batch)
    width, height = _SVG_SIZE
    console = Console(file=io.StringIO(), record=True, width=width, height=height, force_terminal=True)
    console.print(picture(curves, width, height))
    with replaced_text(path) as file:
        file.write(console.export_svg(title="tensorboardx tail", theme=MONOKAI))
    return exit_codes.OK if curves.runs else exit_codes.NOT_FOUND


def _show_overview(screen: Any, first: Columns) -> None:
    curves = Curves()
    curves.add(first)
    screen.update(picture(curves, *_size(), "a first look; reading the rest"), refresh=True)


def _show(screen: Any, curves: Curves, is_live: bool) -> None:
    if curves.runs:
        status = time.strftime("as of %H:%M:%S, Ctrl-C ends") if is_live else ""
        screen.update(picture(curves, *_size(), status), refresh=True)


def _size() -> tuple[int, int]:
    """Return columns and lines of the terminal but the last one, where the cursor is."""
    columns, lines = shutil.get_terminal_size()
    return max(columns, 20), max(lines - 1, 8)


@contextmanager
def _resizes(draw: Any) -> Iterator[None]:
    """Call a function when the terminal is resized, but not while it is at work."""
    name = getattr(signal, "SIGWINCH", None)
    if name is None:
        yield
        return
    drawing = False

    def on_resize(*_: object) -> None:
        nonlocal drawing
        if not drawing:
            drawing = True
            try:
                draw()
            finally:
                drawing = False

    before = signal.signal(name, on_resize)
    try:
        yield
    finally:
        signal.signal(name, before)
