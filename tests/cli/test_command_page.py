"""Every example of docs/command.md runs, one after the other, and prints what the page says it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tensorboardX.cli import exit_codes, schema
from tensorboardX.cli.main import build_parser

TEXT = (Path(__file__).parents[2] / "docs" / "command.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(python|console)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
VARIES = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d", "<date>"),
    (r"\b\d{10}\.\d+", "<time>"),
    (r" *\b[\d.]+ k?B\b", " <size>"),  # with the spaces that align it
)


def generalized(text: str) -> str:
    """A text without what differs from day to day."""
    for pattern, name in VARIES:
        text = re.sub(pattern, name, text)
    return text


@pytest.mark.skipif(sys.platform == "win32", reason="the examples are for a shell of Unix")
def test_the_examples_print_what_the_page_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    programs = tmp_path / ".programs"
    programs.mkdir()
    program = programs / "tensorboardx"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tensorboardX "$@"\n')
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    assert len(BLOCKS) > 8
    for language, block in BLOCKS:
        if language == "python":
            exec(compile(block, "command.md", "exec"), {})
            continue
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, wanted = example.partition("\n")
            done = subprocess.run(
                ["bash", "-c", line], env=environment, stdout=-1, stderr=subprocess.STDOUT, text=True, timeout=120
            )
            assert done.returncode == 0, line
            assert generalized(done.stdout).strip("\n") == generalized(wanted).strip("\n"), line


def test_the_page_names_each_verb_and_each_code():
    verbs = build_parser()._subparsers._group_actions[0].choices
    for verb in verbs:
        assert f"`{verb}`" in TEXT
    codes = {value for name, value in vars(exit_codes).items() if name.isupper()}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)} == codes


def test_the_page_names_each_field_of_json():
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ([^|]*`\w+`[^|]*) \|$", TEXT.split("## JSON")[1], re.MULTILINE)
    described = {
        verb: set(re.findall(r"`(\w+)`", fields)) for verbs, fields in rows for verb in verbs[1:-1].split("`, `")
    }
    for verb in schema.names():
        found = schema.schema_of(verb)
        wanted = set(found["properties"]) - {"schema", "damage"}
        for name, each in found["properties"].items():
            items = {} if name == "damage" else resolved(resolved(each, found).get("items", {}), found)
            wanted |= set(items.get("required", [])) - {"damage"}
        if verb == "reduce":
            wanted -= {"mean", "min", "max"}  # the statistics, which the section on it names
        assert wanted <= described[verb], verb


def resolved(part: dict, whole: dict) -> dict:
    """A part of a schema, or what it refers to."""
    return whole["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
