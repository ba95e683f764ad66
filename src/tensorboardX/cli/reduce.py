"""`reduce`: mean, deviation and extremes over runs that should be alike, such as seeds or ranks."""

from __future__ import annotations

import argparse
import posixpath
import re
from typing import Any

from ..errors import InvalidValueError, LogdirError
from ..reader import Columns
from ..reader.columns import objects
from ..reader.listing import list_runs
from ..writer import SummaryWriter
from ..writer.paths import below
from . import exit_codes, output
from .arguments import Subparsers, add_filters, add_json, new_parser
from .files import replaced_text
from .scalars import write_csv
from .series import each_series, open_sources, read_all
from .statistics import DUPLICATES, RANKS, SEEDS, Statistics, by_tag, checked

_RANK = re.compile(r"rank_(\d+)")


def add_parser(subparsers: Subparsers) -> None:
    summary = "Reduce runs to mean, std, min and max at each step, written as runs and as CSV."
    examples = """
        tensorboardx reduce runs/seed* --out runs/all-seeds
        tensorboardx reduce runs --run 'seed*' --csv seeds.csv --lax-tags --lax-steps
        tensorboardx reduce job --ranks --out job-ranks
    """
    parser = new_parser(subparsers, "reduce", run, summary, examples)
    text = "runs, or directories of runs (default: runs)"
    parser.add_argument("logdirs", metavar="LOGDIR", nargs="*", default=["runs"], help=text)
    parser.add_argument("--out", metavar="DIR", help="write a run for each statistic: DIR/mean, DIR/std and so on")
    parser.add_argument("--csv", metavar="FILE", help="write tag, step and a column for each statistic")
    text = "runs named rank_<n> of one job: mean, min, max, and the rank that has the max"
    parser.add_argument("--ranks", action="store_true", help=text)
    parser.add_argument("--lax-tags", action="store_true", help="accept tags that some runs lack")
    parser.add_argument("--lax-steps", action="store_true", help="accept steps that some runs lack under a tag")
    text = "what counts where a run has a step twice under a tag (default: %(default)s)"
    parser.add_argument("--duplicates", choices=DUPLICATES, default="last", help=text)
    add_filters(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    if arguments.out is None and arguments.csv is None and not arguments.json:
        raise InvalidValueError("reduce: nothing to write; accepted are --out DIR, --csv FILE and --json")
    if arguments.out is not None:
        _check_free(arguments.out)
    sources = open_sources(arguments.logdirs)
    scalars = read_all(sources, "scalars", arguments.runs, arguments.tags, arguments.steps)
    runs = [source.name(name) for source in sources for name in source.logdir.files(arguments.runs)]
    labels = _ranks(runs) if arguments.ranks else {name: number for number, name in enumerate(runs)}
    curves = by_tag(series for series in each_series(scalars) if series.run in labels)
    names = RANKS if arguments.ranks else SEEDS
    checked(curves, list(labels), lax_tags=arguments.lax_tags, lax_steps=arguments.lax_steps)
    tags = {tag: Statistics(of_tag, labels, arguments.duplicates) for tag, of_tag in curves.items()}
    if tags:
        _write(tags, names, arguments)
    _tell(list(labels), tags, names, scalars, arguments)
    return exit_codes.OK if tags else exit_codes.NOT_FOUND


def _check_free(directory: str) -> None:
    """Raise LogdirError if there are event files where runs would be written, which would be mixed with them."""
    try:
        taken = list_runs(directory)
    except LogdirError:
        return
    if taken:
        raise LogdirError(f"{directory}: there are event files in it; accepted is a directory without")


def _ranks(runs: list[str]) -> dict[str, int]:
    """Return the number of each run that is named rank_<n>. Raises InvalidValueError if two have one number."""
    found: dict[str, int] = {}
    for name in runs:
        match = _RANK.fullmatch(posixpath.basename(name))
        if match:
            found[name] = int(match[1])
    if len(set(found.values())) < len(found):
        raise InvalidValueError("--ranks: got several runs of one rank; accepted are those of one job: --run 'job/*'")
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _write(tags: dict[str, Statistics], names: tuple[str, ...], arguments: argparse.Namespace) -> None:
    if arguments.csv is not None:
        with replaced_text(arguments.csv) as file:
            write_csv(_table(tags, names), file)
    for name in names if arguments.out is not None else ():
        with SummaryWriter(below(arguments.out, name)) as writer:
            for tag, found in tags.items():
                is_there = found.count > 1 if name == "std" else slice(None)
                values = found.columns[name][is_there]
                if len(values):
                    writer.add_scalar_series(tag, values, found.steps[is_there], found.wall_times[is_there])


def _table(tags: dict[str, Statistics], names: tuple[str, ...]) -> Columns:
    """Return a row for each tag and step; a deviation of one run is empty."""
    columns: dict[str, list[Any]] = {name: [] for name in ("tag", "step", "count", *names)}
    for tag, found in tags.items():
        columns["tag"] += [tag] * len(found.steps)
        columns["step"] += found.steps.tolist()
        columns["count"] += found.count.tolist()
        for name in names:
            values = found.columns[name].tolist()
            if name == "std":
                values = [None if count < 2 else value for value, count in zip(values, found.count, strict=True)]
            columns[name] += values
    return Columns({name: objects(values) for name, values in columns.items()}, "reduce")


def _tell(
    runs: list[str],
    tags: dict[str, Statistics],
    names: tuple[str, ...],
    scalars: Columns,
    arguments: argparse.Namespace,
) -> None:
    if arguments.json:
        table = _table(tags, names)
        rows = zip(*(column.tolist() for column in table.values()), strict=True)
        content = {"runs": runs, "out": arguments.out, "csv": arguments.csv, "statistics": names}
        points = [dict(zip(table, row, strict=True)) for row in rows]
        output.write_json("reduce", {**content, "points": points, "damage": output.damage_json(scalars.damage)})
        return
    steps = sum(len(found.steps) for found in tags.values())
    places = " and ".join(output.printable(place) for place in (arguments.out, arguments.csv) if place is not None)
    output.write_line(f"runs: {len(runs)}, tags: {len(tags)}, points: {steps}, in {places if tags else 'nothing'}")
