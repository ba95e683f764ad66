"""Every block of docs/log.md and docs/watching.md runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support import events

DOCS = Path(__file__).parents[1] / "docs"


def run(page: Path) -> int:
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {}
    for block in blocks:
        line = text[: text.index(block)].count("\n")
        exec(compile("\n" * line + block, str(page), "exec"), names)
    names["writer"].close()
    return len(blocks)


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_examples_of_log(tmp_path):
    assert run(DOCS / "log.md") == 3
    tags = [value.tag.removesuffix("/text_summary") for _, value in events.values(tmp_path / "runs" / "log")]
    scalars = ["train/loss", "train/lr", "layers/0/scale", "layers/1/scale"]
    tables = ["evaluation", "config", "curve"]
    assert sorted(tags) == sorted([*scalars, "rewards", "sample/answer", "sample/picture", *tables])


def test_the_example_of_watch(tmp_path):
    assert run(DOCS / "watching.md") == 1
    found = events.scalars(tmp_path / "runs" / "watched")
    assert [step for tag, step, _ in found if tag == "watch/gradient_norm"] == [0, 100, 200]
    assert {tag for tag, _, _ in found if tag.startswith("watch/update_norm/")} == {
        f"watch/update_norm/{layer}.{kind}" for layer in (0, 2) for kind in ("weight", "bias")
    }
