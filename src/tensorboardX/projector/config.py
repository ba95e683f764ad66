"""projector_config.pbtxt, the list of a run's embeddings.

Format: tensorboard/plugins/projector/projector_config.proto. TensorBoard reads it as UTF-8 text; a config that it
cannot read takes every embedding of every run off the page.
"""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from ..notices import log_safely, logger
from .pbtxt import Field, quote, split_fields
from .store import Store

NAME = "projector_config.pbtxt"


class Entry(NamedTuple):
    """One embedding of the config. Paths are relative to it, with slashes."""

    name: str
    directory: str
    tensor_file: str
    tensor_shape: tuple[int, int] | None = None
    has_metadata: bool = False
    sprite_size: tuple[int, int] | None = None  # width and height of one image

    def to_text(self) -> str:
        """Return the entry in protobuf's text format."""
        lines = [f"  tensor_name: {quote(self.name)}"]
        lines += [f"  tensor_shape: {length}" for length in self.tensor_shape or ()]
        lines.append(f"  tensor_path: {self._path(self.tensor_file)}")
        if self.has_metadata:
            lines.append(f"  metadata_path: {self._path('metadata.tsv')}")
        if self.sprite_size is not None:
            lines.append("  sprite {")
            lines.append(f"    image_path: {self._path('sprite.png')}")
            lines += [f"    single_image_dim: {length}" for length in self.sprite_size]
            lines.append("  }")
        return "\n".join(["embeddings {", *lines, "}\n"])

    def _path(self, file: str) -> str:
        return quote(posixpath.join(self.directory, file))

    def replaces(self, field: Field) -> bool:
        """Return whether a field of a config is an entry of the same tag and step."""
        if field.name != "embeddings":
            return False
        directory = posixpath.dirname(field.strings.get("tensor_path", ""))
        return field.strings.get("tensor_name") == self.name or directory == self.directory != ""


def read_fields(store: Store) -> list[Field]:
    """Return the fields of the config; none if there is no config. Raises OSError.

    A config that is not in the text format is kept under another name, with a warning.
    """
    content = store.read(NAME)
    if not content:
        return []
    try:
        return split_fields(content.decode("utf-8"))
    except ValueError as error:  # UnicodeDecodeError, TextFormatError
        aside = f"{NAME}.broken"
        store.put(aside, content)
        log_safely(logger.warning, "%s cannot be read (%s); kept as %s, and begun anew", store.path(NAME), error, aside)
        return []


def without(entry: Entry, fields: list[Field]) -> list[Field]:
    """Return the fields but those that the entry replaces."""
    return [field for field in fields if not entry.replaces(field)]


def write_fields(store: Store, fields: list[Field], entry: Entry | None = None) -> None:
    """Replace the config by these fields, and the entry after them. Raises OSError."""
    text = "".join(field.text for field in fields)
    if entry is not None:
        text += ("\n" if text and not text.endswith("\n") else "") + entry.to_text()
    store.put(NAME, text.encode())
