"""`drop`: tags are left out."""

from __future__ import annotations

import argparse

from .. import surgery
from .arguments import Subparsers
from .changing import changing_parser, target_of, write_report


def add_parser(subparsers: Subparsers) -> None:
    summary = "Leave out all values of some tags."
    examples = """
        tensorboardx drop runs --tag debug --in-place
        tensorboardx drop runs/first --tag 'grad/*' --tag '/^weights/' --out smaller
    """
    changing_parser(subparsers, "drop", run, summary, examples, tags=True)


def run(arguments: argparse.Namespace) -> int:
    report = surgery.drop(arguments.logdir, arguments.tags, runs=arguments.runs, **target_of(arguments))
    return write_report(report, arguments.json)
