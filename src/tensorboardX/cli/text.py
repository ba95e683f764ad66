"""`text`: texts as files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from ..reader import Columns
from .arguments import Subparsers
from .media_files import Content, add_media_parser, write_media


def add_parser(subparsers: Subparsers) -> None:
    summary = "Write texts to files of Markdown, as they were logged; one file for each where a value has several."
    examples = """
        tensorboardx text runs --out texts
        tensorboardx text runs --out texts --tag 'note*' --json
    """
    add_media_parser(subparsers, "text", run, summary, examples)


def run(arguments: argparse.Namespace) -> int:
    return write_media("text", "texts", _contents, arguments)


def _contents(columns: Columns, row: int) -> Iterator[Content]:
    text = columns["text"][row]
    texts = np.array(text, object)
    for position in np.ndindex(texts.shape):
        part = "".join(f"-{index}" for index in position)
        yield Content(part, "md", str(texts[position]).encode("utf-8", "replace"))
