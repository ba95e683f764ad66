"""`best`: which run came to the best value of a tag, and when."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from ..reader import open_logdir
from . import exit_codes, output
from .arguments import Subparsers, add_filters, add_json, add_logdir, add_restarts, name_filter, new_parser, positive
from .series import Series, each_series, values_of_hparams

MODES = ("min", "max")


def add_parser(subparsers: Subparsers) -> None:
    summary = "Rank runs by the least or greatest value of a tag, with the step at which it was."
    examples = """
        tensorboardx best validation/loss --mode min
        tensorboardx best train/accuracy runs --mode max --count 1 --json
    """
    parser = new_parser(subparsers, "best", run, summary, examples)
    parser.add_argument("tag", metavar="TAG", type=name_filter, help="a name, a glob, or /a regular expression/")
    add_logdir(parser)
    parser.add_argument("--mode", choices=MODES, required=True, help="whether less or more is better")
    parser.add_argument("--count", type=positive, metavar="N", help="only the N best")
    add_filters(parser, tags=False)
    add_restarts(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    logdir = open_logdir(arguments.logdir)
    scalars = logdir.scalars(arguments.runs, arguments.tag, arguments.steps, restarts=arguments.restarts)
    sign = 1 if arguments.mode == "min" else -1
    found = [_best(series, sign) for series in each_series(scalars) if not np.isnan(series.values).all()]
    found.sort(key=lambda row: sign * row["value"])
    hparams = values_of_hparams(logdir.hparams(arguments.runs))
    rows = [
        {"rank": number, **row, "hparams": hparams.get(row["run"], {})}
        for number, row in enumerate(found[: arguments.count], 1)
    ]
    if arguments.json:
        content = {"logdir": logdir.path, "mode": arguments.mode, "damage": output.damage_json(scalars.damage)}
        output.write_json("best", {**content, "runs": rows})
    elif rows:
        _write(rows)
    return exit_codes.OK if rows else exit_codes.NOT_FOUND


def _best(series: Series, sign: int) -> dict[str, Any]:
    """Return the first of the best points; NaN is none."""
    row = int(np.nanargmin(sign * series.values))
    best = {"value": series.values[row], "step": series.steps[row], "wall_time": series.wall_times[row]}
    return {"run": series.run, "tag": series.tag, **best}


def _write(rows: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row["hparams"]))
    titles = ("rank", "run", "tag", "value", "step")
    cells = [
        [output.cell(row[title]) for title in titles] + [output.cell(row["hparams"].get(name)) for name in names]
        for row in rows
    ]
    output.write_table((*titles, *names), cells, right=(0, 3, 4))
