"""What `images`, `audio` and `text` have in common: a file for each value, below one directory."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..reader import Columns, Damage, Logdir, open_logdir
from ..writer.paths import below
from . import exit_codes, output
from .arguments import Subparsers, add_filters, add_json, add_logdir, add_restarts, new_parser, only
from .files import replaced

_MOST_AT_ONCE = 256_000_000  # bytes of event files whose values are read into memory together
_LIKE_FILE = re.compile(r".*\.(png|jpg|gif|bmp|webp|bin|wav|flac|ogg|mp3|md|svg|pdf)", re.IGNORECASE | re.DOTALL)


class Content(NamedTuple):
    """One file to be written: what goes behind its step, its suffix, and its bytes."""

    part: str
    suffix: str
    data: bytes


Contents = Callable[[Columns, int], Iterator[Content]]
"""Yields the files of one row of what the reader returned."""


def add_media_parser(
    subparsers: Subparsers, name: str, run: Callable[[argparse.Namespace], int], summary: str, examples: str
) -> argparse.ArgumentParser:
    """Add the parser of a verb that writes files."""
    parser = new_parser(subparsers, name, run, summary, examples)
    add_logdir(parser)
    parser.add_argument("--out", metavar="DIR", required=True, help="write to DIR/<run>/<tag>/step<step>.<suffix>")
    add_filters(parser)
    add_restarts(parser)
    add_json(parser)
    return parser


def write_media(verb: str, kind: str, contents: Contents, arguments: argparse.Namespace) -> int:
    """Write the values of a kind to files; return the exit code."""
    logdir = open_logdir(arguments.logdir)
    tree = Tree(arguments.out)
    written: list[dict[str, Any]] = []
    damage: list[Damage] = []
    for run, tags in _parts(logdir, kind, arguments):
        columns = getattr(logdir, kind)(only([run]), only(tags), arguments.steps, restarts=arguments.restarts)
        damage += columns.damage
        for row in range(columns.rows):
            tag, step = columns["tag"][row], int(columns["step"][row])
            at = {"run": run, "tag": tag, "step": step, "wall_time": columns["wall_time"][row]}
            for content in contents(columns, row):
                path = tree.write(run, tag, step, content)
                written.append({**at, "path": path, "bytes": len(content.data)})
    tell_files(verb, arguments, written, damage)
    return exit_codes.OK if written else exit_codes.NOT_FOUND


def blobs(suffix: Callable[[bytes], str], columns: Columns, row: int) -> Iterator[Content]:
    """Yield the file of a picture or sound; `suffix` tells its format by its bytes."""
    index, data = int(columns["index"][row]), columns["data"][row]
    yield Content(f"-{index}" if index else "", suffix(data), data)


def tell_files(verb: str, arguments: argparse.Namespace, written: list[dict[str, Any]], damage: list[Damage]) -> None:
    """Print which files were written, as JSON where that was asked for."""
    if arguments.json:
        content = {"logdir": arguments.logdir, "out": arguments.out, "files": written}
        output.write_json(verb, {**content, "damage": output.damage_json(dict.fromkeys(damage))})
    else:
        total = output.size(sum(each["bytes"] for each in written))
        files = "1 file" if len(written) == 1 else f"{len(written)} files"
        output.write_line(f"{files} of {total} in {output.printable(arguments.out)}")


def _parts(logdir: Logdir, kind: str, arguments: argparse.Namespace) -> Iterator[tuple[str, list[str]]]:
    """Yield runs and their tags in parts that fit into memory: a run, or a tag of a large one."""
    index = logdir.index(arguments.runs, arguments.tags)
    tags: dict[str, list[str]] = {}
    for run, tag, found in zip(index["run"], index["tag"], index["kind"], strict=True):
        if found == kind:
            tags.setdefault(run, []).append(tag)
    files = logdir.files(arguments.runs)
    for run, of_run in tags.items():
        if sum(file.size for file in files.get(run, ())) <= _MOST_AT_ONCE:
            yield run, of_run
        else:
            yield from ((run, [tag]) for tag in of_run)


class Tree:
    """A directory that files are written to, and never outside of it, whatever runs and tags are named.

    Two values that would have one name get two, also where the file system takes small letters for large ones.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._taken: set[str] = set()

    def write(self, run: str, tag: str, step: int, content: Content) -> str:
        """Write a file; return its path. Raises OSError."""
        directory = self._below(run, tag)
        os.makedirs(directory, exist_ok=True)
        path = self._free(os.path.join(directory, f"step{step:08d}{content.part}"), content.suffix)
        with replaced(path) as file:
            file.write(content.data)
        return path

    def path(self, name: str, suffix: str) -> str:
        """Return the path of a file with a name like that of a tag, and make its directory."""
        path = self._below(*_parts_of(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return self._free(path, suffix)

    def _below(self, *names: str) -> str:
        parts = [part for name in names for part in _parts_of(name)]
        return below(self._directory, *(f"{part}_" if _LIKE_FILE.fullmatch(part) else part for part in parts))

    def _free(self, path: str, suffix: str) -> str:
        number, found = 1, f"{path}.{suffix}"
        while found.casefold() in self._taken or os.path.isdir(found):
            number, found = number + 1, f"{path}-{number + 1}.{suffix}"
        self._taken.add(found.casefold())
        return found


def _parts_of(name: str) -> list[str]:
    return name.replace("\\", "/").split("/")
