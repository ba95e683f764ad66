"""`audio`: sounds as files."""

from __future__ import annotations

import argparse
from functools import partial

from .arguments import Subparsers
from .media_files import add_media_parser, blobs, write_media

_BEGINNINGS = ((b"fLaC", "flac"), (b"OggS", "ogg"), (b"ID3", "mp3"), (b"\xff\xfb", "mp3"))


def add_parser(subparsers: Subparsers) -> None:
    summary = "Write sounds to files, as they were logged."
    examples = """
        tensorboardx audio runs --out sounds
        tensorboardx audio runs --out sounds --run rate0.1
    """
    add_media_parser(subparsers, "audio", run, summary, examples)


def run(arguments: argparse.Namespace) -> int:
    return write_media("audio", "audio", partial(blobs, _suffix), arguments)


def _suffix(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav"
    return next((suffix for beginning, suffix in _BEGINNINGS if data.startswith(beginning)), "bin")
