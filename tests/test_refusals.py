"""What callers catch: where either original raises NotImplementedError or AssertionError, ours raises that too.

tests/data/refusals.json holds what they raise; `python tests/support/refusals.py` records it.
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support import refusals
from support.events import scalars
from support.original import VERSION, run_original

from tensorboardX import SummaryWriter

RECORDED = json.loads(refusals.PATH.read_text(encoding="utf-8"))
CALLS = sorted({call for recorded in RECORDED.values() for call in recorded["calls"]})


@pytest.fixture(scope="module")
def ours() -> refusals.Outcomes:
    return refusals.outcomes("tensorboardX")


@pytest.mark.parametrize("call", CALLS)
def test_ours_raises_what_either_raises_or_accepts_it(ours: refusals.Outcomes, call: str) -> None:
    raised = refusals.raising(ours[call])
    for library, recorded in RECORDED.items():
        for kind, things in recorded["calls"].get(call, {}).items():
            refused = {thing for thing in things if ours[call][thing] is not None}
            assert refused <= set(raised.get(kind, ())), f"{library} raises {kind}"


@pytest.mark.parametrize("call", CALLS)
def test_it_is_a_type_error_or_a_value_error_as_well(ours: refusals.Outcomes, call: str) -> None:
    others = {what: error for what, error in ours[call].items() if not isinstance(error, (TypeError, ValueError))}
    if call.startswith("utils.convert_to"):  # of what is no array they ask for its shape, as both originals do
        others = {what: error for what, error in others.items() if not isinstance(error, AttributeError)}
    assert not any(others.values())


def test_the_record_is_of_the_versions_named() -> None:
    versions = {library: recorded["version"] for library, recorded in RECORDED.items()}
    assert versions["tensorboardX"] == VERSION
    assert versions["torch"].startswith("2.13.")


def test_the_record_of_torch_is_what_torch_does() -> None:
    installed = importlib.metadata.version("torch").partition("+")[0]
    if installed != RECORDED["torch"]["version"]:
        pytest.skip(f"torch {installed} is installed; recorded is {RECORDED['torch']['version']}")
    assert refusals.record("torch") == RECORDED["torch"]


def test_the_record_of_the_original_is_what_it_does(original_python: Path) -> None:
    script = "import json, runpy, sys; print(json.dumps(runpy.run_path(sys.argv[1])['record']('tensorboardX')))"
    recorded = run_original(original_python, script, refusals.__file__).stdout
    assert json.loads(recorded) == RECORDED["tensorboardX"]


# ---- the ways in which programs catch them

METRICS = {"loss": 0.5, "per class": {"cat": 0.25, "dog": 0.75}, "curve": np.array([0.1, 0.2]), "best": None}


def _log_items_of_dicts(writer: SummaryWriter, name: str, metric: Any, step: int) -> None:
    """As torchbearer does with a metric that may be a dict."""
    try:
        writer.add_scalar(name, metric, step)
    except NotImplementedError:
        items = metric.items() if isinstance(metric, dict) else ()
        for key, item in items:
            _log_items_of_dicts(writer, f"{name}/{key}", item, step)


def test_a_program_that_logs_the_items_of_dicts_logs_all_of_them(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as writer:
        for step in range(10):
            for name, metric in METRICS.items():
                _log_items_of_dicts(writer, name, metric, step)
    logged = [(tag, value) for tag, step, value in scalars(tmp_path) if step == 9]
    assert logged == [("loss", 0.5), ("per_class/cat", 0.25), ("per_class/dog", 0.75)]


def test_a_program_that_leaves_out_what_is_no_scalar_goes_on(tmp_path: Path) -> None:
    """As the models of simpletransformers do with every result, and Composer with every metric."""
    results = {**METRICS, "text": "0.5 is", "matrix": torch.ones(2, 2), "after": torch.tensor(1.0)}
    with SummaryWriter(tmp_path) as writer:
        for key, value in results.items():
            try:
                writer.add_scalar(f"both/{key}", value, 1)
            except (NotImplementedError, AssertionError):
                assert key not in ("loss", "after")
            try:
                writer.add_scalar(f"one/{key}", value, 1)
            except NotImplementedError:
                assert key not in ("loss", "after")
    assert [tag for tag, _, _ in scalars(tmp_path)] == ["both/loss", "one/loss", "both/after", "one/after"]
