"""The text format of protobuf, compared with protobuf's own parser and printer."""

from __future__ import annotations

import pytest
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

from tensorboardX.projector import pbtxt


@settings(deadline=None)
@given(st.text())
def test_strings_are_quoted_as_protobuf_reads_them(text):
    config = text_format.Parse(f"model_checkpoint_path: {pbtxt.quote(text)}", ProjectorConfig())
    assert config.model_checkpoint_path == text


words = st.text(min_size=1)  # an empty string is not printed


@settings(deadline=None)
@given(st.lists(st.tuples(words, words, st.lists(st.integers(0, 2**32 - 1))), max_size=4), st.booleans())
def test_what_protobuf_prints_is_split_into_its_fields(entries, as_utf8):
    config = ProjectorConfig(model_checkpoint_dir="x")
    for name, path, shape in entries:
        entry = config.embeddings.add(tensor_name=name, tensor_path=path, tensor_shape=shape)
        entry.sprite.image_path = name
    text = text_format.MessageToString(config, as_utf8=as_utf8)
    fields = pbtxt.split_fields(text)
    assert "".join(field.text for field in fields) == text
    found = [field.strings for field in fields if field.name == "embeddings"]
    assert [(s["tensor_name"], s["tensor_path"]) for s in found] == [(name, path) for name, path, _ in entries]


@pytest.mark.filterwarnings("ignore:invalid escape:DeprecationWarning")  # of protobuf
@pytest.mark.parametrize(
    "literal",
    [r'"\a\b\f\n\r\t\v\'\"\\"', r'"\0\12\303\251\x41\x9"', r'"\u00e9\U0001F600"', r'"C:\temp\q"', r'"a" "\\" "b"'],
)
def test_strings_are_read_as_protobuf_reads_them(literal):
    text = f"embeddings {{ tensor_name: {literal} }}"
    [field] = pbtxt.split_fields(text)
    assert field.strings["tensor_name"] == text_format.Parse(text, ProjectorConfig()).embeddings[0].tensor_name
