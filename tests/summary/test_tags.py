"""Cleaning of tags."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorboardX import summary
from tensorboardX.errors import TensorBoardXError
from tensorboardX.summary.tags import blob_tag, check_tag, clean_tag, kept_tag, to_text


@pytest.mark.parametrize(
    ("tag", "cleaned"),
    [
        ("loss", "loss"),
        ("train/loss-1.5_x", "train/loss-1.5_x"),
        ("a b:c", "a_b_c"),
        ("//a//b", "a//b"),
        (" /a", "_/a"),
        ("/", ""),
        ("", ""),
        ("Größe/損失", "Größe/損失"),
        ("a\nb\\c\0", "a_b_c_"),
        ("😀", "_"),
        ("half \ud800", "half__"),
    ],
)
def test_what_becomes_of_a_tag(tag, cleaned):
    assert clean_tag(tag) == cleaned
    assert summary._clean_tag(tag) == cleaned


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_a_cleaned_tag_can_be_stored_and_stays_as_it_is(tag):
    cleaned = clean_tag(tag)
    assert re.fullmatch(r"[\w./-]*", cleaned)
    assert not cleaned.startswith("/")
    assert clean_tag(cleaned) == cleaned
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_a_checked_tag_can_be_stored_and_only_halves_of_pairs_change(tag):
    checked = check_tag(tag)
    assert checked.encode("utf-8").decode("utf-8") == checked
    assert re.sub("[\ud800-\udfff]", "?", tag) == checked


@pytest.mark.parametrize("tag", [None, 3, b"loss", ["a"], 1.5], ids=repr)
def test_a_tag_that_is_no_string_is_refused(tag):
    for check in (check_tag, clean_tag):
        with pytest.raises(TypeError, match=re.escape(f"tag {tag!r}: got {type(tag).__name__}")) as caught:
            check(tag)
        assert isinstance(caught.value, TensorBoardXError)


def test_a_tag_too_long_for_a_url_is_cut_and_stays_unique():
    assert kept_tag("x" * 12_000) == "x" * 12_000
    for cut in (clean_tag, kept_tag, blob_tag):
        first, second = (cut("損" * 10_000 + end) for end in "ab")
        assert first != second
        assert len(first.encode()) <= 12_000
        assert first.startswith("損" * 3_000)
        assert cut(first) == first
    assert kept_tag("é " * 6_000) == "é " * 3_994 + "-587e89848945a9f5"


@pytest.mark.parametrize(
    ("tag", "stored"), [('a"b', "a_b"), ("a\\b", "a_b"), ("a\n\0b", "a__b"), ("a b:/é'\x7f", "a b:/é'\x7f")]
)
def test_the_tag_of_an_image_or_audio_needs_no_escape_in_json(tag, stored):
    assert blob_tag(tag) == stored
    assert json.dumps(stored, ensure_ascii=False) == f'"{stored}"'


class Silent:
    def __str__(self):
        raise RuntimeError("no text")


def test_the_text_of_a_value():
    assert to_text("a", 2.5) == "2.5"
    assert to_text("a", "\ud800") == "?"
    for value in (Silent(), 10**5000):
        with pytest.raises(TypeError, match=r"^tag 'a': got "):
            to_text("a", value)
