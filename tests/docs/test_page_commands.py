"""Every command of ours on a page is one that the real parser of its program takes.

The pages whose Python runs have their blocks of commands run too: see run_page.py. Here are all the others, also those
in a sentence, and those that train for minutes.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from test_page_examples import DOCS, ROOT, TESTED_ELSEWHERE

from tensorboardX.cli.main import build_parser

PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted(DOCS.rglob("*.md"))]
OURS = ("tensorboardx ", "python -m tensorboardX ", "python examples/")
# Runs a program up to the arguments, which its own parser takes or refuses.
ONLY_PARSE = """\
import argparse, runpy, sys
parse_args = argparse.ArgumentParser.parse_args
def parse(*arguments):
    parse_args(*arguments)
    sys.exit("parsed")
argparse.ArgumentParser.parse_args = parse
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0].rpartition("/")[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def commands(page: Path) -> list[str]:
    """Those in blocks, fenced or indented, and those within a sentence."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = re.findall(r"^(?:\$ |    )?(\w.*)$", text, re.MULTILINE)
    spans = [" ".join(span.split()) for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", text)]
    return [command for command in [*lines, *spans] if command.startswith(OURS)]


FOUND = sorted(
    {(page.relative_to(ROOT).as_posix(), command) for page in PAGES for command in commands(page)}
    - {(f"docs/{page}", command) for page in TESTED_ELSEWHERE for command in commands(DOCS / page)}
)


def test_commands_are_found_in_blocks_and_sentences():
    assert {
        ("docs/index.md", "tensorboardx show runs/first"),
        ("docs/faq.md", "tensorboardx tail -f runs"),
        ("docs/zh/faq.md", "tensorboardx ls runs"),
        ("docs/language_model.md", "python examples/language_model/finetune.py"),
    } <= {*FOUND}


@pytest.mark.parametrize(("page", "command"), [each for each in FOUND if "examples/" not in each[1]])
def test_the_command_parses(page, command):
    words = shlex.split(command.replace("python -m tensorboardX", "tensorboardx"), comments=True)[1:]
    if len(words) == 1:  # a verb that is mentioned
        assert words[0] in build_parser()._subparsers._group_actions[0].choices
    else:
        build_parser().parse_args(words)


@pytest.mark.parametrize("command", sorted({command for _, command in FOUND if "examples/" in command}))
def test_the_program_parses(command, tmp_path):
    program, *arguments = shlex.split(command, comments=True)[1:]
    line = [sys.executable, "-c", ONLY_PARSE, ROOT / program, *arguments]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.stderr.endswith("parsed\n"), done.stderr
