"""`schema`: the JSON Schema of what a verb prints with --json."""

from __future__ import annotations

import argparse
import json
from importlib.resources import files
from typing import Any

from . import exit_codes, output
from .arguments import Subparsers, new_parser

_SCHEMAS = files(__package__).joinpath("schemas")
_DEFINITIONS = "definitions"


def add_parser(subparsers: Subparsers) -> None:
    summary = "Print the JSON Schema of what a verb prints with --json."
    parser = new_parser(subparsers, "schema", run, summary, "tensorboardx schema ls")
    parser.add_argument("verb", metavar="VERB", choices=names(), help=", ".join(names()))


def run(arguments: argparse.Namespace) -> int:
    output.write_line(json.dumps(schema_of(arguments.verb), indent=2))
    return exit_codes.OK


def names() -> list[str]:
    """Return the verbs that have a schema."""
    found = {entry.name.removesuffix(".json") for entry in _SCHEMAS.iterdir() if entry.name.endswith(".json")}
    return sorted(found - {_DEFINITIONS})


def schema_of(verb: str) -> dict[str, Any]:
    """Return the schema of a verb, with the definitions that all of them share."""
    return {**_load(verb), **_load(_DEFINITIONS)}


def _load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(_SCHEMAS.joinpath(f"{name}.json").read_text(encoding="utf-8"))
    return loaded
