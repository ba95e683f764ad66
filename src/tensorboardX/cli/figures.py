"""`figures`: the curves of scalars as files, drawn with matplotlib."""

from __future__ import annotations

import argparse
from typing import IO, Any

from ..errors import missing_extra
from ..reader import open_logdir
from . import exit_codes, output
from .arguments import Subparsers, add_filters, add_json, add_logdir, add_restarts, new_parser
from .files import replaced
from .media_files import Tree, tell_files
from .series import Series, each_series

FORMATS = ("png", "svg", "pdf")
_MOST_NAMED = 12  # curves; a legend of more covers them


def add_parser(subparsers: Subparsers) -> None:
    summary = "Draw the curves of scalars: a figure for each tag, a curve for each run."
    examples = """
        tensorboardx figures runs --out figures
        tensorboardx figures runs --out figures --tag 'train/*' --format svg --log
    """
    parser = new_parser(subparsers, "figures", run, summary, examples)
    add_logdir(parser)
    parser.add_argument("--out", metavar="DIR", required=True, help="write to DIR/<tag>.<format>")
    parser.add_argument("--format", choices=FORMATS, default="png", help="(default: %(default)s)")
    parser.add_argument("--log", action="store_true", help="a logarithmic axis of values")
    add_filters(parser)
    add_restarts(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    figure_class = _figure_class()
    logdir = open_logdir(arguments.logdir)
    scalars = logdir.scalars(arguments.runs, arguments.tags, arguments.steps, restarts=arguments.restarts)
    curves: dict[str, list[Series]] = {}
    for series in each_series(scalars):
        curves.setdefault(series.tag, []).append(series)
    tree, written = Tree(arguments.out), []
    for tag, of_tag in curves.items():
        path = tree.path(tag, arguments.format)
        with replaced(path) as file:
            _draw(figure_class(figsize=(7, 4), layout="tight"), tag, of_tag, arguments, file)
            size = file.tell()
        written.append({"tag": tag, "runs": [series.run for series in of_tag], "path": path, "bytes": size})
    tell_files("figures", arguments, written, list(scalars.damage))
    return exit_codes.OK if written else exit_codes.NOT_FOUND


def _figure_class() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing_extra("matplotlib", "figure", "figures") from error
    return Figure


def _draw(figure: Any, tag: str, curves: list[Series], arguments: argparse.Namespace, file: IO[bytes]) -> None:
    axes = figure.add_subplot()
    for series in curves:
        marker = "o" if len(series.steps) == 1 else None
        axes.plot(series.steps, series.values, marker=marker, label=_plain(series.run))
    axes.set_title(_plain(tag))
    axes.set_xlabel("step")
    if arguments.log:
        axes.set_yscale("log")
    axes.grid(alpha=0.3)
    if len(curves) <= _MOST_NAMED:
        axes.legend()
    figure.savefig(file, format=arguments.format, dpi=120)


def _plain(name: str) -> str:
    """Return a name without what matplotlib would take for a formula, or for a curve that its legend leaves out."""
    plain = output.printable(name).replace("$", r"\$")
    return f" {plain}" if plain.startswith("_") else plain
