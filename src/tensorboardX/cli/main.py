"""Parses the command line and does what it asks for; turns errors into messages and exit codes."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from .._version import __build__
from ..errors import InvalidTypeError, InvalidValueError, MissingExtraError, TensorBoardXError, reason
from ..notices import logger
from . import completion, exit_codes, output
from .verbs import VERBS

DESCRIPTION = "Look at event files of TensorBoard, take data out of them, and change them."
EPILOG = "`tensorboardx VERB --help` explains a verb, with examples."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, by default those of the process; return the exit code."""
    parser = build_parser()
    completion.complete(parser)
    _set_up_streams()
    arguments = parser.parse_args(argv)
    warnings = _Warnings()
    logger.addHandler(warnings)
    try:
        code: int = arguments.command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
        return exit_codes.BROKEN_PIPE
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    except (TensorBoardXError, OSError) as error:
        output.note(str(error) or reason(error))
        return _code_of(error)
    finally:
        logger.removeHandler(warnings)
    return code


def build_parser() -> argparse.ArgumentParser:
    """Return the parser with those of all verbs."""
    parser = argparse.ArgumentParser("tensorboardx", description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"tensorboardX {__build__}")
    subparsers = parser.add_subparsers(metavar="VERB", required=True)
    for verb in VERBS:
        verb.add_parser(subparsers)
    return parser


def _code_of(error: Exception) -> int:
    if isinstance(error, MissingExtraError):
        return exit_codes.MISSING_EXTRA
    return exit_codes.USAGE if isinstance(error, (InvalidTypeError, InvalidValueError)) else exit_codes.FAILED


class _Warnings(logging.Handler):
    """Tells of the warnings of the package, such as that of a damaged file, in the way of the command."""

    def emit(self, record: logging.LogRecord) -> None:
        output.note(record.getMessage())


def _set_up_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # names need not be in the encoding of the terminal


def _forget_stdout() -> None:
    """Let the interpreter flush into nothing when it ends, instead of into the pipe that is closed."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
