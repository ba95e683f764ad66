"""The verbs of the command, in the order of its help."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Protocol

from . import (
    audio,
    best,
    compact,
    compare,
    completion,
    doctor,
    drop,
    figures,
    images,
    ls,
    merge,
    reduce,
    rename,
    repair,
    scalars,
    schema,
    show,
    tail,
    text,
    trim,
    verify,
)
from .arguments import Subparsers


class Verb(Protocol):
    """What the module of a verb has."""

    def add_parser(self, subparsers: Subparsers) -> None:
        """Add the parser of the verb, see `arguments.new_parser`."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it, and return the exit code, one of `exit_codes`."""


VERBS: Sequence[Verb] = (
    ls,
    show,
    scalars,
    best,
    compare,
    images,
    audio,
    text,
    figures,
    tail,
    reduce,
    verify,
    repair,
    trim,
    merge,
    rename,
    drop,
    compact,
    doctor,
    schema,
    completion,
)
