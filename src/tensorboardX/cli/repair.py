"""`repair`: what makes TensorBoard stop reading is left out."""

from __future__ import annotations

import argparse

from .. import surgery
from .arguments import Subparsers
from .changing import changing_parser, target_of, write_report


def add_parser(subparsers: Subparsers) -> None:
    summary = "Leave out what makes TensorBoard stop reading. Every whole Event stays."
    examples = """
        tensorboardx repair runs --dry-run
        tensorboardx repair runs --in-place
    """
    changing_parser(subparsers, "repair", run, summary, examples)


def run(arguments: argparse.Namespace) -> int:
    report = surgery.repair(arguments.logdir, runs=arguments.runs, **target_of(arguments))
    return write_report(report, arguments.json)
