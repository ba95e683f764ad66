"""Names of directories and tensors that are made from tags."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorboardX.projector import names


@settings(deadline=None)
@given(st.text() | st.text("./\\:NULCON1 %\0", max_size=8) | st.text(min_size=60, max_size=400))
def test_an_encoded_tag_is_one_component_on_any_file_system(tag):
    component = names.encode_tag(tag)
    assert 0 < len(component.encode()) <= 200
    assert not re.search(r'[/\\<>:"|?*\x00-\x1f\x7f]', component)
    assert component.rstrip(". ") == component
    assert not re.fullmatch(r"(CON|PRN|AUX|NUL|(COM|LPT)\d)( *\..*)?", component, re.IGNORECASE | re.DOTALL)


@settings(deadline=None)
@given(st.lists(st.text("./\\%2ef-é", max_size=4) | st.text(), min_size=2, max_size=2, unique=True))
def test_different_tags_have_different_directories_and_names(tags):
    assert names.encode_tag(tags[0]) != names.encode_tag(tags[1])
    assert names.encode_tag(tags[0] * 300) != names.encode_tag(tags[1] * 300) or tags[0] * 300 == tags[1] * 300


def test_ordinary_tags_keep_the_layout_of_the_original():
    assert names.data_directory("default", 0) == "00000/default"
    assert names.data_directory("train/a b\\c%", 123456) == "123456/train%2fa b%5cc%25"
    assert names.tensor_name("train/a b", 12) == "train/a b:00012"


def test_a_cut_name_is_always_the_same():
    assert names.encode_tag("é/" * 150) == "é%2f" * 36 + "é%-3500e1bed8311585"
    assert names.tensor_name("é&" * 600, 3) == "é\uff06" * 491 + "…-10377f455a36707e:00003"


@pytest.mark.parametrize("tag", ["NUL .txt", "CONIN$", "com¹.x", "aux"])
def test_names_of_devices_are_encoded(tag):
    assert names.encode_tag(tag) == f"%{ord(tag[0]):02x}{tag[1:]}"


def test_names_hold_nothing_that_a_url_cannot():
    assert names.tensor_name("R&D #1\n+ 100%", -1) == "R\uff06D \uff031\u240a\uff0b 100\uff05:-0001"
    assert len(names.tensor_name("x" * 10_000, 0)) < 1100
    assert names.tensor_name("x" * 10_000, 0) != names.tensor_name("x" * 10_001, 0)
