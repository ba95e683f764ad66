"""`completion`: what a shell needs to complete verbs, options and files, by way of argcomplete."""

from __future__ import annotations

import argparse
import os

from ..errors import missing_extra
from . import exit_codes, output
from .arguments import Subparsers, new_parser

SHELLS = ("bash", "zsh", "fish", "tcsh")


def add_parser(subparsers: Subparsers) -> None:
    summary = "Print the code that makes a shell complete this command."
    examples = """
        eval "$(tensorboardx completion bash)"
        tensorboardx completion fish > ~/.config/fish/completions/tensorboardx.fish
    """
    parser = new_parser(subparsers, "completion", run, summary, examples)
    parser.add_argument("shell", choices=SHELLS, help="which shell")


def run(arguments: argparse.Namespace) -> int:
    try:
        import argcomplete
    except ImportError as error:
        raise missing_extra("argcomplete", "cli", "completion") from error
    output.write_line(argcomplete.shellcode(["tensorboardx"], shell=arguments.shell).strip())
    return exit_codes.OK


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer a shell that asks for completions, and exit then; return at once otherwise."""
    if "_ARGCOMPLETE" in os.environ:
        try:
            import argcomplete
        except ImportError:
            return
        argcomplete.autocomplete(parser)
