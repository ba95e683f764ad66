"""`images`: pictures as files."""

from __future__ import annotations

import argparse
from functools import partial

from .arguments import Subparsers
from .media_files import add_media_parser, blobs, write_media

_BEGINNINGS = ((b"\x89PNG", "png"), (b"\xff\xd8\xff", "jpg"), (b"GIF8", "gif"), (b"BM", "bmp"))


def add_parser(subparsers: Subparsers) -> None:
    summary = "Write pictures and animations to files, as they were logged."
    examples = """
        tensorboardx images runs --out pictures
        tensorboardx images runs --out pictures --tag 'validation/*' --steps 1000:
    """
    add_media_parser(subparsers, "images", run, summary, examples)


def run(arguments: argparse.Namespace) -> int:
    return write_media("images", "images", partial(blobs, _suffix), arguments)


def _suffix(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return next((suffix for beginning, suffix in _BEGINNINGS if data.startswith(beginning)), "bin")
