"""Parsers and options that verbs have in common."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..reader.filters import Names

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Subparsers = object

Run = Callable[[argparse.Namespace], int]


def new_parser(subparsers: Subparsers, name: str, run: Run, summary: str, examples: str) -> argparse.ArgumentParser:
    """Add the parser of a verb, and return it for its arguments.

    Args:
        subparsers: what `add_parser` of the verb was given.
        name: of the verb.
        run: is called with the arguments, and returns the exit code.
        summary: a sentence on what it does.
        examples: lines for the end of `--help`, each a command.
    """
    lines = "\n".join(f"  {line.strip()}" for line in examples.strip().splitlines())
    parser = subparsers.add_parser(
        name,
        help=summary,
        description=summary,
        epilog=f"examples:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(command=run)
    return parser


def add_logdir(parser: argparse.ArgumentParser) -> None:
    """Add the positional argument LOGDIR: `arguments.logdir`."""
    text = "a run, a directory of runs, an event file, or a URL of one of these (default: runs)"
    parser.add_argument("logdir", metavar="LOGDIR", nargs="?", default="runs", help=text)


def add_filters(parser: argparse.ArgumentParser, *, tags: bool = True, steps: bool = True) -> None:
    """Add --run, and --tag and --steps: `arguments.runs`, `.tags` and `.steps`, as the methods of Logdir take them."""
    text = "only these {}: a name, a glob, or /a regular expression/; may be repeated"
    parser.add_argument(
        "--run", dest="runs", action="append", type=name_filter, metavar="RUN", help=text.format("runs")
    )
    if tags:
        parser.add_argument(
            "--tag", dest="tags", action="append", type=name_filter, metavar="TAG", help=text.format("tags")
        )
    if steps:
        text = "only steps from FROM to UNTIL, which is left out; either may be empty"
        parser.add_argument("--steps", type=_steps, metavar="FROM:UNTIL", help=text)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add --json: `arguments.json`."""
    parser.add_argument("--json", action="store_true", help="print JSON; `tensorboardx schema VERB` prints its schema")


def add_restarts(parser: argparse.ArgumentParser) -> None:
    """Add --restarts: `arguments.restarts`."""
    text = "last leaves out what a program that began again replaced, as TensorBoard does (default: keep)"
    parser.add_argument("--restarts", choices=("keep", "last"), default="keep", help=text)


def only(names: list[str]) -> Names:
    """Return a filter for exactly these names, whatever characters are in them."""
    return [re.compile(rf"\A{re.escape(name)}\Z") for name in names]


def name_filter(text: str) -> str | re.Pattern[str]:
    """Return what an argument wants of names: a name or a glob as it is, a regular expression between slashes."""
    if len(text) < 3 or not (text.startswith("/") and text.endswith("/")):
        return text
    try:
        return re.compile(text[1:-1])
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text} is no regular expression: {error}") from error


def positive(text: str) -> int:
    """Return what an argument says that wants a number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _steps(text: str) -> slice | int:
    parts = text.split(":")
    try:
        limits = [int(part) if part.strip() else None for part in parts]
    except ValueError:
        limits = []
    if len(limits) == 1 and limits[0] is not None:
        return limits[0]
    if not 2 <= len(limits) <= 3:
        raise argparse.ArgumentTypeError(f"{text!r} is no range of steps; accepted is FROM:UNTIL, as in 100:200")
    return slice(*limits)
