"""What errors say of a value: short, on one line, and said of any value at all."""

from __future__ import annotations

import fractions
import pickle

import numpy as np
import pytest
import torch

from tensorboardX import SummaryWriter, errors
from tensorboardX.errors import describe, missing_extra, reason, shown, type_error, value_error


class Silent:
    def __repr__(self):
        raise RuntimeError("no text")

    __str__ = __repr__


class Lines:
    def __repr__(self):
        return "first\n  second"


def _deep() -> list:
    deep: list = []
    for _ in range(3000):
        deep = [deep]
    return deep


@pytest.mark.parametrize(
    ("value", "described"),
    [
        (3, "int 3"),
        (None, "NoneType None"),
        ("text", "str 'text'"),
        ([1, 2, 3], "list [1, 2, 3]"),
        (np.zeros((2, 3)), "ndarray of dtype float64 and shape (2, 3)"),
        (torch.zeros(2), "torch.Tensor of dtype torch.float32 and shape (2,)"),
        (10**5000, "int of 16610 bits"),
        (-(10**5000), "int of 16610 bits"),
        (fractions.Fraction(10**5000, 3), "fractions.Fraction <Fraction instance at"),
        (Silent(), f"{__name__}.Silent <Silent instance at"),
        ([10**5000], "list "),
        (Lines(), f"{__name__}.Lines first second"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_value_is(value, described):
    assert describe(value).startswith(described)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_a_tensor_without_a_shape_is_described_by_its_text():
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    assert describe(nested).startswith("torch.Tensor nested_tensor(")


@pytest.mark.parametrize(
    "value",
    ["x" * 10**6, list(range(10**6)), {"a" * 10**5: 1}, b"x" * 10**6, _deep()],
    ids=lambda value: type(value).__name__,
)
def test_what_is_long_is_cut(value):
    assert len(describe(value)) < 100
    assert len(str(type_error(value, value, "nothing"))) < 400


def test_a_number_of_too_many_digits_is_refused_by_its_tag(tmp_path):
    with (
        SummaryWriter(tmp_path) as writer,
        pytest.raises(ValueError, match=r"^tag 'x': got int of 16610 bits; accepted is a number within"),
    ):
        writer.add_scalar("x", 10**5000)


def test_a_tag_is_quoted_and_a_long_one_is_cut():
    assert shown("a\nb") == r"'a\nb'"
    assert shown(3) == "3"
    assert shown("x" * 10_000) == "'" + "x" * 97 + "'..."
    assert str(value_error("a" * 10_000, 3, "less")) == f"tag {shown('a' * 10_000)}: got int 3; accepted is less"


def test_what_another_package_said_is_one_short_line():
    assert reason(ValueError("one\n\n  two " + "x" * 1000)) == "one two " + "x" * 189 + "..."
    assert reason(KeyError()) == "KeyError"
    assert reason(ValueError(Silent())) == "ValueError"


@pytest.mark.parametrize(
    "error",
    [
        missing_extra("matplotlib", "figure", "drawing"),
        errors.LogdirError(2, "no such directory"),
        errors.WriteError(28, "full"),
        errors.TruncatedRecordError("at byte 3"),
        type_error("loss", None, "a number"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_survives_the_way_from_a_worker_process(error):
    """One that does not hangs `multiprocessing.Pool.map` for good."""
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.args) == (type(error), str(error), error.args)


def test_what_to_install_is_an_extra_of_ours_only_if_one_brings_it():
    assert str(missing_extra("s3fs", "s3", "writing")).endswith("pip install 'tensorboardX[s3]'")
    assert str(missing_extra("adlfs", None, "writing")).endswith("pip install adlfs")


def test_what_is_not_installed_is_a_module_that_is_not_found():
    assert isinstance(missing_extra("onnx", "onnx", "the graph"), ModuleNotFoundError)
