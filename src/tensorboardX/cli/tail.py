"""`tail`: the curves of scalars in the terminal, live with -f; lines of points where stdout is none."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator

from ..errors import MissingExtraError
from ..reader import Columns, Logdir, open_logdir
from . import exit_codes, live, output, recording
from .arguments import Subparsers, add_filters, add_json, add_logdir, new_parser

_LAST = 10


def add_parser(subparsers: Subparsers) -> None:
    summary = "Draw the curves of scalars in the terminal, and go on as they grow with -f."
    examples = """
        tensorboardx tail -f runs
        tensorboardx tail -f runs --tag '*loss' --steps 1000:
        tensorboardx tail -f runs --json | jq .points
        tensorboardx tail runs --svg curves.svg
        tensorboardx tail -f runs --svg recording.svg --timeout 60
    """
    parser = new_parser(subparsers, "tail", run, summary, examples)
    add_logdir(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C; runs may appear later")
    parser.add_argument(
        "--interval", type=_seconds, default=1.0, metavar="S", help="seconds between looks (default: 1)"
    )
    parser.add_argument("--timeout", type=_seconds, metavar="S", help="with -f: end when nothing came for so long")
    parser.add_argument("--svg", metavar="FILE", help="write the picture to an SVG file instead, with -f a recording")
    add_filters(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    logdir = open_logdir(arguments.logdir, progress=False)
    if arguments.svg is not None:
        if arguments.follow:
            return recording.record(_batches(logdir, arguments), arguments.svg)
        return live.save_svg(_batches(logdir, arguments), arguments.svg)
    if arguments.json:
        return _write_json(_batches(logdir, arguments))
    if sys.stdout.isatty():
        try:
            return live.watch(logdir, arguments, _batches(logdir, arguments))
        except MissingExtraError as error:
            output.note(f"{error}; here are the points instead")
    return _write_lines(_batches(logdir, arguments))


def _batches(logdir: Logdir, arguments: argparse.Namespace) -> Iterator[Columns]:
    """Yield scalars: all there are now, and with -f what comes."""
    if not arguments.follow:
        yield logdir.scalars(arguments.runs, arguments.tags, arguments.steps)
        return
    yield from logdir.follow(
        "scalars",
        arguments.runs,
        arguments.tags,
        arguments.steps,
        interval=arguments.interval,
        timeout=arguments.timeout,
    )


def _write_lines(batches: Iterator[Columns]) -> int:
    """Print run, tag, step and value with tabs between them: of what is there the last points, then all that come."""
    found = 0
    for batch in batches:
        for row in range(max(0, batch.rows - _LAST) if not found else 0, batch.rows):
            names = (output.printable(batch[name][row]) for name in ("run", "tag"))
            output.write_line("\t".join([*names, str(batch["step"][row]), str(batch["value"][row])]))
        sys.stdout.flush()
        found += batch.rows
    return exit_codes.OK if found else exit_codes.NOT_FOUND


def _write_json(batches: Iterator[Columns]) -> int:
    """Print an object a line for what is there, and one for each time that something came."""
    found = 0
    for batch in batches:
        rows = zip(*(column.tolist() for column in batch.values()), strict=True)
        points = [dict(zip(batch, row, strict=True)) for row in rows]
        content = {"schema": "tensorboardx/tail/1", "points": points, "damage": output.damage_json(batch.damage)}
        output.write_line(json.dumps(output.jsonable(content), allow_nan=False))
        sys.stdout.flush()
        found += batch.rows
    return exit_codes.OK if found else exit_codes.NOT_FOUND


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number of seconds")
    return seconds
