"""Embeddings for TensorBoard's projector: files beside the event files, and a config that lists them.

<logdir>/projector_config.pbtxt
<logdir>/<step:05d>/<encoded tag>/tensors.bytes or tensors.tsv, metadata.tsv, sprite.png
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from ..errors import InvalidTypeError, describe
from ..summary.tags import check_tag
from ..values.arrays import Array, to_step
from .config import Entry, read_fields, without, write_fields
from .labels import encode_labels
from .names import data_directory, tensor_name
from .sprites import checked_images, encode_sprite
from .store import Store, open_store
from .tensors import checked_points, encode_points, encode_tsv


def prepare_embedding(
    logdir: str | os.PathLike[str],
    mat: Any,
    metadata: Any = None,
    label_img: Any = None,
    global_step: Any = None,
    tag: str = "default",
    metadata_header: Any = None,
) -> PreparedEmbedding:
    """Check and copy an embedding; the caller may change everything afterwards.

    Args:
        logdir: the directory of the event file, or a URL that fsspec knows.
        mat: the points, an array or tensor of shape (N, D), stored as float32. TensorBoard shows the first 100,000.
        metadata: N labels, or with `metadata_header` N rows of cells.
        label_img: N square images, shape (N, C, H, W), C being 1, 3 or 4; uint8 as it is, other dtypes in [0, 1].
            H times the square root of N, rounded up, is 8192 at most.
        global_step: the step; None is 0.
        tag: the name. The same tag and step replace what was written before.
        metadata_header: the names of the metadata's columns.

    Raises TypeError or ValueError that names the tag, ImportError if a URL needs a package that is not installed.
    """
    tag, step = check_tag(tag), to_step(global_step) or 0
    points = checked_points(mat, tag)
    labels = None if metadata is None else encode_labels(metadata, metadata_header, len(points), tag)
    images = None if label_img is None else checked_images(label_img, len(points), tag)
    return PreparedEmbedding(open_store(os.fspath(logdir)), tag, step, points, labels, images)


class PreparedEmbedding:
    """An embedding that only has to be encoded and written.

    `nbytes` is about what it keeps in memory.
    """

    def __init__(
        self, store: Store, tag: str, step: int, points: Array, labels: bytes | None, images: Array | None
    ) -> None:
        self._store = store
        self._tag = tag
        self._step = step
        self._points = points
        self._labels = labels
        self._images = images
        self.nbytes: int = points.nbytes + len(labels or b"") + (0 if images is None else images.nbytes)

    def encode(self) -> Callable[[], None]:
        """Return a function that writes the files, then the config.

        It raises OSError, after which it may be called again; the config is whole in any case.
        """
        tensor_file, content = encode_points(self._points, self._tag)
        files = {tensor_file: content}
        if self._labels is not None:
            files["metadata.tsv"] = self._labels
        if self._images is not None:
            files["sprite.png"] = encode_sprite(self._images, self._tag)
        return partial(_put, self._store, self._entry(tensor_file), files)

    def _entry(self, tensor_file: str) -> Entry:
        return Entry(
            name=tensor_name(self._tag, self._step),
            directory=self._store.without_leaving(data_directory(self._tag, self._step)),
            tensor_file=tensor_file,
            tensor_shape=self._points.shape,
            has_metadata=self._labels is not None,
            sprite_size=None if self._images is None else (self._images.shape[3], self._images.shape[2]),
        )


def _put(store: Store, entry: Entry, files: dict[str, bytes | memoryview]) -> None:
    with store.lock():
        fields = read_fields(store)
        kept = without(entry, fields)
        if len(kept) < len(fields):
            # Were this process killed between the files, the old entry would not fit the new points, which
            # takes all embeddings off the page.
            write_fields(store, kept)
        for name, content in files.items():
            store.put(f"{entry.directory}/{name}", content)
        write_fields(store, kept, entry)


def make_mat(matlist: Any, save_path: str | os.PathLike[str]) -> None:
    """Write points of shape (N, D) to `tensors.tsv` in the directory `save_path`. Raises as `prepare_embedding`."""
    open_store(os.fspath(save_path)).put("tensors.tsv", encode_tsv(checked_points(matlist, "tensors.tsv")))


def make_tsv(metadata: Any, save_path: str | os.PathLike[str], metadata_header: Any = None) -> None:
    """Write labels to `metadata.tsv` in the directory `save_path`. As `prepare_embedding`."""
    content = encode_labels(metadata, metadata_header, None, "metadata.tsv")
    open_store(os.fspath(save_path)).put("metadata.tsv", content)


def make_sprite(label_img: Any, save_path: str | os.PathLike[str]) -> None:
    """Write images of shape (N, C, H, W) to `sprite.png` in the directory `save_path`. As `prepare_embedding`."""
    images = checked_images(label_img, None, "sprite.png")
    open_store(os.fspath(save_path)).put("sprite.png", encode_sprite(images, "sprite.png"))


def append_pbtxt(
    metadata: Any, label_img: Any, save_path: str | os.PathLike[str], subdir: str, global_step: Any, tag: str
) -> None:
    """List an embedding, whose files are in `subdir` of the log directory `save_path`, in the config.

    Args:
        metadata: anything but None if `subdir` has a metadata.tsv.
        label_img: the images, shape (N, C, H, W), if it has a sprite.png.
        save_path: the directory of the config.
        subdir: relative to it, with the tensors.tsv of `make_mat`.
        global_step: the step; None is 0.
        tag: the name.
    """
    if not isinstance(subdir, str):
        raise InvalidTypeError(f"subdir: got {describe(subdir)}; accepted is a string")
    size = None if label_img is None else (int(label_img.shape[3]), int(label_img.shape[2]))
    name = tensor_name(check_tag(tag), to_step(global_step) or 0)
    entry = Entry(name, subdir, "tensors.tsv", has_metadata=metadata is not None, sprite_size=size)
    _put(open_store(os.fspath(save_path)), entry, {})
