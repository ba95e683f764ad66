"""`compare`: runs beside each other."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from ..reader import Columns
from . import exit_codes, output
from .arguments import Subparsers, add_filters, add_json, new_parser
from .series import Series, each_series, open_sources, read_all, values_of_hparams

WHICH = ("last", "min", "max", "mean")


def add_parser(subparsers: Subparsers) -> None:
    summary = "Compare runs: the hyperparameters that differ, and a value of each tag."
    examples = """
        tensorboardx compare runs/rate0.1 runs/rate0.5
        tensorboardx compare runs --run 'rate*' --tag 'train/*' --value min
        tensorboardx compare runs --json
    """
    parser = new_parser(subparsers, "compare", run, summary, examples)
    text = "runs, or directories of runs (default: runs)"
    parser.add_argument("logdirs", metavar="LOGDIR", nargs="*", default=["runs"], help=text)
    parser.add_argument("--value", choices=WHICH, default="last", help="which value of a tag (default: %(default)s)")
    add_filters(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    sources = open_sources(arguments.logdirs)
    runs = [source.name(name) for source in sources for name in source.logdir.files(arguments.runs)]
    scalars = read_all(sources, "scalars", arguments.runs, arguments.tags, arguments.steps)
    hparams = values_of_hparams(read_all(sources, "hparams", arguments.runs))
    values: dict[str, dict[str, Any]] = {}
    for series in each_series(scalars):
        values.setdefault(series.tag, {})[series.run] = _value(series, arguments.value)
    settings = _by_name(hparams)
    if arguments.json:
        output.write_json("compare", _content(runs, arguments.value, settings, values, scalars))
    else:
        _write(runs, {name: of_runs for name, of_runs in settings.items() if _differs(runs, of_runs)}, values)
    return exit_codes.OK if runs else exit_codes.NOT_FOUND


def _value(series: Series, which: str) -> float:
    """Return one value of a curve, NaN left out but for the last."""
    if which == "last":
        return float(series.values[-1])
    numbers = series.values[~np.isnan(series.values)]
    return float(getattr(np, which)(numbers)) if len(numbers) else np.nan


def _by_name(hparams: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, settings in hparams.items():
        for setting, value in settings.items():
            found.setdefault(setting, {})[name] = value
    return found


def _differs(runs: list[str], of_runs: dict[str, Any]) -> bool:
    return len({repr(of_runs.get(name)) for name in runs}) > 1


def _content(
    runs: list[str], which: str, settings: dict[str, Any], values: dict[str, Any], scalars: Columns
) -> dict[str, Any]:
    return {
        "runs": runs,
        "value": which,
        "hparams": [
            {"name": name, "differs": _differs(runs, of_runs), "values": of_runs} for name, of_runs in settings.items()
        ],
        "scalars": [{"tag": tag, "values": of_runs} for tag, of_runs in values.items()],
        "damage": output.damage_json(scalars.damage),
    }


def _write(runs: list[str], settings: dict[str, dict[str, Any]], values: dict[str, dict[str, Any]]) -> None:
    """Print a column for each run and a line for each name; of two runs also by how much the second is more."""
    is_pair = len(runs) == 2
    rows = []
    for name, of_runs in [*settings.items(), *values.items()]:
        row = [name, *(output.cell(of_runs.get(each)) for each in runs)]
        rows.append([*row, _difference(of_runs, runs)] if is_pair else row)
    titles = ["", *runs, *(["difference"] if is_pair else [])]
    output.write_table(titles, rows, right=range(1, len(titles)))


def _difference(of_runs: dict[str, Any], runs: list[str]) -> str:
    first, second = (of_runs.get(each) for each in runs)
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (first, second))
    return f"{second - first:+.6g}" if numbers else ""  # type: ignore[operator]
