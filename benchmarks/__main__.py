"""Builds the interpreters, runs every case in turn for every library, writes the table and the plot."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.environments import ENVS, ROOT, Interpreter, interpreters, versions

NAMES = ("ours", "tensorboardX", "torch")
ALL = ",".join([*NAMES, "floor"])
CHILD_SECONDS = 1200
TOUCHED_BYTES = 512 << 20


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each case is run (default: 5)")
    parser.add_argument("--cases", help="only these, with commas between (default: all)")
    parser.add_argument("--libraries", default=ALL, help="only these (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer calls, and without the slowest cases")
    parser.add_argument("--python-of", action="append", default=[], metavar="NAME=PATH", help="a ready interpreter")
    parser.add_argument("--output", type=Path, help="folder of the table and the plot (default: docs)")
    parser.add_argument("--results", type=Path, help="(default: results.json in --output, or in benchmarks/results)")
    options = parser.parse_args()
    if options.output is None:
        if options.quick or options.cases or options.libraries != ALL:
            parser.error("--quick, --cases and --libraries measure a part, which must not replace docs: give --output")
        options.output = ROOT / "docs"
        options.results = options.results or ROOT / "benchmarks" / "results" / "results.json"
    options.results = options.results or options.output / "results.json"
    return options


def _case_list(python: Interpreter, wanted: str | None, quick: bool) -> dict[str, dict[str, Any]]:
    """The cases, asked of an interpreter that has numpy: this one needs nothing but the standard library."""
    code = (
        "import json; from benchmarks.cases import CASES as c\n"
        "facts = lambda case: {'rounds': case.rounds, 'quick': case.quick, 'variables': dict(case.variables)}\n"
        "print(json.dumps({name: facts(case) for name, case in c.items()}))"
    )
    out = subprocess.run(
        [python.python, "-c", code], env=python.environment(), cwd=ROOT, capture_output=True, check=True
    )
    found: dict[str, dict[str, Any]] = json.loads(out.stdout)
    names = wanted.split(",") if wanted else [name for name, case in found.items() if case["quick"] or not quick]
    unknown = [name for name in names if name not in found]
    if unknown:
        sys.exit(f"no such case: {', '.join(unknown)}; there are {', '.join(found)}")
    return {name: found[name] for name in names}


def _touch_memory(interpreter: Interpreter) -> None:
    """Use memory and return it, so that a virtual machine has some that its host need not map during a measurement."""
    code = f"import numpy; numpy.ones({TOUCHED_BYTES // 8})"
    subprocess.run([interpreter.python, "-c", code], env=interpreter.environment(), cwd=ROOT, check=True)


def _measure(
    interpreter: Interpreter, library: str, case: str, quick: bool, variables: dict[str, str]
) -> dict[str, Any]:
    """What the child printed last, or the last line of its error."""
    command = [interpreter.python, "-m", "benchmarks.child", library, case, *["quick"] * quick]
    environment = interpreter.environment(variables)
    _touch_memory(interpreter)
    try:
        out = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=CHILD_SECONDS)
    except subprocess.TimeoutExpired:
        return {"error": f"took more than {CHILD_SECONDS} s"}
    lines = out.stdout.strip().splitlines()
    if out.returncode or not lines:
        return {"error": (out.stderr.strip().splitlines() or ["no output"])[-1]}
    return dict(json.loads(lines[-1]))


def _show(case: str, library: str, turn: int, found: dict[str, Any]) -> None:
    if "total" in found:
        text = f"{found['total'] * 1e6:12.2f} us a call, caller waits {found['wait_median'] * 1e6:10.2f} us"
        text += f", slow-down {100 * found['slow_down']:.2f} %" if "slow_down" in found else ""
    else:
        text = found.get("skipped") or found["error"]
    print(f"{case:16} {turn + 1} {library:13} {text}", flush=True)


def _run(results: dict[str, Any], pythons: dict[str, Interpreter], cases: dict[str, Any], path: Path) -> None:
    """Libraries take turns, and who is first changes with each round, so that the machine's moods hit all alike."""
    tensorboard = {"BENCHMARK_TENSORBOARD": pythons["ours"].python}
    libraries = list(results["libraries"])
    for case, facts in cases.items():
        rounds: dict[str, list[dict[str, Any]]] = {library: [] for library in libraries}
        results["cases"][case] = rounds
        for turn in range(min(results["rounds"], facts["rounds"])):
            first = turn % len(libraries)
            for library in libraries[first:] + libraries[:first]:
                variables = {**tensorboard, **facts["variables"]}
                found = _measure(pythons[library], library, case, results["quick"], variables)
                rounds[library].append(found)
                _show(case, library, turn, found)
        path.write_text(json.dumps(results, indent=1) + "\n")


def machine_facts() -> dict[str, Any]:
    """What the figures depend on. The processor's name is that of Linux where there is one."""
    processor = platform.processor()
    if os.path.exists("/proc/cpuinfo"):
        names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        processor = names[0].partition(":")[2].strip() if names else processor
    return {"processor": processor, "cores": os.cpu_count(), "system": platform.platform(terse=True)}


def main() -> None:
    options = _arguments()
    ENVS.mkdir(parents=True, exist_ok=True)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    libraries = options.libraries.split(",")
    ready = dict(pair.split("=", 1) for pair in options.python_of)
    pythons = interpreters(ready, [name for name in NAMES if name in libraries or name == "ours"])
    ours = pythons["ours"]
    subprocess.run([ours.python, "-m", "benchmarks.pictures"], env=ours.environment(), cwd=ROOT, check=True)
    results: dict[str, Any] = {
        "command": shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine_facts(),
        "rounds": options.rounds,
        "quick": options.quick,
        "libraries": libraries,
        "versions": {name: versions(python) for name, python in pythons.items() if name != "floor"},
        "cases": {},
    }
    _run(results, pythons, _case_list(ours, options.cases, options.quick), options.results)
    command = [ours.python, "-m", "benchmarks.report", str(options.results), str(options.output)]
    subprocess.run(command, env=ours.environment(), cwd=ROOT, check=True)
    print(f"wrote {options.results} and the table and plot in {options.output}")


if __name__ == "__main__":
    main()
