"""The examples of docs/distributed.md run as they stand there, and its tables name what there is."""

from __future__ import annotations

import re
from pathlib import Path

from support import events

from tensorboardX.distributed.modes import MODES

PAGE = Path(__file__).parents[2] / "docs" / "distributed.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_examples_run(tmp_path, monkeypatch, launched):
    monkeypatch.chdir(tmp_path)
    launched(0, 1)
    blocks = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    names: dict[str, object] = {}
    for block in blocks:
        line = TEXT[: TEXT.index(block)].count("\n")
        exec(compile("\n" * line + block, str(PAGE), "exec"), names)
    assert events.scalars(tmp_path / "runs/pretraining") == [("loss", 1, 0.5)]
    tags = {tag for tag, _, _ in events.scalars(tmp_path / "runs/all")}
    assert tags == {f"{tag}/{name}" for tag in ("loss", "time/data") for name in ("min", "mean", "max", "max_rank")}


def test_the_modes_are_listed():
    assert re.findall(r'^\| `"(\w+)"` \|', TEXT, re.MULTILINE) == list(MODES)


def test_the_command_of_the_example_is_one():
    [command] = re.findall(r"^    torchrun (.*)$", TEXT, re.MULTILINE)
    source = (PAGE.parents[1] / "examples" / "ddp_digits.py").read_text(encoding="utf-8")
    options = command.partition("examples/ddp_digits.py")[2].split()
    assert all(f'"{option}"' in source for option in options if option.startswith("--"))
