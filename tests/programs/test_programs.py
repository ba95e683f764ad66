"""Some of the programs in CI, and the parts of the command that need no program."""

from __future__ import annotations

import json
import re

import pytest

from . import catalogue, environments, page
from .not_run import NOT_RUN
from .observed import compare, plain, run_name
from .running import Result, compare_program, judge

IN_CI = ("accelerate", "ignite", "lightning_trainer")
PROGRAMS = [catalogue.load(name) for name in catalogue.names()]


@pytest.fixture(scope="session")
def cache(request, tmp_path_factory):
    kept = getattr(request.config, "cache", None)  # absent under `-p no:cacheprovider`
    return kept.mkdir("programs") if kept else tmp_path_factory.mktemp("programs")


@pytest.fixture(scope="session")
def wheel(cache):
    return environments.build_wheel(cache)


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_CI)
def test_served_as_of_the_original(name, cache, wheel):
    result = compare_program(catalogue.load(name), cache, wheel, loaders=["rust"])
    assert result.logged["scalars"] > 2
    assert not result.unexplained


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_program_is_described_and_its_versions_are_pinned(program):
    assert program.logs.endswith(".")
    assert program.choice or program.substitute
    needed = [*program.requirements, *program.alone]
    assert any("==" in requirement for requirement in needed) or program.distribution in needed


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_the_reason_of_a_difference_names_a_section_of_the_list(program):
    text = (environments.ROOT / "docs" / "differences.md").read_text(encoding="utf-8")
    for reason in program.differences.values():
        (section,) = re.findall(r"See ([\w ,]+)\.$", reason)
        assert re.search(rf"^##+ {section}$", text, re.MULTILINE), section


def test_an_unknown_program_is_refused_with_the_names_of_the_others():
    with pytest.raises(ValueError, match="ignite"):
        catalogue.load("nothing")


def test_the_page_lists_every_program():
    text = page.PAGE.read_text(encoding="utf-8")
    for name in [*(program.program for program in PROGRAMS), *NOT_RUN]:
        assert f"\n| {name} |" in text


def test_what_differs_is_named():
    ours = {
        "scalars .: a": [(0, 1.0), (1, 2.0)],
        "scalars .: b": [(0, 1.0)],
        "text .: c": ["x"],
        "scalars .: e": [(0, 1.0), (1, 2.0)],
    }
    original = {
        "scalars .: a": [(0, 1.0), (1, 3.0)],
        "scalars .: b": [(0, 1.0)],
        "images .: d": {},
        "scalars .: e": [(1, 2.0)],
    }
    assert compare(ours, original) == {
        "scalars .: a": "at 1: (1, 2.0) instead of (1, 3.0)",
        "scalars .: e": "2 points, of which the original has 1",
        "text .: c": "only with this library",
        "images .: d": "only with the original",
    }


def test_a_difference_without_a_reason_is_unexplained():
    program = catalogue.load("lightning_trainer")
    result = Result(program, "1", {})
    judge(result, {"scalars .: loss": "only with this library", "scalars .: epoch": "only with the original"}, "rust")
    assert list(result.unexplained) == ["scalars .: epoch (rust loader)"]
    assert [*result.explained.values()] == [["scalars .: loss"]]
    assert not result.equal


@pytest.mark.parametrize(
    "name", ["1764184000.123456", "Nov26_19-03-40", "2026-11-26_19-03-40", "20261126_190340", "2026-11-26T19:03:40"]
)
def test_times_in_the_names_of_runs_are_ignored(name):
    assert run_name(f"run_{name}_host") == "run_TIME_host"


def test_equal_content_has_equal_digests_and_nan_is_equal_to_nan():
    import numpy as np

    assert plain([float("nan"), np.arange(3)]) == plain([float("nan"), np.arange(3)])
    assert plain(np.arange(3)) != plain(np.arange(1, 4))


def test_the_page_keeps_the_lines_of_programs_that_were_not_run(tmp_path, monkeypatch):
    before = page.PAGE.read_text(encoding="utf-8")
    monkeypatch.setattr(page, "PAGE", tmp_path / "page.md")
    page.PAGE.write_text(before, encoding="utf-8")
    result = Result(catalogue.load("ignite"), "99", {"scalars": 1})
    (tmp_path / "ignite.json").write_text(json.dumps(page.row(result)), encoding="utf-8")
    page.write(tmp_path, failed=["accelerate"])
    after = page.PAGE.read_text(encoding="utf-8")
    changed = {line.split(" | ")[0] for line in {*before.splitlines()} ^ {*after.splitlines()} if line[:1] == "|"}
    assert changed == {"| PyTorch-Ignite", "| Accelerate"}
    assert "| PyTorch-Ignite | 99 |" in after
    assert "| Accelerate | It failed in the last run. |" in after
