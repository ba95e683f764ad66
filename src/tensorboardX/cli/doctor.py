"""`doctor`: what is wrong with what was logged."""

from __future__ import annotations

import argparse

from ..doctor import CHECKS
from ..reader import open_logdir
from . import exit_codes, output
from .arguments import Subparsers, add_filters, add_json, add_logdir, new_parser


def add_parser(subparsers: Subparsers) -> None:
    summary = "Look for faults: NaN, spikes, plateaus, overfitting, steps and times that cannot be right."
    examples = """
        tensorboardx doctor runs
        tensorboardx doctor runs --tag '*loss*' --ignore plateau --ignore gap
        tensorboardx doctor runs --json
    """
    parser = new_parser(subparsers, "doctor", run, summary, examples)
    add_logdir(parser)
    add_filters(parser, steps=False)
    names = ", ".join(f"{name} ({what})" for name, what in CHECKS.items())
    parser.add_argument("--check", dest="checks", action="append", choices=CHECKS, help=f"only these checks: {names}")
    parser.add_argument("--ignore", dest="ignored", action="append", choices=CHECKS, default=[], help="but not these")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from ..doctor.examination import examine

    logdir = open_logdir(arguments.logdir)
    checks = [name for name in arguments.checks or CHECKS if name not in arguments.ignored]
    findings = examine(logdir, arguments.runs, arguments.tags, checks)
    if arguments.json:
        found = [finding._asdict() for finding in findings]
        output.write_json("doctor", {"logdir": logdir.path, "checks": checks, "findings": found})
    else:
        titles = ("check", "run", "tag", "step", "problem")
        rows = [
            (finding.check, finding.run, finding.tag, output.cell(finding.step), finding.problem)
            for finding in findings
        ]
        if rows:
            output.write_table(titles, rows, right=(3,))
            _write_advice({finding.check: finding.advice for finding in findings})
        else:
            output.write_line("nothing found")
    return exit_codes.NOT_FOUND if findings else exit_codes.OK


def _write_advice(advice: dict[str, str]) -> None:
    output.write_line()
    for check, text in advice.items():
        output.write_line(output.printable(f"{check}: {text}."))
