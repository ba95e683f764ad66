"""Every public method of both libraries is here, and takes what theirs takes.

tests/data/signatures.json holds their signatures; `python tests/support/record_signatures.py` records them.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from support import record_signatures
from support.original import VERSION, run_original

import tensorboardX

RECORDED = json.loads(record_signatures.PATH.read_text(encoding="utf-8"))
POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD.description
VARIADIC = inspect.Parameter.VAR_KEYWORD.description

# Where the original takes any keyword: those that it makes use of, when they are parameters here.
KEYWORDS = {"SummaryWriter.add_image_with_boxes": ["rescale"]}
# Defaults that are written in another way and mean the same.
EQUIVALENT_DEFAULTS = {
    ("SummaryWriter.__init__", "comet_config"): None,
    # A trace is strict by default in theirs too, but raises where this one goes on with torch.export.
    ("SummaryWriter.add_graph", "use_strict_trace"): None,
    ("GlobalSummaryWriter.add_graph", "use_strict_trace"): None,
}


def methods(library: str) -> list[Any]:
    classes = RECORDED[library]["classes"]
    return [
        pytest.param(f"{owner}.{method}", parameters, id=f"{owner}.{method}")
        for owner, recorded in classes.items()
        for method, parameters in recorded.items()
    ]


def signature(name: str) -> inspect.Signature:
    owner, method = name.split(".")
    cls = getattr(tensorboardX, owner)
    assert hasattr(cls, method), f"{name} is missing"
    function = inspect.signature(getattr(cls, method))
    if isinstance(inspect.getattr_static(cls, method), (staticmethod, classmethod)):
        return function
    return function.replace(parameters=list(function.parameters.values())[1:])


def named(parameters: list[dict[str, Any]]) -> list[str]:
    return [parameter["name"] for parameter in parameters if parameter["kind"] != VARIADIC]


@pytest.mark.parametrize(("name", "theirs"), methods("tensorboardX") + methods("torch"))
def test_takes_their_parameters_by_keyword(name: str, theirs: list[dict[str, Any]]) -> None:
    values = {parameter: object() for parameter in named(theirs)}
    assert signature(name).bind(**values).arguments == values


@pytest.mark.parametrize(("name", "theirs"), methods("tensorboardX"))
def test_takes_the_parameters_of_the_original_by_position(name: str, theirs: list[dict[str, Any]]) -> None:
    values = {parameter["name"]: object() for parameter in theirs if parameter["kind"] == POSITIONAL}
    bound = signature(name).bind(*values.values()).arguments
    assert list(bound.items()) == list(values.items())


@pytest.mark.parametrize(("name", "theirs"), methods("tensorboardX") + methods("torch"))
def test_has_their_defaults(name: str, theirs: list[dict[str, Any]]) -> None:
    ours = signature(name).parameters
    expected = {parameter["name"]: parameter["default"] for parameter in theirs if "default" in parameter}
    expected |= {key: default for (of, key), default in EQUIVALENT_DEFAULTS.items() if of == name and key in expected}
    found = {key: ours[key].default for key in expected}
    assert found == expected
    assert {key: type(value) for key, value in found.items()} == {key: type(value) for key, value in expected.items()}


@pytest.mark.parametrize(("name", "theirs"), methods("tensorboardX") + methods("torch"))
def test_needs_no_more_than_they_do(name: str, theirs: list[dict[str, Any]]) -> None:
    needed = {key: object() for key in named([parameter for parameter in theirs if "default" not in parameter])}
    assert signature(name).bind(**needed).arguments == needed


@pytest.mark.parametrize(("name", "theirs"), methods("tensorboardX"))
def test_takes_the_keywords_behind_kwargs(name: str, theirs: list[dict[str, Any]]) -> None:
    if not any(parameter["kind"] == VARIADIC for parameter in theirs):
        assert name not in KEYWORDS
        return
    kinds = {parameter.kind for parameter in signature(name).parameters.values()}
    taken = set(KEYWORDS.get(name, ())) & set(signature(name).parameters)
    assert inspect.Parameter.VAR_KEYWORD in kinds or taken == set(KEYWORDS[name])


OURS = {
    "SummaryWriter.log": ["values", "global_step", "walltime"],
    "SummaryWriter.add_table": ["tag", "rows", "global_step", "headers", "walltime"],
    "SummaryWriter.watch": ["model", "optimizer", "every", "tag", "histograms", "updates", "scaler", "step"],
    "GlobalSummaryWriter.log": ["values", "walltime"],
    "GlobalSummaryWriter.add_table": ["tag", "rows", "headers", "walltime"],
}


@pytest.mark.parametrize("name", OURS)
def test_what_is_added_takes_its_parameters_and_hides_nothing_of_theirs(name: str) -> None:
    assert list(signature(name).parameters) == OURS[name]
    owner, method = name.split(".")
    assert not any(method in recorded["classes"].get(owner, {}) for recorded in RECORDED.values())


def test_the_constructor_takes_what_is_ours_behind_what_is_theirs() -> None:
    ours = list(signature("SummaryWriter.__init__").parameters.values())
    theirs = named(RECORDED["tensorboardX"]["classes"]["SummaryWriter"]["__init__"])
    added = {parameter.name: parameter.default for parameter in ours[len(theirs) : -1]}
    assert added == {"image_format": "PNG", "distributed": None, "reduce": None, "watchdog": None, "resume_step": None}


def test_the_record_is_of_the_versions_named() -> None:
    versions = {library: recorded["version"] for library, recorded in RECORDED.items()}
    assert versions["tensorboardX"] == VERSION
    assert versions["torch"].startswith("2.13.")


def test_the_record_of_torch_is_what_torch_has() -> None:
    installed = importlib.metadata.version("torch").partition("+")[0]
    if installed != RECORDED["torch"]["version"]:
        pytest.skip(f"torch {installed} is installed; recorded is {RECORDED['torch']['version']}")
    assert record_signatures.record("torch") == RECORDED["torch"]


def test_the_record_of_the_original_is_what_it_has(original_python: Path) -> None:
    script = "import json, runpy, sys; print(json.dumps(runpy.run_path(sys.argv[1])['record']('tensorboardX')))"
    recorded = run_original(original_python, script, record_signatures.__file__).stdout
    assert json.loads(recorded) == RECORDED["tensorboardX"]
