"""Metadata, as TensorBoard's own messages read it."""

from __future__ import annotations

import pytest
from tensorboard.compat.proto import summary_pb2 as stock

from tensorboardX.summary.metadata import checked_labels, plugin_metadata, scalar_metadata


def test_plugin_metadata_names_the_plugin_and_holds_its_content():
    read = stock.SummaryMetadata.FromString(plugin_metadata("text", b"\x08\x01").SerializeToString())
    assert (read.plugin_data.plugin_name, read.plugin_data.content) == ("text", b"\x08\x01")
    assert (read.display_name, read.summary_description, read.data_class) == ("", "", stock.DATA_CLASS_UNKNOWN)


def test_scalar_metadata_says_that_it_is_one():
    read = stock.SummaryMetadata.FromString(scalar_metadata("Name \ud800", "what *it* is").SerializeToString())
    assert (read.display_name, read.summary_description) == ("Name ?", "what *it* is")
    assert (read.plugin_data.plugin_name, read.data_class) == ("scalars", stock.DATA_CLASS_SCALAR)


def test_a_name_that_is_no_string_is_refused():
    with pytest.raises(TypeError, match="3"):
        scalar_metadata(3, "")


def test_labels_are_strings():
    assert checked_labels("a", "name", None) == ("name", "")
    for given in ((5, ""), ("", [1])):
        with pytest.raises(TypeError, match=r"^tag 'a': got .* accepted is a (display_name|summary_description) that"):
            checked_labels("a", *given)
