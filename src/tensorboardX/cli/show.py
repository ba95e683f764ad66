"""`show`: what a run came to."""

from __future__ import annotations

import argparse
import posixpath
from typing import Any

import numpy as np

from ..reader import open_logdir
from . import exit_codes, output
from .arguments import Subparsers, add_filters, add_json, new_parser
from .series import Series, each_series, values_of_hparams

SCALAR_TITLES = {"tag": "tag", "value": "last", "step": "step", "min": "min", "max": "max", "count": "values"}
OTHER_TITLES = {"tag": "tag", "kind": "kind", "count": "values", "last_step": "last step"}
_TEXT = ("tag", "kind")


def add_parser(subparsers: Subparsers) -> None:
    summary = "Show a run: its hyperparameters, and the last value of each tag."
    examples = """
        tensorboardx show runs/rate0.1
        tensorboardx show runs --run '*0.1' --tag 'train/*'
        tensorboardx show runs/rate0.1 --json
    """
    parser = new_parser(subparsers, "show", run, summary, examples)
    text = "a run, a directory of runs, an event file, or a URL of one of these (default: runs)"
    parser.add_argument("logdir", metavar="RUN", nargs="?", default="runs", help=text)
    add_filters(parser, steps=False)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    logdir = open_logdir(arguments.logdir)
    scalars = logdir.scalars(arguments.runs, arguments.tags)
    index = logdir.index(arguments.runs, arguments.tags)
    hparams = values_of_hparams(logdir.hparams(arguments.runs))
    runs = {name: _empty(logdir.path, name, hparams.get(name, {})) for name in logdir.files(arguments.runs)}
    for series in each_series(scalars):
        runs[series.run]["scalars"].append(_described(series))
    for row in range(index.rows):
        if index["kind"][row] != "scalars":
            runs[index["run"][row]]["other"].append({name: index[name][row] for name in OTHER_TITLES})
    damage = dict.fromkeys((*scalars.damage, *index.damage))
    if arguments.json:
        content = {"logdir": logdir.path, "runs": list(runs.values()), "damage": output.damage_json(damage)}
        output.write_json("show", content)
    else:
        for number, each in enumerate(runs.values()):
            if number:
                output.write_line()
            _write(each)
    return exit_codes.OK if runs else exit_codes.NOT_FOUND


def _empty(logdir: str, name: str, hparams: dict[str, Any]) -> dict[str, Any]:
    path = logdir if name == "." else posixpath.join(logdir, name)
    return {"run": name, "path": path, "hparams": hparams, "scalars": [], "other": []}


def _described(series: Series) -> dict[str, Any]:
    """Describe a curve; a least and a greatest value are those besides NaN."""
    numbers = series.values[~np.isnan(series.values)]
    return {
        "tag": series.tag,
        "count": len(series.values),
        "step": series.steps[-1],
        "wall_time": series.wall_times[-1],
        "value": series.values[-1],
        "min": numbers.min() if len(numbers) else np.nan,
        "max": numbers.max() if len(numbers) else np.nan,
    }


def _write(described: dict[str, Any]) -> None:
    output.write_line(f"{output.printable(described['path'])}")
    if described["hparams"]:
        output.write_line()
        settings = [(name, output.cell(value)) for name, value in described["hparams"].items()]
        output.write_table(("hyperparameter", "value"), settings)
    _write_rows(described["scalars"], SCALAR_TITLES)
    _write_rows(described["other"], OTHER_TITLES)


def _write_rows(rows: list[dict[str, Any]], titles: dict[str, str]) -> None:
    if rows:
        output.write_line()
        cells = [[output.cell(row[name]) for name in titles] for row in rows]
        output.write_table(list(titles.values()), cells, [n for n, name in enumerate(titles) if name not in _TEXT])
