"""What the verbs that change event files have in common."""

from __future__ import annotations

import argparse
from typing import Any

from ..surgery import FileReport, Report
from . import exit_codes, output
from .arguments import Subparsers, add_filters, add_json, add_logdir, new_parser

_FACTS = ("bytes_before", "bytes_after", "events_before", "events_after", "values_before", "values_after")


def changing_parser(
    subparsers: Subparsers, name: str, run: Any, summary: str, examples: str, tags: bool = False
) -> argparse.ArgumentParser:
    """Add the parser of a verb that writes files: LOGDIR, --run, --tag if asked for, and what `add_target` adds."""
    parser = new_parser(subparsers, name, run, summary, examples)
    add_logdir(parser)
    add_filters(parser, tags=tags, steps=False)
    add_target(parser)
    return parser


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add --in-place, --out, --dry-run and --json."""
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--in-place", action="store_true", help="replace the files, all of them as one")
    target.add_argument("--out", metavar="DIR", help="write the new files into this directory, which has no files yet")
    parser.add_argument("--dry-run", action="store_true", help="write nothing, and tell what would be done")
    add_json(parser)


def target_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments that say where the new files go, as the functions of `surgery` take them."""
    return {"out": arguments.out, "in_place": arguments.in_place, "dry_run": arguments.dry_run}


def write_report(report: Report, as_json: bool) -> int:
    """Print what was done; return the exit code."""
    if as_json:
        output.write_json(report.verb, report_json(report))
    else:
        _write_files(report)
    return exit_codes.OK if report.files or report.runs else exit_codes.NOT_FOUND


def report_json(report: Report) -> dict[str, Any]:
    """Return a report as JSON has it."""
    return {
        "logdir": report.logdir,
        "dry_run": report.dry_run,
        "bytes_before": report.bytes_before,
        "bytes_after": report.bytes_after,
        "events_before": report.events_before,
        "events_after": report.events_after,
        "changed": report.changed,
        "runs": report.runs,
        "files": [_file_json(file) for file in report.files],
    }


def _file_json(file: FileReport) -> dict[str, Any]:
    facts = {name: getattr(file, name) for name in ("run", "path", "changed", "removed", *_FACTS)}
    return {**facts, "damage": output.damage_json(file.damage)}


def _write_files(report: Report) -> None:
    for old, new in report.runs.items():
        output.write_line(f"{output.printable(old)} -> {output.printable(new)}")
    rows = [
        (file.path, _change(file.events_before, file.events_after), _sizes(file), _what(file))
        for file in report.files
        if not report.runs
    ]
    if rows:
        output.write_table(("file", "events", "size", "change"), rows, right=(1, 2))
    for damage in report.damage:
        output.note(f"left out: {damage}")
    would = "would be " if report.dry_run else ""
    sizes = f"{output.size(report.bytes_before)} -> {output.size(report.bytes_after)}"
    output.write_line(f"{report.changed} of {len(report.files)} files {would}changed, {sizes}")


def _change(before: int, after: int) -> str:
    return str(before) if before == after else f"{before} -> {after}"


def _sizes(file: FileReport) -> str:
    before, after = output.size(file.bytes_before), output.size(file.bytes_after)
    return before if file.bytes_before == file.bytes_after else f"{before} -> {after}"


def _what(file: FileReport) -> str:
    return "removed" if file.removed else "changed" if file.changed else "-"
