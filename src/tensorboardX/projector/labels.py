"""metadata.tsv: a line for each point, of one or more columns.

The page takes a first line with a tab for the names of the columns, and skips lines that are empty once trimmed,
which would give every later point the label of its neighbour.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from ..errors import RefusedTypeError, RefusedValueError, describe, shown
from ..summary.tags import to_text
from ..values.arrays import to_numpy
from .tensors import check_count

# Zero width space: shows as nothing, and is not among the characters that JavaScript's trim() removes.
PLACEHOLDER = "\u200b"
# What trim() removes: WhiteSpace and LineTerminator of ECMA-262.
_TRIMMED = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a" + (
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_SEPARATORS = str.maketrans("\t\n\r", "   ")


def encode_labels(metadata: Any, header: Any, points: int | None, tag: str) -> bytes:
    """Return the content of metadata.tsv.

    Args:
        metadata: a label for each point; with a header, a row of cells for each point. Anything is turned into
            text by `str`, tensors of one element by way of the number in them.
        header: the names of the columns, or None. The name of a single column cannot be stored.
        points: how many points there are; None leaves that unchecked.
        tag: named in errors.

    Raises TypeError for what cannot be iterated, ValueError if the numbers of labels or columns do not match.
    """
    items = _items(metadata, tag)
    if points is not None:
        check_count(tag, len(items), "labels", points)
    if header is None or len(header := _items(header, tag)) == 0:
        lines = _cells(items, tag)
    else:
        lines = _rows(items, _cells(header, tag), tag)
    marked = [line if line.strip(_TRIMMED) else PLACEHOLDER + line for line in lines]
    return "\n".join([*marked, ""]).encode("utf-8", "replace")


def _items(values: Any, tag: str) -> Collection[Any]:
    if hasattr(values, "detach"):  # a torch tensor, whose elements would print as tensor(...)
        values = to_numpy(values, tag)
    if isinstance(values, (list, tuple)) or (isinstance(values, np.ndarray) and values.ndim):
        return values
    try:
        return list(values)
    except Exception as error:  # whatever `__iter__` of a user's class raises
        raise RefusedTypeError(f"tag {shown(tag)}: got metadata {describe(values)}; accepted is a list") from error


def _rows(items: Collection[Any], header: list[str], tag: str) -> list[str]:
    rows = [[item] if isinstance(item, str) else _items(item, tag) for item in items]
    for index, row in enumerate(rows):
        if len(row) != len(header):
            counts = f"{len(row)} columns in row {index} of metadata and {len(header)} names in metadata_header"
            raise RefusedValueError(f"tag {shown(tag)}: got {counts}; accepted is a name for each column")
    if len(header) == 1:  # without a tab, the name would be taken for the first label
        return [line for row in rows for line in _cells(row, tag)]
    return ["\t".join(_cells(row, tag)) for row in [header, *rows]]


def _cells(values: Iterable[Any], tag: str) -> list[str]:
    texts = [value if type(value) is str else _text(value, tag) for value in values]
    together = "".join(texts)
    if not any(separator in together for separator in "\t\n\r"):
        return texts
    return [text.translate(_SEPARATORS) for text in texts]


def _text(value: Any, tag: str) -> str:
    if isinstance(value, str):
        return value
    if getattr(value, "shape", None) == () and not isinstance(value, np.generic):
        value = _element(value, tag)
    return to_text(tag, value)


def _element(value: Any, tag: str) -> Any:
    """Return what an array or tensor without axes holds: a number, or text."""
    if hasattr(value, "item") and not hasattr(value, "detach"):
        return value.item()
    if hasattr(value, "detach") or not hasattr(value, "__array__"):
        return to_numpy(value, tag).item()
    element = np.asarray(value).item()
    return element.decode("utf-8", "replace") if isinstance(element, bytes) else element  # TensorFlow's text is bytes
