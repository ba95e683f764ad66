"""Text, which TensorBoard renders as Markdown."""

from __future__ import annotations

import functools
from functools import partial
from typing import Any

from ..errors import type_error
from ..proto.plugin_text_pb2 import TextPluginData
from ..proto.summary_pb2 import Summary
from ..proto.tensor_pb2 import TensorProto
from .metadata import plugin_metadata
from .size import check_texts
from .tags import kept_tag
from .tensor_proto import string_proto
from .wire import packed, varint

SHORT_TEXT = 4096
"""A text of this many characters is encoded within two microseconds, less than it takes to put it off."""


def text(tag: str, text: Any) -> Summary:
    """Return the Summary of a text: a DT_STRING tensor of shape [1] under `<tag>/text_summary`.

    Args:
        tag: the tag; kept as it is.
        text: a string, in Markdown. Half a surrogate pair, which UTF-8 cannot hold, becomes a question mark.

    Raises TypeError unless both are strings, ValueError for a text of 2 GiB.
    """
    return Summary.FromString(prepare_text(tag, text)())


def prepare_text(tag: str, text: Any) -> partial[bytes]:
    """Check the arguments of `text`; the call of what is returned encodes them."""
    tag = kept_tag(tag)
    if not isinstance(text, str):
        raise type_error(tag, text, "a string")
    check_texts(tag, [text])
    return partial(_encode, tag, text.encode("utf-8", "replace"))


def encode_text(tag: str, text: str) -> bytes:
    """Check the tag, and return the Summary of a `SHORT_TEXT`. Raises TypeError unless the tag is a string."""
    return _encode(kept_tag(tag), text.encode("utf-8", "replace"))


def _encode(tag: str, text: bytes) -> bytes:
    tensor = _SHAPE + packed(_STRING, text)
    return packed(1, b"".join((_name(tag), _TENSOR_KEY, varint(len(tensor)), tensor, _METADATA)))


@functools.lru_cache(maxsize=4096)
def _name(tag: str) -> bytes:
    """Return the field of the tag, the first of `Summary.Value`."""
    return packed(1, f"{tag}/text_summary".encode())


_STRING = TensorProto.STRING_VAL_FIELD_NUMBER
_TENSOR_KEY = varint(Summary.Value.TENSOR_FIELD_NUMBER << 3 | 2)
_SHAPE = string_proto([], [1]).SerializeToString()  # what a tensor of one string begins with
_METADATA = packed(
    Summary.Value.METADATA_FIELD_NUMBER,
    plugin_metadata("text", TextPluginData(version=0).SerializeToString()).SerializeToString(),
)
