"""One measurement in a fresh process: `python -m benchmarks.child LIBRARY CASE [quick]` prints a line of JSON."""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

from benchmarks.cases import CASES, Case
from benchmarks.libraries import openers


def _missing(library: str, case: Case) -> bool:
    return case.kind != "importing" and not hasattr(openers(library)[0], case.method)


def measure(library: str, name: str, quick: bool) -> dict[str, Any]:
    case = CASES[name]
    if _missing(library, case):
        return {"skipped": f"has no {case.method}"}
    return dict(importlib.import_module(f"benchmarks.{case.kind}").measure(library, case, quick))


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2], "quick" in sys.argv[3:])))
