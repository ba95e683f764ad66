"""What is read, by whom, and what it may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One log directory.

    Attributes:
        name: of the directory.
        title: in the table.
        points: how many scalars there are.
        tags: how many tags they have.
        pictures: how many pictures lie between them.
        readers: those that read it.
        most_seconds: that this library may take.
    """

    name: str
    title: str
    points: int
    tags: int = 1
    pictures: int = 0
    readers: tuple[str, ...] = ("ours", "records", "server", "accumulator", "tbparse")
    most_seconds: float | None = None


READERS = {
    "ours": "this library",
    "server": "data server",
    "records": "`read_records`, `Event.FromString`",
    "accumulator": "EventAccumulator",
    "tbparse": "tbparse",
}

ROUNDS = {"accumulator": 2, "tbparse": 2, "records": 3}
"""Of readers that take minutes."""

CASES = [
    Case("small", "100,000 scalars of 10 tags", 100_000, 10),
    Case("tags", "360,000 scalars of 18,000 tags", 360_000, 18_000, most_seconds=0.8),
    Case("large", "1,000,000 scalars of 100 tags", 1_000_000, 100, most_seconds=2.0),
    Case("pictures", "10,000 scalars between 800 PNG (158 MB)", 10_000, pictures=800, most_seconds=0.3),
    Case("3m", "3,000,000 scalars of 100 tags", 3_000_000, 100, readers=("ours",)),
    Case("10m", "10,000,000 scalars of 100 tags", 10_000_000, 100, readers=("ours",)),
]

LEAST_TIMES_ACCUMULATOR = 10.0
MOST_TIMES_COLUMNS = 3.0
