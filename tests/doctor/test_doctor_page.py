"""The examples of docs/doctor.md run, and print what stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tensorboardX.cli.main import main
from tensorboardX.doctor import CHECKS

PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"


def test_the_examples_of_the_page_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(python|console)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert [kind for kind, _ in blocks] == ["python", "console", "python", "python"]
    names: dict[str, object] = {}
    for kind, block in blocks:
        capsys.readouterr()
        if kind == "python":
            exec(compile("\n" * text[: text.index(block)].count("\n") + block, str(PAGE), "exec"), names)
        else:
            command, expected = block.removeprefix("$ tensorboardx ").split("\n", 1)
            assert main(shlex.split(command)) == 1
            assert capsys.readouterr().out == expected


def test_every_check_is_described():
    text = PAGE.read_text(encoding="utf-8")
    table = text[text.index("| check |") : text.index("- A loss is")]
    assert set(
        re.findall(r"`([a-z ]+)`", "".join(line.split("|")[1] for line in table.splitlines() if "`" in line))
    ) == set(CHECKS)
