"""Text, which TensorBoard renders as Markdown."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..errors import type_error
from ..proto.plugin_text_pb2 import TextPluginData
from ..proto.summary_pb2 import Summary
from .metadata import plugin_metadata
from .size import check_texts
from .tags import kept_tag
from .tensor_proto import string_proto


def text(tag: str, text: Any) -> Summary:
    """Return the Summary of a text: a DT_STRING tensor of shape [1] under `<tag>/text_summary`.

    Args:
        tag: the tag; kept as it is.
        text: a string, in Markdown. Half a surrogate pair, which UTF-8 cannot hold, becomes a question mark.

    Raises TypeError unless both are strings, ValueError for a text of 2 GiB.
    """
    return prepare_text(tag, text)()


def prepare_text(tag: str, text: Any) -> partial[Summary]:
    """Check the arguments of `text`; the call of what is returned encodes them."""
    tag = kept_tag(tag)
    if not isinstance(text, str):
        raise type_error(tag, text, "a string")
    check_texts(tag, [text])
    return partial(_encode, tag, text.encode("utf-8", "replace"))


def _encode(tag: str, text: bytes) -> Summary:
    metadata = plugin_metadata("text", TextPluginData(version=0).SerializeToString())
    return Summary(
        value=[Summary.Value(tag=f"{tag}/text_summary", metadata=metadata, tensor=string_proto([text], [1]))]
    )
