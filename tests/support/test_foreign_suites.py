"""The command that runs the suites of others: what it reads of pytest, what it compares, what it replaces."""

from __future__ import annotations

import sys

import pytest

from support.foreign_suites import compare, run_suite, with_our_imports

SUITE = """
import unittest

class Things(unittest.TestCase):
    def test_good(self):
        print("said")

    def test_bad(self):
        self.assertEqual(1, 2)

    @unittest.skip("not now")
    def test_later(self):
        pass
"""


def test_the_outcome_of_each_test(tmp_path):
    (tmp_path / "test_things.py").write_text(SUITE)
    outcomes = run_suite(sys.executable, tmp_path, "test_things.py")
    assert outcomes == {
        "Things.test_good": "passed",
        "Things.test_bad": "failure: AssertionError: 1 != 2",
        "Things.test_later": "skipped",
    }


def test_a_suite_that_cannot_be_run(tmp_path):
    with pytest.raises(RuntimeError, match="unrecognized arguments"):
        run_suite(sys.executable, tmp_path, "--no-such-option")


def test_what_only_theirs_passes_is_told():
    theirs = {"a": "passed", "b": "passed", "c": "failure: x", "d": "skipped", "e": "passed"}
    assert compare(theirs, {"a": "passed", "b": "failure: y", "c": "passed", "d": "skipped"}) == [
        "5 tests: 3 pass with their own library, 1 of them here",
        "  only with theirs: b: failure: y",
        "  only with theirs: e: not run",
        "  only here: c: failure: x",
        "  with neither: d: skipped",
    ]


def test_the_imports_of_pytorchs_tests_are_found_here():
    source = "\n".join(
        [
            "from tensorboard.compat.proto.summary_pb2 import Summary",
            "from torch.utils.tensorboard import summary, SummaryWriter",
            "from torch.utils.tensorboard._convert_np import make_np",
            "from torch.utils.tensorboard._pytorch_graph import graph",
            "from torch.utils.tensorboard._utils import _prepare_video, convert_to_HWC",
        ]
    )
    found = {}
    exec(with_our_imports(source), found)
    assert {value.__module__.split(".")[0] for name, value in found.items() if callable(value)} == {"tensorboardX"}
