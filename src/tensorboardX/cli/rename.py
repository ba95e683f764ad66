"""`rename`: another name for a tag or a run."""

from __future__ import annotations

import argparse

from .. import surgery
from .arguments import Subparsers, add_filters, add_logdir, new_parser
from .changing import add_target, target_of, write_report


def add_parser(subparsers: Subparsers) -> None:
    summary = "Give a tag or a run another name."
    examples = """
        tensorboardx rename tag loss train/loss runs --in-place
        tensorboardx rename tag loss train/loss runs --run 'rate*' --out renamed
        tensorboardx rename run rate0.1 baseline runs --in-place
    """
    parser = new_parser(subparsers, "rename", run, summary, examples)
    parser.add_argument("what", choices=("tag", "run"), help="what OLD and NEW are names of")
    parser.add_argument("old", metavar="OLD", help="the name as `tensorboardx ls --tags` shows it")
    parser.add_argument("new", metavar="NEW", help="one that is not in use")
    add_logdir(parser)
    add_filters(parser, tags=False, steps=False)
    add_target(parser)


def run(arguments: argparse.Namespace) -> int:
    names = (arguments.old, arguments.new)
    if arguments.what == "run":
        report = surgery.rename(arguments.logdir, run=names, **target_of(arguments))
    else:
        report = surgery.rename(arguments.logdir, tags=dict([names]), runs=arguments.runs, **target_of(arguments))
    return write_report(report, arguments.json)
