"""Text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.text import metadata as text_plugin
from tensorboard.util import tensor_util

from tensorboardX import SummaryWriter
from tensorboardX.proto.summary_pb2 import Summary as Message
from tensorboardX.proto.summary_pb2 import SummaryMetadata
from tensorboardX.proto.tensor_pb2 import TensorProto
from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboardX.proto.types_pb2 import DT_STRING
from tensorboardX.summary.text import SHORT_TEXT, prepare_text, text
from tensorboardX.testing import read_events


def _stored(summary) -> Summary.Value:
    [value] = Summary.FromString(summary.SerializeToString()).value
    return value


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_text_is_a_tensor_of_one_string_for_the_text_plugin(content):
    value = _stored(text("a b", content))
    assert value.tag == "a b/text_summary"
    assert value.metadata.plugin_data.plugin_name == text_plugin.PLUGIN_NAME
    assert text_plugin.parse_plugin_metadata(value.metadata.plugin_data.content).version == 0
    array = tensor_util.make_ndarray(value.tensor)
    assert array.shape == (1,)
    assert array[0].decode("utf-8") == content


def test_half_of_a_surrogate_pair_becomes_a_question_mark():
    assert tensor_util.make_ndarray(_stored(text("a", "x\ud83d")).tensor)[0] == b"x?"


@pytest.mark.parametrize("content", [None, 3, b"bytes", ["a"]], ids=repr)
def test_what_is_no_string_is_refused(content):
    with pytest.raises(TypeError, match="'note'"):
        prepare_text("note", content)


@given(st.text(max_size=300), st.text(max_size=300))
def test_the_bytes_are_those_of_protobuf(tag, content):
    encoded = prepare_text(tag, content)()
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    [value] = Message.FromString(encoded).value
    tensor = TensorProto(
        dtype=DT_STRING,
        tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]),
        string_val=[content.encode("utf-8", "replace")],
    )
    expected = Message(value=[Message.Value(tag=value.tag, metadata=metadata, tensor=tensor)])
    assert encoded == expected.SerializeToString()


@pytest.mark.parametrize("length", [0, 1, 127, 128, SHORT_TEXT, SHORT_TEXT + 1])
def test_a_text_is_the_same_whether_the_caller_encodes_it_or_the_thread(tmp_path, length):
    with SummaryWriter(tmp_path) as writer:
        writer.add_text("a b", "é" * length, 3, walltime=1.5)
    [event] = read_events(tmp_path)
    assert (event.step, event.wall_time) == (3, 1.5)
    assert event.summary == text("a b", "é" * length)
    assert event.summary.value[0].tensor.string_val == [("é" * length).encode()]
