"""`merge`: one file for each run."""

from __future__ import annotations

import argparse

from .. import surgery
from .arguments import Subparsers
from .changing import changing_parser, target_of, write_report


def add_parser(subparsers: Subparsers) -> None:
    summary = "Make the event files of each run one file, under the name of the last."
    examples = """
        tensorboardx merge runs --in-place
        tensorboardx merge runs/first --out merged
    """
    changing_parser(subparsers, "merge", run, summary, examples)


def run(arguments: argparse.Namespace) -> int:
    report = surgery.merge(arguments.logdir, runs=arguments.runs, **target_of(arguments))
    return write_report(report, arguments.json)
