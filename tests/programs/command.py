"""The command: builds, runs and compares programs, and writes docs/compatibility.md.

    python dev.py programs                           all of them, and the page
    python dev.py programs ignite optuna_callback    these only; their lines of the page are replaced

The environments are kept in tests/programs/.envs. Leaves with status 1 if a program failed, or if a difference is not
explained in its file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from pathlib import Path

from . import catalogue, environments, page
from .running import Result, compare_program

CACHE = Path(__file__).with_name(".envs")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python dev.py programs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(catalogue.names())}")
    parser.add_argument("--cache", type=Path, default=CACHE, help="directory of the environments")
    options = parser.parse_args()
    programs = [catalogue.load(name) for name in options.names or catalogue.names()]
    cache = options.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    wheel = environments.build_wheel(cache)
    rows = cache / "results"
    rows.mkdir(exist_ok=True)
    failed: list[str] = []
    is_explained = True
    for program in programs:
        began = time.monotonic()
        row = rows / f"{program.name}.json"
        row.unlink(missing_ok=True)
        try:
            result = compare_program(program, cache, wheel)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"{program.name}: failed\n{error}", flush=True)
            failed.append(program.name)
            continue
        is_explained = is_explained and not result.unexplained
        row.write_text(json.dumps(page.row(result)), encoding="utf-8")
        print(f"{program.name}: {verdict(result)} ({time.monotonic() - began:.0f} s)", flush=True)
    page.write(rows, failed)
    return 0 if is_explained and not failed else 1


def verdict(result: Result) -> str:
    lines = ["equal" if result.equal else "not equal", f"logged {result.logged}"]
    lines += [f"\n  explained: {', '.join(names)}: {reason}" for reason, names in result.explained.items()]
    lines += [f"\n  UNEXPLAINED: {name}: {how}" for name, how in result.unexplained.items()]
    return ", ".join(lines[:2]) + "".join(lines[2:])
