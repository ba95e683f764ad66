"""`trim`: what was logged from a step on is left out."""

from __future__ import annotations

import argparse

from .. import surgery
from .arguments import Subparsers
from .changing import changing_parser, target_of, write_report


def add_parser(subparsers: Subparsers) -> None:
    summary = "Leave out what was logged at a step and later, to go on from there without overlap."
    examples = """
        tensorboardx trim runs/first --from-step 1000 --dry-run
        tensorboardx trim runs/first --from-step 1000 --in-place
        tensorboardx trim runs --run '*/eval' --from-step 1000 --out trimmed
    """
    parser = changing_parser(subparsers, "trim", run, summary, examples)
    parser.add_argument("--from-step", type=int, required=True, metavar="N", help="the first step that is left out")


def run(arguments: argparse.Namespace) -> int:
    report = surgery.trim(arguments.logdir, arguments.from_step, runs=arguments.runs, **target_of(arguments))
    return write_report(report, arguments.json)
