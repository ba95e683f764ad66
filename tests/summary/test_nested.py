"""Nested dicts: the tags of their values, and what kind each value is."""

from __future__ import annotations

import subprocess
import sys
from collections import OrderedDict, namedtuple
from decimal import Decimal

import jax.numpy
import numpy as np
import pandas
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image
from support import strategies as of

from tensorboardX.summary.nested import call_of, items_of

Losses = namedtuple("Losses", ["policy", "value"])


def kinds(values):
    return {tag: kind for tag, kind, _ in items_of(values)}


def test_keys_are_joined_by_slashes_in_the_order_of_the_dict():
    values = {"train": OrderedDict(loss=1, layers={0: 2, np.int64(1): 3}), "lr": 4, "losses": Losses(5, None)}
    expected = [("train/loss", 1), ("train/layers/0", 2), ("train/layers/1", 3), ("lr", 4), ("losses/policy", 5)]
    assert [(tag, value) for tag, _, value in items_of(values)] == expected


def test_none_and_what_holds_nothing_else_is_left_out():
    assert items_of({"a": None, "b": {}, "c": {"d": None}}) == []


NUMBERS = [
    (True, 1),
    (3, 3),
    (Decimal("0.5"), 0.5),
    (float("inf"), float("inf")),
    (np.float16(2), 2),
    (np.bool_(True), 1),
    (np.array(1), 1),
    (np.ones((1, 1)), 1),
    ([2.5], 2.5),
    ((1,), 1),
    (torch.tensor(1), 1),
    (torch.ones(1, 1, requires_grad=True), 1),
    (torch.tensor([1.5], dtype=torch.bfloat16), 1.5),
    (jax.numpy.ones(()), 1),
    (pandas.Series([0.5]), 0.5),
]


@pytest.mark.parametrize(("number", "value"), NUMBERS, ids=repr)
def test_what_has_one_element_is_a_scalar(number, value):
    [item] = items_of({"a": number})
    assert item[1] == "scalar"
    assert call_of(item) == ("add_scalar", {"scalar_value": value})


@pytest.mark.parametrize(
    "numbers",
    [[1, 2], (0.5, 1), [], np.zeros(2), torch.zeros(2, 2), np.zeros(0), [[1], [2]], jax.numpy.ones(3)],
    ids=repr,
)
def test_what_has_more_or_none_is_a_histogram(numbers):
    assert kinds({"a": numbers}) == {"a": "histogram"}


def test_other_kinds_follow_from_the_type():
    picture = Image.new("RGB", (2, 3))
    values = {"a": "text", "b": Figure(), "c": [Figure(), Figure()], "d": picture, "e": [picture, picture]}
    values["f"] = pandas.DataFrame({"x": [1, 2]})
    assert [*kinds(values).values()] == ["text", "figure", "figure", "image", "image", "table"]


def test_a_kind_is_found_without_the_values():
    without = {"a": torch.ones(1, device="meta"), "b": torch.ones(2, device="meta")}
    assert kinds(without) == {"a": "scalar", "b": "histogram"}


@pytest.mark.parametrize(
    ("mode", "color", "pixel"),
    [
        ("1", 1, 255),
        ("L", 7, 7),
        ("LA", (7, 9), [7, 9]),
        ("RGB", (1, 2, 3), [1, 2, 3]),
        ("RGBA", (1, 2, 3, 4), [1, 2, 3, 4]),
        ("P", 0, [0, 0, 0]),
        ("CMYK", (0, 0, 0, 0), [255, 255, 255]),
        ("I;16", 65535, 1.0),
        ("F", 0.25, 0.25),
    ],
)
def test_modes_of_pillow(mode, color, pixel):
    method, arguments = call_of(items_of({"a": Image.new(mode, (4, 3), color)})[0])
    pixels = arguments["img_tensor"]
    assert (method, arguments["dataformats"]) == ("add_image", "HWC"[: pixels.ndim])
    assert pixels.shape[:2] == (3, 4)
    assert pixels[0, 0].tolist() == pixel


def test_a_list_of_pictures_is_a_batch():
    pictures = [Image.new("RGB", (4, 3), (1, 2, 3)), Image.new("L", (4, 3), 9)]
    _, arguments = call_of(items_of({"a": pictures})[0])
    assert (arguments["img_tensor"].shape, arguments["dataformats"]) == ((2, 3, 4, 3), "NHWC")
    with pytest.raises(ValueError, match="'a': got images of shapes"):
        call_of(items_of({"a": [*pictures, Image.new("L", (4, 4))]})[0])


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", ["a"], [{"b": 1}], [object()], ...])
def test_other_types_are_refused_with_the_tag(value):
    with pytest.raises(TypeError, match=r"tag 'a/b': got .*; accepted is a number, a string, an array"):
        items_of({"a": {"b": value}})


@pytest.mark.parametrize("key", [1.5, None, True, ("a",)], ids=repr)
def test_other_keys_are_refused(key):
    with pytest.raises(TypeError, match=r"tag ['\"]a/.*: got .*; accepted is a key that is a string or an integer"):
        items_of({"a": {key: 1}})


@pytest.mark.parametrize("values", [[1], "a", None, 3], ids=repr)
def test_what_is_no_dict_is_refused(values):
    with pytest.raises(TypeError, match=r"values: got .*; accepted is a dict"):
        items_of(values)


@pytest.mark.parametrize("values", [{"a/b": 1, "a": {"b": 2}}, {"a b": 1, "a_b": 2}, {"a": {1: 1, "1": 2}}], ids=repr)
def test_two_values_under_one_tag_are_refused(values):
    with pytest.raises(ValueError, match="got two values, both stored as"):
        items_of(values)


def test_a_text_is_stored_under_another_tag_than_a_number():
    assert kinds({"a b": "text", "a_b": 1}) == {"a b": "text", "a_b": "scalar"}


def test_a_dict_that_holds_itself_is_refused():
    values = {"a": 1}
    values["b"] = values
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        items_of(values)


@given(st.one_of(of.values(), of.junk()))
@settings(deadline=None)
def test_any_value_has_a_kind_or_is_refused_with_its_tag(value):
    try:
        for item in items_of({"a": {"tag": value}}):
            call_of(item)
    except (TypeError, ValueError) as error:
        assert "a/tag" in str(error)  # noqa: PT017 (or nothing is raised)


class Unreadable(dict):
    def items(self):
        raise RuntimeError


def test_a_dict_that_cannot_be_read_is_refused_with_its_tag():
    with pytest.raises(TypeError, match="tag 'a'"):
        items_of({"a": Unreadable(b=1)})


def test_no_framework_is_imported():
    program = "import sys; from tensorboardX.summary.nested import items_of; items_of({'a': 1}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"pandas", "torch", "matplotlib", "jax"} & set(done.stdout.split())
