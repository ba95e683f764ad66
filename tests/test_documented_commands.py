"""The tests that docs/reliability.md names for each promise are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMANDS = sorted(
    set(re.findall(r"`(?:[A-Z_]+=\w+ )*pytest ([^`]+)`", (ROOT / "docs/reliability.md").read_text(encoding="utf-8")))
)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_files_and_the_names_that_select_tests_exist(command):
    words = shlex.split(command)
    selected = words[words.index("-k") + 1] if "-k" in words else ""
    paths = [ROOT / word for word in words if word.startswith("tests")]
    assert paths
    assert all(path.exists() for path in paths)
    sources = [file for path in paths for file in ([path] if path.is_file() else path.rglob("test_*.py"))]
    text = "\n".join(source.read_text(encoding="utf-8") for source in sources)
    for name in set(re.findall(r"\w+", selected)) - {"and", "or", "not"}:
        assert name in text, name
