"""The table and the plot: `python -m benchmarks.report RESULTS.json FOLDER` writes both (needs matplotlib)."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

from benchmarks.cases import CASES
from benchmarks.libraries import LIBRARIES
from benchmarks.summary import TARGETS, Figure, Table, over_floor, over_peer, summarize

TABLE, PLOT = "performance-table.md", "performance.png"
COLOURS = {"ours": "#1b7f5c", "tensorboardX": "#d9792b", "torch": "#b8405e", "floor": "#9aa0a6"}


def seconds(value: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value * 1e6:.3g} µs"


def size(value: float) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value:.0f} B"


def percent(value: float) -> str:
    return f"{100 * value:+.1f} %"


def times(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if value < 1_000 else f"{float(f'{value:.3g}'):,.0f}"


def _cell(figure: Figure | None, form: Any, spread: bool = False) -> str:
    if figure is None:
        return "-"
    text = form(figure.median)
    return f"{text} ({form(figure.least)} to {form(figure.greatest)})" if spread else str(text)


def _lines(head: list[str], rows: list[list[str]]) -> list[str]:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return ["| " + " | ".join(row) + " |" for row in [head, rule, *rows]] + [""]


def _title(case: str, results: dict[str, Any]) -> str:
    """The title of a row, which says so where the case had fewer rounds than the others."""
    rounds = min(results["rounds"], CASES[case].rounds)
    mark = "" if rounds == results["rounds"] else f" ({rounds} round{'s' * (rounds > 1)})"
    return CASES[case].title + mark


def _time_section(table: Table, results: dict[str, Any]) -> list[str]:
    head = ["case", *LIBRARIES, "better peer / ours", "ours / floor"]
    rows = []
    for case, found in table.items():
        if CASES[case].kind not in ("loop", "serving"):
            cells = [_cell(found.get(name, {}).get("total"), seconds, spread=True) for name in LIBRARIES]
            rows.append(
                [
                    _title(case, results),
                    *cells,
                    times(over_peer(table, case, "total")),
                    times(over_floor(table, case, "total")),
                ]
            )
    note = (
        "Seconds a call (or point of an import) with all the work behind it and `close()`: "
        "median of the rounds (least to greatest)."
    )
    return ["## All the work", "", note, "", *_lines(head, rows)]


def _processor_section(table: Table, results: dict[str, Any]) -> list[str]:
    rows = [
        [
            _title(case, results),
            *[_cell(found.get(name, {}).get("cpu"), seconds, spread=True) for name in LIBRARIES],
            times(over_peer(table, case, "cpu")),
        ]
        for case, found in table.items()
        if any("cpu" in figures for figures in found.values())
    ]
    note = (
        "Seconds of processor time a call, of all threads of the process together, for the same work: "
        "median of the rounds (least to greatest). On a machine that other programs use, it is the fairer figure."
    )
    return (
        ["## Processor time", "", note, "", *_lines(["case", *LIBRARIES, "better peer / ours"], rows)] if rows else []
    )


def _wait_section(table: Table, results: dict[str, Any]) -> list[str]:
    head = ["case", *LIBRARIES, "better peer / ours", "ours / floor"]
    rows = []
    for case, found in table.items():
        if CASES[case].kind in ("calls", "loop"):
            cells = [
                " / ".join(_cell(found.get(name, {}).get(key), seconds) for key in ("wait_median", "wait_p99"))
                for name in LIBRARIES
            ]
            ratios = times(over_peer(table, case, "wait_median")), times(over_floor(table, case, "wait_median"))
            rows.append([_title(case, results), *cells, *ratios])
    note = (
        "What the caller waits: median / 99th percentile. The rows of the training loop count all that one step logs."
    )
    return ["## The caller's wait", "", note, "", *_lines(head, rows)]


def _size_section(table: Table, results: dict[str, Any]) -> list[str]:
    names = LIBRARIES[:3]
    head = ["case", *[f"{name}: bytes" for name in names], *[f"{name}: memory" for name in names]]
    rows = [
        [
            _title(case, results),
            *[_cell(found.get(name, {}).get(key), size) for key in ("bytes", "peak") for name in names],
        ]
        for case, found in table.items()
    ]
    note = (
        "Bytes on disk a call (or point of an import), and the peak of resident memory above what was resident before "
        "(of the whole process for the import)."
    )
    return ["## Bytes and memory", "", note, "", *_lines(head, rows)]


def _loop_section(table: Table, results: dict[str, Any]) -> list[str]:
    cases = [case for case in table if CASES[case].kind == "loop"]
    rows = [
        [
            _title(case, results),
            *[_cell(table[case].get(name, {}).get("slow_down"), percent, spread=True) for name in LIBRARIES],
        ]
        for case in cases
    ]
    note = (
        "Slow-down of a loop of 10 ms steps that logs 100 scalars a step, a histogram of 1,000,000 every 10 steps and "
        "an image every 20, against the same loop without. The floor copies and appends only: it shows the noise too."
    )
    return ["## A training loop", "", note, "", *_lines(["case", *LIBRARIES], rows)] if cases else []


def _delays(rounds: list[dict[str, Any]]) -> str:
    """Median, least and greatest of all points of all rounds."""
    delays = [delay for one in rounds for delay in one.get("delays", [])]
    if not delays:
        return "-"
    more = "more than " if any(one.get("given_up") for one in rounds) else ""
    return f"{more}{seconds(statistics.median(delays))} ({seconds(min(delays))} to {seconds(max(delays))})"


def _serve_section(table: Table, results: dict[str, Any]) -> list[str]:
    if "serve" not in table:
        return []
    measured = results["cases"]["serve"]
    points = max((one.get("calls", 0) for rounds in measured.values() for one in rounds), default=0)
    note = (
        f"From add_scalar, without flush, until TensorBoard serves the point: median (least to greatest) of {points} "
        "points a round, logged at random moments. The floor flushes: that is TensorBoard's own time."
    )
    cells = [_delays(measured.get(name, [])) for name in LIBRARIES]
    lines = _lines(["case", *LIBRARIES], [[_title("serve", results), *cells]])
    return ["## Until TensorBoard serves a point", "", note, "", *lines]


def _target_section(table: Table, results: dict[str, Any]) -> list[str]:
    rows = []
    for target in TARGETS:
        value = target.value(table)
        form = percent if target.percent else times
        limit = ("at most " if target.at_most else "at least ") + form(target.limit).removeprefix("+")
        verdict = "not measured" if value is None else "met" if target.met(value) else "missed"
        rows.append([target.title, limit, "-" if value is None else form(value), verdict])
    return ["## Targets", "", *_lines(["target", "limit", "measured", ""], rows)]


def _note_section(results: dict[str, Any]) -> list[str]:
    lines = [
        f"- {name}: " + ", ".join(f"{k} {v}" for k, v in found.items()) for name, found in results["versions"].items()
    ]
    failed = [
        f"- {CASES[case].title}, {name}: {one.get('skipped') or one.get('error')}"
        for case, libraries in results["cases"].items()
        for name, rounds in libraries.items()
        for one in rounds[:1]
        if "skipped" in one or "error" in one
    ]
    machine = results["machine"]
    setting = [
        f"- `{results['command']}` on {results['date']}: {results['rounds']} rounds where a row says nothing else",
        f"- {machine['processor']}, {machine['cores']} cores, {machine['system']}",
    ]
    return ["## Setting", "", *setting, *lines, *failed, ""]


def markdown(results: dict[str, Any]) -> str:
    table = summarize(results)
    sections = [
        _target_section,
        _time_section,
        _processor_section,
        _wait_section,
        _loop_section,
        _size_section,
        _serve_section,
    ]
    lines = [
        "<!-- Written by `python -m benchmarks`. -->",
        "",
        *[line for section in sections for line in section(table, results)],
    ]
    return "\n".join([*lines, *_note_section(results)]).rstrip() + "\n"


def plot(table: Table, path: Path) -> None:
    """Bars on a logarithmic scale: the caller's wait, and all the work, a row for each case."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    drawn = ("calls", "importing", "series")
    cases = [case for case in table if CASES[case].kind in drawn and any(table[case].values())]
    figure, panels = pyplot.subplots(1, 2, figsize=(11, 1.2 + 0.5 * len(cases)), sharey=True, layout="constrained")
    for panel, key, title in zip(
        panels, ("wait_median", "total"), ("the caller's wait", "all the work, with close()"), strict=True
    ):
        _bars(panel, table, cases, key)
        panel.set(xscale="log", title=title, xlabel="seconds a call (or point, or import);\nshorter is better")
        panel.margins(y=0.01)
        panel.grid(axis="x", alpha=0.3)
    panels[0].set_yticks(range(len(cases)), [CASES[case].title for case in cases])
    panels[0].invert_yaxis()
    if panels[1].patches:
        figure.legend(*panels[1].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    figure.savefig(path, dpi=80)


def _bars(panel: Any, table: Table, cases: list[str], key: str) -> None:
    for position, name in enumerate(LIBRARIES):
        rows = [(row, table[case].get(name, {}).get(key)) for row, case in enumerate(cases)]
        drawn = [(row, figure.median) for row, figure in rows if figure is not None and figure.median > 0]
        if drawn:
            at = [row + (position - 1.5) * 0.2 for row, _ in drawn]
            panel.barh(at, [value for _, value in drawn], height=0.18, color=COLOURS[name], label=name)


def write(results_path: Path, folder: Path) -> None:
    results = json.loads(results_path.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TABLE).write_text(markdown(results))
    plot(summarize(results), folder / PLOT)


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
