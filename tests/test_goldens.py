"""Every encoder makes the Summaries that tests/goldens/summaries holds, as stock TensorBoard's messages read them.

If a difference is meant, `python tests/goldens/regenerate.py` writes the files anew, for review.
"""

from __future__ import annotations

import difflib

import pytest
from goldens.cases import CASES, NOT_COMPARED
from goldens.files import path_of, recorded_names, rendered


@pytest.mark.parametrize("name", CASES)
def test_the_summary_is_the_golden_one(name: str) -> None:
    golden, now = path_of(name).read_text(encoding="utf-8"), rendered(name)
    lines = difflib.unified_diff(golden.splitlines(), now.splitlines(), f"{name}, golden", f"{name}, now", lineterm="")
    if golden != now:
        pytest.fail("\n".join(lines), pytrace=False)


def test_there_is_a_file_for_each_case_and_no_other() -> None:
    assert recorded_names() == set(CASES)
    assert set(CASES) >= set(NOT_COMPARED)
