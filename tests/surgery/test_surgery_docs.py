"""Every block of docs/surgery.md runs, one after the other: those of Python, and then the commands on the same runs."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

from surgery_runs import write_run

from tensorboardX.cli.main import main

PAGE = Path(__file__).parents[2] / "docs" / "surgery.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_examples_of_the_page_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    assert len(blocks("python")) == text.count("```python") == 5
    names: dict[str, object] = {}
    for block in blocks("python"):
        line = text[: text.index(block)].count("\n")
        exec(compile("\n" * line + block, str(PAGE), "exec"), names)


def test_the_commands_of_the_page_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for steps in (range(80), range(80, 100)):
        write_run(tmp_path / "runs" / "first", steps, tags=("loss", "debug"))
    commands = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("tensorboardx")]
    assert len(commands) == 10
    for line in commands:
        assert main(shlex.split(line)[1:]) == 0, (line, capsys.readouterr())
    shutil.rmtree(tmp_path / "trimmed")
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["baseline"]
