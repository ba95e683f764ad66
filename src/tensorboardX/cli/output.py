"""What the verbs print: tables for people, JSON for programs. Nothing else of the package prints."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..reader import Damage

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_GAP = "  "


def write(text: str) -> None:
    """Print text as it is."""
    sys.stdout.write(text)


def write_line(text: str = "") -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


def note(text: str) -> None:
    """Tell something on stderr, where it is in no program's way."""
    sys.stderr.write(f"tensorboardx: {printable(text)}\n")


def printable(text: str) -> str:
    """Return text without what would steer a terminal: names in event files are anybody's."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def cell(value: Any) -> str:
    """Return a value as tables show it: numbers that are no integers with six digits, "-" for None."""
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, (float, np.floating)) else str(value)


def size(count: int) -> str:
    """Return a number of bytes as tables show it."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def write_table(titles: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> None:
    """Print a table: with rich where it is installed and stdout is a terminal, as plain text otherwise.

    Args:
        titles: of the columns.
        rows: of text, `printable` is applied here.
        right: the columns that are aligned to the right, by their number.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty() and _write_rich(titles, cells, set(right)):
        return
    _write_plain(titles, cells, set(right))


def write_json(verb: str, content: Mapping[str, Any]) -> None:
    """Print the result of a verb as one JSON object, with the name of its schema.

    NumPy's numbers and arrays may be in it. NaN and infinity, which JSON lacks, become "NaN", "Infinity" and
    "-Infinity".
    """
    write_line(json.dumps({"schema": f"tensorboardx/{verb}/1", **jsonable(content)}, allow_nan=False, indent=2))


def jsonable(value: Any) -> Any:
    """Return a value as JSON holds it."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def damage_json(damage: Iterable[Damage]) -> list[dict[str, Any]]:
    """Return what could not be read as the `damage` that every query has in its JSON."""
    return [each._asdict() for each in damage]


def _write_plain(titles: Sequence[str], rows: list[list[str]], right: set[int]) -> None:
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    for row in (titles, *rows):
        cells = [
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        write_line(_GAP.join(cells).rstrip())


def _write_rich(titles: Sequence[str], rows: list[list[str]], right: set[int]) -> bool:
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        return False
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, len(_GAP), 0, 0))
    for index, title in enumerate(titles):
        table.add_column(title, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(file=sys.stdout).print(table)
    return True
