"""The table of `python -m benchmarks.reading`."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.reading_cases import CASES, LEAST_TIMES_ACCUMULATOR, MOST_TIMES_COLUMNS, READERS, Case

Rounds = list[dict[str, Any]]
Results = dict[str, dict[str, Rounds]]


def _median(found: Results, case: str, reader: str, key: str) -> float | None:
    values = [one[key] for one in found.get(case, {}).get(reader, []) if one.get(key) is not None]
    return statistics.median(values) if values else None


def _seconds(found: Results, case: str, reader: str) -> str:
    rounds = found.get(case, {}).get(reader, [])
    values = [one["seconds"] for one in rounds if "seconds" in one]
    if not values:
        return "failed" if rounds else "-"
    return f"{statistics.median(values):.3g} s ({min(values):.3g} to {max(values):.3g})"


def _megabytes(value: float | None) -> str:
    return "-" if value is None else f"{value / 1e6:.3g} MB"


def _lines(head: list[str], rows: list[list[str]]) -> list[str]:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return ["| " + " | ".join(row) + " |" for row in [head, rule, *rows]]


def _memory_row(found: Results, case: Case) -> list[str]:
    peak, columns = _median(found, case.name, "ours", "peak"), _median(found, case.name, "ours", "columns")
    ratio = f"{peak / columns:.2f}" if peak and columns else "-"
    others = [_megabytes(_median(found, case.name, reader, "peak")) for reader in ("records", "accumulator", "tbparse")]
    return [case.title, _megabytes(columns), _megabytes(peak), ratio, *others]


def _targets(found: Results) -> list[list[str]]:
    rows = []

    def add(what: str, target: str, value: float | None, form: str, is_met: bool) -> None:
        if value is not None:
            rows.append([what, target, format(value, form), "met" if is_met else "**missed**"])

    for case in CASES:
        seconds = _median(found, case.name, "ours", "seconds")
        if case.most_seconds is not None and seconds is not None:
            is_met = seconds <= case.most_seconds
            add(f"{case.title}: seconds", f"at most {case.most_seconds}", seconds, ".3f", is_met)
    ours, theirs = (_median(found, "large", reader, "seconds") for reader in ("ours", "accumulator"))
    if ours and theirs:
        ratio = theirs / ours
        target = f"at least {LEAST_TIMES_ACCUMULATOR:g}"
        add("1,000,000 scalars: EventAccumulator / ours", target, ratio, ".1f", ratio >= LEAST_TIMES_ACCUMULATOR)
    for case in CASES:
        peak, columns = _median(found, case.name, "ours", "peak"), _median(found, case.name, "ours", "columns")
        if not case.pictures and peak is not None and columns:
            target = f"at most {MOST_TIMES_COLUMNS:g}"
            add(f"{case.title}: peak / columns", target, peak / columns, ".2f", peak <= MOST_TIMES_COLUMNS * columns)
    return rows


def _growth(found: Results) -> list[list[str]]:
    rows = []
    for case in CASES:
        seconds = _median(found, case.name, "ours", "seconds")
        if case.points >= 1_000_000 and seconds is not None:
            rows.append([case.title, f"{seconds:.3g} s", f"{1e6 * seconds / case.points:.2f} µs"])
    return rows


def table(results: dict[str, Any]) -> list[str]:
    """Return lines of Markdown."""
    found: Results = results["cases"]
    machine, libraries = results["machine"], results["versions"]
    named = [
        f"{name} {libraries[name]}" for name in ("tensorboard", "tbparse", "numpy", "protobuf") if name in libraries
    ]
    times = [
        [case.title, *(_seconds(found, case.name, reader) for reader in READERS)]
        for case in CASES
        if len(found.get(case.name, {})) > 1
    ]
    memory = [_memory_row(found, case) for case in CASES if found.get(case.name)]
    return [
        "# Reading, measured",
        "",
        f"Made by `{results['command']}` on {results['date']}: {machine['processor']}, {machine['cores']} cores,",
        f"{machine['system']}, Python {libraries['python']}, {', '.join(named)}.",
        "",
        "Every reader is asked for all scalars, in a process of its own, with the files in the page cache and without",
        "the time of its imports. Medians of the rounds (least to greatest). This library checks both checksums",
        "of every record. The data server's time is the one that it logs; it checks none, and keeps 1,000 points of a",
        "tag.",
        "",
        "## Time",
        "",
        *_lines(["file", *READERS.values()], times),
        "",
        "## Growth",
        "",
        *_lines(["file", "this library", "for a point"], _growth(found)),
        "",
        "## Memory",
        "",
        "The peak above what was resident before, beside the bytes of the columns that this library returns. A",
        "constant of some megabytes, for what is read at once, shows where the columns are small.",
        "",
        *_lines(["file", "columns", "peak", "peak / columns", "`read_records`", "EventAccumulator", "tbparse"], memory),
        "",
        "## Targets",
        "",
        *_lines(["what", "target", "measured", ""], _targets(found)),
    ]
