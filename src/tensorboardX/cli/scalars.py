"""`scalars`: the points of scalars as CSV, JSON or Parquet."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from typing import IO, Any

from ..errors import InvalidValueError, missing_extra
from ..reader import Columns, open_logdir
from . import exit_codes, output
from .arguments import Subparsers, add_filters, add_json, add_logdir, add_restarts, new_parser
from .files import replaced, replaced_text

FORMATS = ("csv", "json", "parquet")
_CHUNK = 10_000  # rows that are printed at once


def add_parser(subparsers: Subparsers) -> None:
    summary = "Print all points of scalars as CSV or JSON, or write them to a file, also as Parquet."
    examples = """
        tensorboardx scalars runs --tag 'train/*' > train.csv
        tensorboardx scalars runs --run rate0.1 --steps 90: --json
        tensorboardx scalars runs --out points.parquet
    """
    parser = new_parser(subparsers, "scalars", run, summary, examples)
    add_logdir(parser)
    add_filters(parser)
    add_restarts(parser)
    parser.add_argument("--out", metavar="FILE", help="write to this file; its suffix tells the format")
    parser.add_argument("--format", choices=FORMATS, help="by default that of FILE, or csv")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    form = _format_of(arguments)
    columns = open_logdir(arguments.logdir).scalars(
        arguments.runs, arguments.tags, arguments.steps, restarts=arguments.restarts
    )
    if arguments.out is None:
        _write_text(columns, form, arguments.logdir, sys.stdout)
    elif form == "parquet":
        with replaced(arguments.out) as file:
            write_parquet(columns, file)
    else:
        with replaced_text(arguments.out) as text:
            _write_text(columns, form, arguments.logdir, text)
    if arguments.out is not None:
        output.note(f"{columns.rows} points in {arguments.out}")
    return exit_codes.OK if columns.rows else exit_codes.NOT_FOUND


def _format_of(arguments: argparse.Namespace) -> str:
    suffix = (arguments.out or "").rpartition(".")[2].lower()
    form = arguments.format or ("json" if arguments.json else suffix if suffix in FORMATS else "csv")
    if form == "parquet" and arguments.out is None:
        raise InvalidValueError("--format parquet: its bytes are for a file; accepted is it with --out FILE")
    return str(form)


def _write_text(columns: Columns, form: str, logdir: str, file: IO[str]) -> None:
    if form == "json":
        _write_json(columns, logdir, file)
    else:
        write_csv(columns, file)


def write_csv(columns: Columns, file: IO[str]) -> None:
    """Write columns as CSV (RFC 4180 but for the line ends) with a line of titles; floats so that they read back."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    for rows in _chunks(columns):
        writer.writerows(rows)


def write_parquet(columns: Columns, file: IO[bytes]) -> None:
    """Write columns as Parquet, texts as dictionaries. Raises MissingExtraError if pyarrow is not installed."""
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise missing_extra("pyarrow", "cli", "Parquet") from error
    parquet.write_table(columns.to_arrow(), file)


def _write_json(columns: Columns, logdir: str, file: IO[str]) -> None:
    """Write the object a point a line, so that a long one never is in memory as text."""
    head = {"schema": "tensorboardx/scalars/1", "logdir": logdir, "damage": output.damage_json(columns.damage)}
    file.write(json.dumps(head)[:-1] + ', "points": [')
    separator = "\n"
    for rows in _chunks(columns):
        points = (output.jsonable(dict(zip(columns, row, strict=True))) for row in rows)
        file.write(separator + ",\n".join(json.dumps(point, allow_nan=False) for point in points))
        separator = ",\n"
    file.write("\n]}\n")


def _chunks(columns: Columns) -> Iterator[list[tuple[Any, ...]]]:
    for start in range(0, columns.rows, _CHUNK):
        parts = [column[start : start + _CHUNK].tolist() for column in columns.values()]
        yield list(zip(*parts, strict=True))
