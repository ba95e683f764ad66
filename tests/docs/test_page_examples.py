"""Every block of Python or of commands runs, and so does every example in a docstring that the API reference shows.

Pages whose tests check more than that have a test of their own.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import tensorboardX

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TESTED_ELSEWHERE = {
    "command.md": "tests/cli/test_command_page.py",
    "doctor.md": "tests/doctor/test_doctor_page.py",
    "log.md": "tests/test_log_docs.py",
    "watching.md": "tests/test_log_docs.py",
    "surgery.md": "tests/surgery/test_surgery_docs.py",
}
# The page of the language model is one program, which runs for minutes.
WITH_A_PROGRAM = {"language_model.md", "zh/language_model.md"}
PAGES = sorted(
    path
    for path in [ROOT / "README.md", *DOCS.rglob("*.md")]
    if "\n```python\n" in path.read_text(encoding="utf-8")
    and path.relative_to(DOCS if path.is_relative_to(DOCS) else ROOT).as_posix()
    not in {*TESTED_ELSEWHERE, *WITH_A_PROGRAM}
)
BEFORE = """\
import torch
from PIL import Image
from tensorboardX import SummaryWriter

writer, step, loss, answer, picture = SummaryWriter("runs/before"), 1, 0.5, "yes", Image.new("RGB", (8, 8))
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
"""


def run(directory: Path, *arguments: str | Path) -> str:
    """Run Python on the installed package or the sources, whichever the tests use; return what it printed."""
    path = os.pathsep.join([str(Path(tensorboardX.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=directory, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_examples_of_the_page_run(page, tmp_path):
    printed = run(tmp_path, Path(__file__).with_name("run_page.py"), page)
    text = page.read_text(encoding="utf-8")
    left_out = text.count("<!-- skip: next")
    blocks = len(re.findall(r"^```(?:python|console|sh)$", text, re.MULTILINE))
    assert int(printed.split()[-1]) >= blocks + left_out > left_out


@pytest.mark.parametrize(("page", "test"), TESTED_ELSEWHERE.items())
def test_the_other_pages_have_a_test(page, test):
    assert Path(page).name in (ROOT / test).read_text(encoding="utf-8")


def documented() -> dict[str, object]:
    """What docs/api.md shows, by name; of a class, its public methods too."""
    found: dict[str, object] = {}
    for path in re.findall(r"^::: (\S+)", (DOCS / "api.md").read_text(encoding="utf-8"), re.MULTILINE):
        try:
            found[path] = importlib.import_module(path)
        except ImportError:
            module, _, name = path.rpartition(".")
            found[path] = shown = getattr(importlib.import_module(module), name)
            if inspect.isclass(shown):
                members = inspect.getmembers(shown, inspect.isfunction)
                found |= {f"{path}.{method}": value for method, value in members if not method.startswith("_")}
    return found


def example(shown: object) -> str:
    """The indented block at the beginning of a docstring, before what it lists."""
    text = re.split(r"^(?:Args|Attributes):", (inspect.getdoc(shown) or "") + "\n", flags=re.MULTILINE)[0]
    block = re.search(r"^\n((?:    .*\n|\n)+)", text, re.MULTILINE)
    return textwrap.dedent(block[1]) if block else ""


EXAMPLES = {name: code for name, shown in documented().items() if (code := example(shown))}


def test_names_that_programs_begin_with_have_an_example():
    assert EXAMPLES.keys() >= {
        "tensorboardX.SummaryWriter",
        "tensorboardX.GlobalSummaryWriter",
        "tensorboardX.SummaryWriter.use_metadata",
        "tensorboardX.reader.open_logdir",
        "tensorboardX.testing",
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_the_docstring_runs(name, tmp_path):
    script = tmp_path / "example.py"
    script.write_text(BEFORE + EXAMPLES[name], encoding="utf-8")
    run(tmp_path, script)
