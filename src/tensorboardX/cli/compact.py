"""`compact`: the same in fewer bytes."""

from __future__ import annotations

import argparse

from .. import surgery
from .arguments import Subparsers
from .changing import changing_parser, target_of, write_report


def add_parser(subparsers: Subparsers) -> None:
    summary = "Join the Events of each step, and make large histograms smaller."
    examples = """
        tensorboardx compact runs --in-place
        tensorboardx compact runs --keep-histograms --dry-run
    """
    parser = changing_parser(subparsers, "compact", run, summary, examples)
    parser.add_argument("--keep-histograms", action="store_true", help="leave histograms as they are")


def run(arguments: argparse.Namespace) -> int:
    report = surgery.compact(
        arguments.logdir, keep_histograms=arguments.keep_histograms, runs=arguments.runs, **target_of(arguments)
    )
    return write_report(report, arguments.json)
