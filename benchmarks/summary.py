"""Medians over the rounds, and the ratios and targets that follow from them."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.libraries import PEERS

KEYS = ("wait_median", "wait_p99", "total", "cpu", "bytes", "peak", "slow_down", "plain")


@dataclass(frozen=True)
class Figure:
    """The median over the rounds, and their least and greatest."""

    median: float
    least: float
    greatest: float


Figures = dict[str, Figure]
Table = dict[str, dict[str, Figures]]  # case -> library -> key -> figure


def _figures(rounds: list[dict[str, Any]]) -> Figures:
    found = {}
    for key in KEYS:
        values = [one[key] for one in rounds if one.get(key) is not None]
        if values:
            found[key] = Figure(statistics.median(values), min(values), max(values))
    return found


def summarize(results: dict[str, Any]) -> Table:
    return {
        case: {library: _figures(rounds) for library, rounds in libraries.items()}
        for case, libraries in results["cases"].items()
    }


def median(table: Table, case: str, library: str, key: str) -> float | None:
    figure = table.get(case, {}).get(library, {}).get(key)
    return None if figure is None else figure.median


def better_peer(table: Table, case: str, key: str) -> float | None:
    found = [value for peer in PEERS if (value := median(table, case, peer, key)) is not None]
    return min(found, default=None)


def ratio(above: float | None, below: float | None) -> float | None:
    """None where a side is missing or nothing."""
    return above / below if above and below else None


def over_floor(table: Table, case: str, key: str) -> float | None:
    return ratio(median(table, case, "ours", key), median(table, case, "floor", key))


def over_peer(table: Table, case: str, key: str) -> float | None:
    """How many times as much the better peer takes."""
    return ratio(better_peer(table, case, key), median(table, case, "ours", key))


@dataclass(frozen=True)
class Target:
    """What was set out to reach: `value(table)` is at most, or at least, `limit`."""

    title: str
    value: Callable[[Table], float | None]
    limit: float
    at_most: bool = False
    percent: bool = False

    def met(self, value: float) -> bool:
        return value <= self.limit if self.at_most else value >= self.limit


def _floor_target(title: str, case: str, key: str, limit: float) -> Target:
    return Target(title, lambda table: over_floor(table, case, key), limit, at_most=True)


def _peer_target(title: str, case: str, key: str, limit: float) -> Target:
    return Target(title, lambda table: over_peer(table, case, key), limit)


def _points_a_second(table: Table) -> float | None:
    return ratio(1.0, median(table, "series", "ours", "total"))


def _bytes_saved(table: Table) -> float | None:
    default, compact = (median(table, case, "ours", "bytes") for case in ("histogram_1m", "histogram_compact"))
    return ratio(default, compact)


def _many_tags(table: Table) -> float | None:
    many, few = (median(table, case, "ours", "total") for case in ("scalars_36000", "scalars_100"))
    return ratio(None if many is None else many / 360, few)


def _slow_down(case: str, title: str, limit: float) -> Target:
    return Target(title, lambda table: median(table, case, "ours", "slow_down"), limit, at_most=True, percent=True)


_COPIED = {
    "image_natural": "add_image",
    "images": "add_images",
    "video": "add_video",
    "audio": "add_audio",
    "embedding_10k": "add_embedding 10,000x64",
    "embedding_100k": "add_embedding 100,000x512",
}

_FASTER = [
    ("scalar_flush", "add_scalar + flush", 8),
    ("scalars_3", "add_scalars of 3", 15),
    ("text", "add_text", 6),
    ("histogram_1k", "add_histogram of 1,000", 4),
    ("pr_curve", "add_pr_curve", 3),
    ("audio", "add_audio", 3),
    ("image_natural", "add_image", 3),
]
_NO_SLOWER = ["images", "video", "embedding_10k", "embedding_100k"]

TARGETS = [
    _floor_target("add_scalar: all the work over the floor", "scalar_float", "total", 1.6),
    _peer_target("add_scalar: all the work over the better peer", "scalar_float", "total", 30),
    Target("a scalar with 36,000 tags over one with 100", _many_tags, 1.5, at_most=True),
    *[
        _peer_target(f"{title}: all the work over the better peer", case, "total", limit)
        for case, title, limit in _FASTER
    ],
    _slow_down("loop_one", "training loop, matmul on one core: slow-down", 0.025),
    _slow_down("loop_two", "training loop, matmul on two cores: slow-down", 0.09),
    Target("add_scalar_series: points a second", _points_a_second, 1_000_000),
    Target("compact histogram: bytes, default over compact", _bytes_saved, 10),
    *[
        _peer_target(f"{title}: the caller's wait over the better peer", case, "wait_median", 50)
        for case, title in _COPIED.items()
        if case != "audio"
    ],
    *[_peer_target(f"{_COPIED[case]}: all the work over the better peer", case, "total", 1) for case in _NO_SLOWER],
]
