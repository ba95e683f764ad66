"""`ls`: what there is in a log directory."""

from __future__ import annotations

import argparse
import time
from typing import Any

from ..reader import KINDS, Columns, open_logdir
from ..reader.listing import Runs
from . import exit_codes, output
from .arguments import Subparsers, add_filters, add_json, add_logdir, new_parser

_SERIES = ("tag", "kind", "count", "first_step", "last_step", "first_wall_time", "last_wall_time")


def add_parser(subparsers: Subparsers) -> None:
    summary = "List runs: kinds and numbers of values, first and last step, size and health."
    examples = """
        tensorboardx ls
        tensorboardx ls runs --run 'rate*' --tags
        tensorboardx ls runs --json
    """
    parser = new_parser(subparsers, "ls", run, summary, examples)
    add_logdir(parser)
    add_filters(parser, steps=False)
    parser.add_argument("--tags", dest="each_tag", action="store_true", help="a line for each tag instead of each run")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    logdir = open_logdir(arguments.logdir)
    files = logdir.files(arguments.runs)
    index = logdir.index(arguments.runs, arguments.tags)
    rows: dict[str, list[int]] = {name: [] for name in files}
    for row, name in enumerate(index["run"]):
        rows.setdefault(name, []).append(row)
    runs = [_described(name, files, index, rows[name]) for name in files]
    if arguments.json:
        output.write_json("ls", {"logdir": logdir.path, "runs": runs})
    elif arguments.each_tag:
        _write_tags(runs)
    else:
        _write_runs(runs)
    return exit_codes.OK if runs else exit_codes.NOT_FOUND


def _described(name: str, files: Runs, index: Columns, rows: list[int]) -> dict[str, Any]:
    tags = [{column: index[column][row] for column in _SERIES} for row in rows]
    kinds: dict[str, int] = {}
    for tag in tags:
        kinds[tag["kind"]] = kinds.get(tag["kind"], 0) + int(tag["count"])
    paths = {file.path for file in files[name]}
    damage = [each for each in index.damage if each.path in paths]
    return {
        "run": name,
        "health": "damaged" if damage else "ok" if tags else "empty",
        "files": len(files[name]),
        "bytes": sum(file.size for file in files[name]),
        "kinds": {kind: kinds[kind] for kind in KINDS if kind in kinds},
        "first_step": min((tag["first_step"] for tag in tags), default=None),
        "last_step": max((tag["last_step"] for tag in tags), default=None),
        "last_wall_time": max((tag["last_wall_time"] for tag in tags), default=None),
        "tags": tags,
        "damage": output.damage_json(damage),
    }


def _write_runs(runs: list[dict[str, Any]]) -> None:
    titles = ("run", "tags", "values", "first", "last", "size", "written", "health")
    rows = [
        (
            run["run"],
            str(len(run["tags"])),
            " ".join(f"{count} {kind}" for kind, count in run["kinds"].items()),
            output.cell(run["first_step"]),
            output.cell(run["last_step"]),
            output.size(run["bytes"]),
            _when(run["last_wall_time"]),
            run["health"],
        )
        for run in runs
    ]
    output.write_table(titles, rows, right=(1, 3, 4, 5))


def _write_tags(runs: list[dict[str, Any]]) -> None:
    rows = [
        (run["run"], tag["tag"], tag["kind"], *(output.cell(tag[name]) for name in _SERIES[2:5]))
        for run in runs
        for tag in run["tags"]
    ]
    output.write_table(("run", "tag", "kind", "values", "first", "last"), rows, right=(3, 4, 5))


def _when(wall_time: float | None) -> str:
    if wall_time is None:
        return "-"
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(wall_time))
    except (ValueError, OverflowError, OSError):  # NaN, or a year beyond the calendar
        return "-"
