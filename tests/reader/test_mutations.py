"""Real event files with random damage: every reader gives what is whole, and raises nothing.

A few hundred files in every run; the long run:

    TENSORBOARDX_READER_MUTATIONS=100000 TENSORBOARDX_READER_SEED=1 pytest tests/reader/test_mutations.py
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from event_files import read, scalars_of, small_file
from torch.utils.tensorboard import SummaryWriter as TorchSummaryWriter

from tensorboardX.reader import Record, Records, open_logdir, scalars
from tensorboardX.records.framing import frame

DATA = Path(__file__).parents[1] / "data" / "event_files"
COUNT = int(os.environ.get("TENSORBOARDX_READER_MUTATIONS", "300"))
SEED = int(os.environ.get("TENSORBOARDX_READER_SEED", "0")) or random.randrange(2**32)
KINDS = ("tensors", "histograms", "images", "audio", "texts", "pr_curves", "meshes", "graph")

Piece = bytes | tuple[int, int]  # bytes of any kind, or a part of the original


class Mutated(NamedTuple):
    pieces: list[Piece]

    def content(self, original: bytes) -> bytes:
        return b"".join(piece if isinstance(piece, bytes) else original[slice(*piece)] for piece in self.pieces)

    def intact(self, spans: list[tuple[int, int]]) -> set[int]:
        """Where the records are that lie within one part of the original, by their spans in that."""
        found, position = set(), 0
        for piece in self.pieces:
            if isinstance(piece, bytes):
                position += len(piece)
                continue
            first, last = piece
            found |= {position + start - first for start, end in spans if first <= start and end <= last}
            position += last - first
        return found


def cut(pieces: list[Piece], position: int) -> tuple[list[Piece], list[Piece]]:
    """Split what is there in two."""
    before, rest = [], list(pieces)
    while rest:
        piece = rest.pop(0)
        length = len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]
        if position < length:
            parts = (
                (piece[:position], piece[position:])
                if isinstance(piece, bytes)
                else ((piece[0], piece[0] + position), (piece[0] + position, piece[1]))
            )
            return [*before, parts[0]], [parts[1], *rest]
        before.append(piece)
        position -= length
    return before, []


def mutated(rng: random.Random, size: int) -> Mutated:
    pieces: list[Piece] = [(0, size)]
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        total = sum(len(piece) if isinstance(piece, bytes) else piece[1] - piece[0] for piece in pieces)
        start = rng.randrange(total + 1)
        length = min(rng.choice((1, 1, 4, 12, 40, 500, 5000, total)), total - start)
        before, rest = cut(pieces, start)
        middle, after = cut(rest, length)
        changes = {
            "replace": [*before, rng.randbytes(length), *after],
            "zeros": [*before, bytes(length), *after],
            "insert": [*before, rng.randbytes(length), *middle, *after],
            "hole": [*before, bytes(length), *middle, *after],
            "delete": [*before, *after],
            "repeat": [*before, *middle, *middle, *after],
            "truncate": before,
            "append": [*before, *middle, *after, *before],
        }
        pieces = changes[rng.choice([*changes, "replace", "delete"])]
    return Mutated(pieces)


def torch_file(directory: Path) -> Path:
    with TorchSummaryWriter(str(directory)) as writer:
        for step in range(60):
            writer.add_scalar("loss", step / 7, step)
            writer.add_scalar("accuracy", step / 7, step, new_style=True)
        writer.add_text("note", "text", 60)
        writer.add_mesh("mesh", np.zeros((1, 3, 3)), global_step=60)
        writer.add_hparams({"rate": 0.5}, {"loss": 1.0}, run_name=".")
    return max(directory.glob("*tfevents*"), key=lambda path: path.stat().st_size)  # hparams have a file of their own


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> list[tuple[bytes, list[tuple[int, int]]]]:
    """The bytes of files, and the spans of their records."""
    directory = tmp_path_factory.mktemp("originals")
    paths = [small_file(directory / "ours"), torch_file(directory / "torch")]
    paths += [next((DATA / name).iterdir()) for name in ("tf1", "tf2")]
    return [(path.read_bytes(), [(record.offset, record.end) for record in Records(path)]) for path in paths]


def overlapped(content: bytes, records: Iterable[Record]) -> set[int]:
    """Bytes within whole records. One cut off by a byte is whole again if the next one begins with that byte."""
    whole = [record for record in records if frame(record.data) == content[record.offset : record.end]]
    return {position for record in whole for position in range(record.offset + 1, record.end)}


def check(directory: Path, content: bytes, intact: set[int]) -> None:
    path = directory / "events.out.tfevents.1"
    records, _ = read(path, content)
    lost = intact - {record.offset for record in Records(path)}
    assert not (lost and lost - overlapped(content, Records(path))), sorted(lost)
    logdir = open_logdir(directory, verify_skipped=True)
    columns = logdir.scalars()
    rows = zip(*(columns[name].tolist() for name in ("tag", "step", "wall_time", "value")), strict=True)
    np.testing.assert_equal(list(rows), scalars_of(records))
    for kind in KINDS:
        getattr(logdir, kind)(restarts="last")
    logdir.hparams()
    index = open_logdir(directory).index()
    assert index["count"].sum() >= 0
    for damage in columns.damage:
        assert 0 <= damage.start < damage.end <= len(content)


def test_files_with_random_damage(originals, tmp_path, caplog, monkeypatch):
    caplog.set_level("CRITICAL")
    for number in range(COUNT):
        rng = random.Random(f"{SEED} {number}")
        monkeypatch.setattr(scalars, "_FEW", rng.choice((1, 8)))
        original, spans = rng.choice(originals)
        change = mutated(rng, len(original))
        try:
            check(tmp_path, change.content(original), change.intact(spans))
        except Exception as error:
            error.add_note(f"TENSORBOARDX_READER_SEED={SEED}, file {number}: {change.pieces}") if hasattr(
                error, "add_note"
            ) else None
            raise


def test_the_oracle_knows_what_is_intact():
    original = frame(b"one") + frame(b"other") + frame(b"third")
    spans = [(0, 19), (19, 40), (40, 61)]
    assert Mutated([(0, 61)]).intact(spans) == {0, 19, 40}
    assert Mutated([(0, 20), b"x", (20, 61)]).intact(spans) == {0, 41}
    assert Mutated([(19, 61), (0, 30)]).intact(spans) == {0, 21, 42}
    assert Mutated([(0, 20), b"x", (20, 61)]).content(original) == original[:20] + b"x" + original[20:]
