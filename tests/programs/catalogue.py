"""The programs: what each file in `scripts/` says of itself, read without running it.

The first line of its docstring says what is logged. Its function `main(logdir)` logs a few steps with the program's own
logger. These constants describe it:

- `PROGRAM`: the name as people write it.
- `DISTRIBUTION`: the distribution whose version is shown.
- `REQUIREMENTS`: what pip installs. A bare name is taken from the running interpreter instead, if that has it.
- `CHOICE`: how a user makes the program log through tensorboardX.
- `SUBSTITUTE` (optional): True for a program that knows torch.utils.tensorboard only. Then tensorboardX is put in its
  place in `sys.modules` before the program is imported.
- `TIMED` (optional): a regular expression. The series whose tag it matches have measured times as values or steps.
  These need only be there.
- `DIFFERENCES` (optional): {regular expression: reason}. It is searched in the name of a series that TensorBoard serves
  differently, followed by the difference ("scalars test: loss: only with this library"). The reason names a section of
  docs/differences.md.
- `ORIGINAL_FAILS` (optional): the error with which the program fails with the original.
- `NO_DEPS` (optional): requirements that are installed without what they depend on.
- `REFUSED_BY_PIP` (optional): the same, installed by uv, because pip refuses their metadata.

What `main` returns, a dict for JSON, is compared too: that is how programs that read, or listen, are tested.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parent / "scripts"


@dataclass(frozen=True)
class Program:
    path: Path
    logs: str  # what it logs, one sentence
    program: str
    distribution: str
    requirements: list[str]
    choice: str = ""
    substitute: bool = False
    timed: str | None = None
    differences: dict[str, str] = field(default_factory=dict)
    original_fails: str = ""
    no_deps: list[str] = field(default_factory=list)
    refused_by_pip: list[str] = field(default_factory=list)

    @property
    def alone(self) -> list[str]:
        """What is installed without what it depends on."""
        return self.no_deps + self.refused_by_pip

    @property
    def name(self) -> str:
        return self.path.stem


def load(name: str) -> Program:
    """The program of this name; raises ValueError if there is none."""
    path = SCRIPTS / f"{name}.py"
    if not path.is_file():
        raise ValueError(f"no program {name!r}; there are {', '.join(names())}")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            constant = node.targets[0].id
            if constant.lower() in Program.__dataclass_fields__:
                constants[constant.lower()] = ast.literal_eval(node.value)
    logs = (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ")
    return Program(path, logs, **constants)


def names() -> list[str]:
    return sorted(path.stem for path in SCRIPTS.glob("*.py"))
