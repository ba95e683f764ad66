"""docs/compatibility.md: one row for each program that was run, and one for each that was not."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from support.original import VERSION as ORIGINAL

from . import catalogue
from .environments import ROOT
from .not_run import NOT_RUN
from .running import Result

PAGE = ROOT / "docs" / "compatibility.md"
SUBSTITUTED = "`sys.modules`"
INTRODUCTION = """# Programs that log through tensorboardX

Each program below was run twice in the same environment: once with this library and once with tensorboardX {original}.
What stock TensorBoard {tensorboard} serves of the two log directories was compared, with its default (Rust) loader and
with its Python loader: the runs, every point of every series, pixels, texts, graphs and the table of hyperparameters.
Series that contain measured times, such as samples per second, need only be there. Times in the names of runs are
ignored.

This library is installed before the program. Afterwards `pip check` reports no conflict, and the library has not been
replaced. Of DeepSpeed, DI-engine, SpeechBrain and Ultralytics, only the modules that log are used; these, Catalyst and
Composer are installed without all that they require. The environments have Python {python} and torch {torch}.

`python dev.py programs` writes this page. `python dev.py programs ignite accelerate` updates two of its lines.
The programs are in [tests/programs/scripts](../tests/programs/scripts). Three of them also run in CI: Accelerate,
PyTorch-Ignite and Lightning.

Programs marked {substituted} import `SummaryWriter` from `torch.utils.tensorboard` and from nowhere else. To use
tensorboardX, put this before the program is imported:

```python
import sys

import tensorboardX

sys.modules["torch.utils.tensorboard"] = tensorboardX
sys.modules["torch.utils.tensorboard.summary"] = tensorboardX.summary
sys.modules["torch.utils.tensorboard.writer"] = tensorboardX.writer
```

Some of these use parameters and attributes that tensorboardX {original} does not have, and fail with it.

## Results

| program | version | what it logs | how it gets tensorboardX | series | served equally |
| --- | --- | --- | --- | --- | --- |
"""


def row(result: Result) -> dict[str, Any]:
    """What is kept of a result between calls of the command."""
    return {
        "program": result.program.program,
        "version": result.version,
        "logged": result.logged,
        "explained": result.explained,
        "unexplained": result.unexplained,
    }


def write(rows: Path, failed: Collection[str] = ()) -> None:
    """Write the page from the results in the directory `rows`.

    The line of a program that has no result there stays as it is, unless the program failed now.
    """
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in rows.glob("*.json")}
    known = [catalogue.load(name) for name in catalogue.names()]
    versions = {name: importlib.metadata.version(name).partition("+")[0] for name in ("tensorboard", "torch")}
    text = INTRODUCTION.format(original=ORIGINAL, python=platform.python_version(), substituted=SUBSTITUTED, **versions)
    lines = _lines(PAGE.read_text(encoding="utf-8"))
    for program in sorted(known, key=lambda program: program.program.lower()):
        if program.name in found:
            lines[program.program] = _line(program, found[program.name])
        elif program.name in failed:
            lines.pop(program.program, None)
        text += lines.get(program.program, "")
    text += "\n## Not run\n\n| program | reason |\n| --- | --- |\n"
    missing = {program.program: "It failed in the last run." for program in known if program.program not in lines}
    for name, reason in sorted({**missing, **NOT_RUN}.items(), key=lambda item: item[0].lower()):
        text += f"| {name} | {reason} |\n"
    PAGE.write_text(text, encoding="utf-8")


def _lines(text: str) -> dict[str, str]:
    """The lines of the first table of a page, by the program that each is of."""
    results = text.partition("\n## Results\n")[2].partition("\n## ")[0]
    return {line.split("|")[1].strip(): line for line in results.splitlines(keepends=True) if line.startswith("| ")}


def _line(program: catalogue.Program, result: dict[str, Any]) -> str:
    kinds = {"returned": "results read back", "run_metadata": "profiles of graphs"}
    series = ", ".join(f"{count} {kinds.get(kind, kind)}" for kind, count in result["logged"].items())
    equal = "yes"
    if result["explained"] or result["unexplained"]:
        differing = [_link(reason) + _some(names) for reason, names in result["explained"].items()]
        if result["unexplained"]:
            differing.append("Not explained" + _some(list(result["unexplained"])))
        equal = f"no. {' '.join(differing)}"
    cells = (program.program, result["version"], program.logs, program.choice or SUBSTITUTED, series, equal)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _link(reason: str) -> str:
    """The reason with a link to the section that it names."""
    text, _, section = reason.rpartition("See ")
    section = section.rstrip(".")
    anchor = re.sub(r"[^\w-]", "", section.lower().replace(" ", "-"))
    return f"{text}See [{section}](differences.md#{anchor})."


def _some(names: list[str], most: int = 3) -> str:
    """The first names, in parentheses; nothing if there are none."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return f" ({', '.join(f'`{name}`' for name in names[:most])}{rest})" if names else ""
