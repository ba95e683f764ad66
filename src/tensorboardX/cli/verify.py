"""`verify`: whether TensorBoard can read everything."""

from __future__ import annotations

import argparse

from .. import surgery
from . import exit_codes, output
from .arguments import Subparsers, add_filters, add_json, add_logdir, new_parser
from .changing import report_json


def add_parser(subparsers: Subparsers) -> None:
    summary = "Read everything, and tell what makes TensorBoard stop reading; exit code 1 if there is anything."
    examples = """
        tensorboardx verify runs
        tensorboardx verify runs --run 'rate*' --json
    """
    parser = new_parser(subparsers, "verify", run, summary, examples)
    add_logdir(parser)
    add_filters(parser, tags=False, steps=False)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    report = surgery.verify(arguments.logdir, runs=arguments.runs)
    if arguments.json:
        output.write_json("verify", report_json(report))
    else:
        rows = [
            (file.path, str(file.events_before), output.size(file.bytes_before), _health(file)) for file in report.files
        ]
        output.write_table(("file", "events", "size", "health"), rows, right=(1, 2))
        for damage in report.damage:
            output.write_line(output.printable(str(damage)))
    return exit_codes.OK if report.files and not report.damage else exit_codes.NOT_FOUND


def _health(file: surgery.FileReport) -> str:
    return "damaged" if file.damage else "ok"
