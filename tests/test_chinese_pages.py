"""The Chinese pages: their code runs, their links lead somewhere, and README.zh.md keeps up with README.md."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.zh.md", *(ROOT / "docs" / "zh").glob("*.md")])
RUN = [page for page in PAGES if page.name in ("index.md", "migrating.md", "faq.md")]
ENGLISH_LANGUAGE_MODEL = ROOT / "docs" / "language_model.md"
BLOCK = re.compile(r"^```(?:python|bash)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[str]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_the_code_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("torch.utils.tensorboard", "torch.utils.tensorboard.summary", "torch.utils.tensorboard.writer"):
        monkeypatch.setitem(sys.modules, name, None)  # put back after the page has replaced them
    names: dict[str, object] = {}
    for block in blocks(page):
        exec(compile(block, str(page), "exec"), names)
    assert any((tmp_path / "runs").iterdir())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_anchors(page):
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!\w+:)([^)\s]+)\)", text):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor and target in PAGES:
            assert f'<a id="{anchor}"></a>' in target.read_text(encoding="utf-8"), link


def test_the_readmes_lead_to_each_other_and_show_the_same_code():
    english, chinese = ROOT / "README.md", ROOT / "README.zh.md"
    assert "(README.zh.md)" in english.read_text(encoding="utf-8")
    assert "(README.md)" in chinese.read_text(encoding="utf-8")
    assert blocks(chinese) == blocks(english)
    assert figures(chinese) == figures(english)


def test_the_pages_of_the_language_model_show_the_same_code_commands_and_pictures():
    chinese = ROOT / "docs" / "zh" / "language_model.md"
    assert blocks(chinese) == blocks(ENGLISH_LANGUAGE_MODEL)
    assert pictures(chinese) == pictures(ENGLISH_LANGUAGE_MODEL)


def pictures(page: Path) -> list[str]:
    return re.findall(r"images/(\w+\.png)", page.read_text(encoding="utf-8"))


def figures(readme: Path) -> list[str]:
    """The measured figures: numbers with a unit, in any order."""
    return sorted(re.findall(r"\d[\d.]* (?:µs|ms|%)", " ".join(readme.read_text(encoding="utf-8").split())))
