"""Curves as text: drawn with plotext, and put on the terminal with rich."""

from __future__ import annotations

import math
from typing import Any

from ..errors import missing_extra
from . import output
from .curves import Curve, Curves, thinned

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")
_PLOTEXT = {"yellow": "orange"}  # plotext's names of the same colours of the terminal, where they differ
_LEAST_HEIGHT = 9  # lines of one plot
_LEAST_WIDTH = 46
_MOST_TICKS = 4


def check_packages() -> None:
    """Raise MissingExtraError unless what draws is installed."""
    for package in ("plotext", "rich"):
        try:
            __import__(package)
        except ImportError as error:
            raise missing_extra(package, "cli", "drawing curves") from error


def picture(curves: Curves, width: int, height: int, status: str = "") -> Any:
    """Return a picture as a `rich.text.Text` of at most this many columns and lines.

    The first line names the runs, the last one tells how much there is; between them there is a plot for each tag, as
    many as find room.
    """
    from rich.text import Text

    rows, columns = _grid(len(curves.tags), width, height - 2)
    shown = list(curves.tags)[: rows * columns]
    text = _legend(curves.runs, width)
    if shown:
        text.append("\n")
        text.append_text(Text.from_ansi(_plots(curves, shown, rows, columns, width, height - 2)))
    text.append("\n" + _status(curves, len(shown), status)[:width], style="dim")
    text.no_wrap = True
    return text


def _grid(count: int, width: int, height: int) -> tuple[int, int]:
    """Return in how many rows and columns that many plots lie."""
    columns = max(1, min(width // _LEAST_WIDTH, count))
    rows = max(1, min(height // _LEAST_HEIGHT, math.ceil(count / columns)))
    return rows, max(1, min(columns, math.ceil(count / rows)))


def _legend(runs: list[str], width: int) -> Any:
    from rich.text import Text

    text = Text()
    for number, run in enumerate(runs):
        name = output.printable(run)
        rest = f"and {len(runs) - number} more"
        if text and len(text) + len(name) + len(rest) + 6 > width:
            text.append(rest, style="dim")
            break
        text.append("━ ", style=_COLOURS[number % len(_COLOURS)])
        text.append(f"{name}  ")
    text.truncate(width)
    return text


def _status(curves: Curves, shown: int, status: str) -> str:
    parts = [f"step {curves.last_step:,}", f"{curves.points:,} points"]
    if shown < len(curves.tags):
        parts.append(f"{shown} of {len(curves.tags)} tags, --tag chooses")
    return " · ".join([*parts, status] if status else parts)


def _plots(curves: Curves, tags: list[str], rows: int, columns: int, width: int, height: int) -> str:
    import plotext

    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear()
    figure.plot_size(width, height)
    figure.subplots(rows, columns)
    for position in range(rows * columns):
        plot = figure.subplot(position // columns + 1, position % columns + 1) if rows * columns > 1 else figure
        plot.theme("colorless")
        if position < len(tags):
            _plot(plot, tags[position], curves, width // columns)
        else:
            plot.axes(False)
    drawn: str = figure.build().string()
    return "\n".join(line.rstrip() for line in drawn.rstrip("\n").splitlines())


def _plot(plot: Any, tag: str, curves: Curves, width: int) -> None:
    import plotext

    of_tag = {run: curve for run, curve in curves.tags[tag].items() if len(curve.values)}
    plot.title(_title(tag, curves.tags[tag], width - 8))
    for run, curve in of_tag.items():
        colour = _COLOURS[curves.runs.index(run) % len(_COLOURS)]
        steps, values = thinned(curve.steps, curve.values, 4 * width)
        marker = plotext.marker("braille").fill(plotext.pixel(_PLOTEXT.get(colour, colour)))
        plot.draw(plot.signal(steps.tolist(), values.tolist(), marker=marker).lines())
    if not of_tag:
        return
    first, end = min(curve.first for curve in of_tag.values()), max(curve.end for curve in of_tag.values())
    low, high = (pick(getattr(c.values, pick.__name__)() for c in of_tag.values()) for pick in (min, max))
    if first < end:
        plot.ruler("x").lim(first, end)
    for axis, ticks in (("x", _ticks(first, end, width // 12, whole=True)), ("y", _ticks(low, high, _MOST_TICKS))):
        plot.ruler(axis).ticks(ticks, [_short(tick) for tick in ticks])


def _title(tag: str, of_tag: dict[str, Curve], width: int) -> str:
    name = output.printable(tag)
    if len(of_tag) == 1:
        [curve] = of_tag.values()
        name = f"{name}  {output.cell(curve.last_value)}"
    return name if len(name) <= width else f"{name[: max(width - 1, 1)]}…"


def _ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """Return round numbers between two, integers if they have to be, at most about as many as wanted."""
    span = high - low
    if not (span > 0 and math.isfinite(span)):
        return [low]
    exact = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(exact))
    width = next((factor * power for factor in (1, 2, 2.5, 5) if factor * power >= exact), 10 * power)
    if whole:
        width = math.ceil(width)
    first, last = math.ceil(low / width), math.floor(high / width)
    return [number * width for number in range(first, last + 1)] or [low]


def _short(value: float) -> str:
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if limit <= abs(value) < 1e12:
            scale = 1e3 if letter == "k" else limit
            return f"{value / scale:.4g}{letter}"
    return f"{value:.4g}" if abs(value) > 1e-15 or not value else f"{value:.2g}"
