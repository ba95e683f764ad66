"""Measures reading beside the other readers of event files: `python -m benchmarks.reading`.

It builds an environment with TensorBoard and tbparse, writes the files, lets the readers take turns, each in a process
of its own, and writes `benchmarks/results/reading.json` and `docs/reading-table.md`.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import time
from pathlib import Path
from typing import Any

from benchmarks.__main__ import machine_facts
from benchmarks.environments import ENVS, ROOT, Interpreter, build, reuse, versions
from benchmarks.reading_cases import CASES, READERS, ROUNDS, Case
from benchmarks.reading_report import table

ENVIRONMENT = "reading"
CHILD_SECONDS = 300
DEFAULT_ROUNDS = 5


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=DEFAULT_ROUNDS, help=f"of the fast readers (default: {DEFAULT_ROUNDS})"
    )
    parser.add_argument("--cases", help="only these, with commas between (default: all)")
    parser.add_argument("--readers", help="only these (default: all)")
    parser.add_argument("--python", help="an interpreter with tensorboard, tbparse and what this library requires")
    parser.add_argument("--output", type=Path, help="folder of the results and the table (default: where they belong)")
    options = parser.parse_args()
    if (options.cases or options.readers) and not options.output:
        parser.error("--cases and --readers measure a part, which must not replace docs: give --output")
    return options


def _measure(python: Interpreter, reader: str, case: Case, folder: Path) -> dict[str, Any]:
    command = [python.python, "-m", "benchmarks.readers", reader, str(folder), str(case.points)]
    environment = python.environment()
    try:
        out = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=CHILD_SECONDS)
    except subprocess.TimeoutExpired:
        return {"error": f"took more than {CHILD_SECONDS} s"}
    if out.returncode:
        return {"error": (out.stderr.strip().splitlines() or ["no output"])[-1]}
    return dict(json.loads(out.stdout.strip().splitlines()[-1]))


def _read_once(folder: Path) -> None:
    """Bring the files into the page cache."""
    for path in folder.rglob("*tfevents*"):
        with open(path, "rb") as file:
            while file.read(1 << 20):
                pass


def _run(python: Interpreter, cases: list[Case], readers: list[str], rounds: int) -> dict[str, Any]:
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for case in cases:
        folder = ENVS / "event_files" / case.name
        command = [python.python, "-m", "benchmarks.reading_files", case.name]
        subprocess.run(command, env=python.environment(), cwd=ROOT, check=True)
        _read_once(folder)
        present = [reader for reader in readers if reader in case.readers]
        found[case.name] = {reader: [] for reader in present}
        for turn in range(rounds):
            first = turn % len(present) if present else 0
            for reader in present[first:] + present[:first]:
                if turn >= ROUNDS.get(reader, rounds):
                    continue
                result = _measure(python, reader, case, folder)
                found[case.name][reader].append(result)
                shown = result.get("error") or f"{result['seconds']:8.3f} s"
                print(f"{case.name:10} {turn + 1} {reader:12} {shown}", flush=True)
    return found


def _command(options: argparse.Namespace) -> str:
    """Return the command that measures the same, without the paths of one machine."""
    given = {"rounds": options.rounds, "cases": options.cases, "readers": options.readers}
    chosen = [f"--{name}={value}" for name, value in given.items() if value not in (None, DEFAULT_ROUNDS)]
    return shlex.join(["python", "-m", "benchmarks.reading", *chosen])


def main() -> None:
    options = _arguments()
    start = time.monotonic()
    python = reuse("ours", options.python) if options.python else build(ENVIRONMENT)
    cases = [case for case in CASES if not options.cases or case.name in options.cases.split(",")]
    readers = options.readers.split(",") if options.readers else list(READERS)
    results = {
        "command": _command(options),
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine_facts(),
        "versions": versions(python),
        "cases": _run(python, cases, readers, options.rounds),
    }
    for_results, for_table = (options.output,) * 2 if options.output else (ROOT / "benchmarks/results", ROOT / "docs")
    for folder in (for_results, for_table):
        folder.mkdir(parents=True, exist_ok=True)
    (for_results / "reading.json").write_text(json.dumps(results, indent=1) + "\n")
    (for_table / "reading-table.md").write_text("\n".join(table(results)) + "\n", encoding="utf-8")
    print(
        f"wrote {for_results / 'reading.json'} and {for_table / 'reading-table.md'}, {time.monotonic() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
