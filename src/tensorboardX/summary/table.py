"""Tables, as Markdown in a text.

A cell is shown as the text it holds. What Markdown or HTML would take for markup is written as a character reference,
which all versions of Python-Markdown leave alone, unlike a backslash: https://www.markdownguide.org/extended-syntax/#tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..errors import (
    InvalidTypeError,
    InvalidValueError,
    RefusedTypeError,
    RefusedValueError,
    describe,
    reason,
    shown,
    type_error,
    value_error,
)
from ..proto.summary_pb2 import Summary
from ..values.arrays import to_numpy
from .tags import check_tag, kept_tag, to_text
from .text import prepare_text

ACCEPTED = "a list of dicts, a list of sequences with headers, a dict of columns, or a DataFrame"

_Table = tuple[list[Any], Sequence[Sequence[Any]]]
"""The headers, and the rows with a cell for each."""


def table(tag: str, rows: Any, headers: Sequence[Any] | None = None) -> Summary:
    """Return the Summary of a table: a text in Markdown, see `text`.

    Args:
        tag: the tag; kept as it is.
        rows: a list of dicts, a list of sequences (with `headers`), a dict of columns, or a DataFrame of pandas or
            polars or a Table of pyarrow.
        headers: the names of the columns. For dicts and DataFrames: which columns, and in which order.

    Raises TypeError or ValueError that names the tag.
    """
    return Summary.FromString(prepare_table(tag, rows, headers)())


def prepare_table(tag: str, rows: Any, headers: Sequence[Any] | None = None) -> partial[bytes]:
    """Check the arguments of `table` and read them; the call of what is returned encodes them."""
    tag = kept_tag(tag)
    return prepare_text(tag, markdown(tag, rows, headers))


def is_frame(value: Any) -> bool:
    """Whether `value` is a table of its own: a DataFrame of pandas or polars, or a Table of pyarrow."""
    return hasattr(value, "columns") and any(hasattr(value, name) for name in ("itertuples", "iter_rows", "to_pydict"))


def markdown(tag: str, rows: Any, headers: Sequence[Any] | None = None) -> str:
    """Return a table as Markdown. Raises TypeError or ValueError that names the tag; see `table`."""
    try:
        names, cells = _table_of(tag, rows, _checked_headers(tag, headers))
        lines = [_line(tag, names), "|" + " --- |" * len(names), *[_line(tag, row) for row in cells]]
    except (InvalidTypeError, InvalidValueError):
        raise
    except Exception as error:  # whatever iterating over a user's object raises
        why = f"{describe(rows)} cannot be read as a table: {reason(error)}"
        raise RefusedTypeError(f"tag {shown(tag)}: {why}; accepted is {ACCEPTED}") from error
    if not names:
        raise value_error(tag, rows, f"a table with at least one column: {ACCEPTED}")
    return "\n".join(lines)


def _checked_headers(tag: str, headers: Any) -> list[Any] | None:
    if headers is None:
        return None
    if isinstance(headers, (str, bytes, Mapping)) or not isinstance(headers, Iterable):
        raise type_error(tag, headers, "headers that are a list of names")
    return list(headers)


# ---- what rows may be


def _table_of(tag: str, rows: Any, headers: list[Any] | None) -> _Table:
    if is_frame(rows):
        return _of_frame(tag, rows, headers)
    if isinstance(rows, Mapping):
        return _of_columns(tag, rows, headers)
    if isinstance(rows, (str, bytes)) or not isinstance(rows, Iterable):
        raise type_error(tag, rows, ACCEPTED)
    listed = list(rows)
    if listed and all(isinstance(row, Mapping) for row in listed):
        return _of_dicts(listed, headers)
    return _of_sequences(tag, listed, headers)


def _of_dicts(rows: list[Mapping[Any, Any]], headers: list[Any] | None) -> _Table:
    """A column for each key, in the order in which they come first; a key that a row lacks is an empty cell."""
    names = list(dict.fromkeys(key for row in rows for key in row)) if headers is None else headers
    return names, [[row.get(name) for name in names] for row in rows]


def _of_sequences(tag: str, rows: list[Any], headers: list[Any] | None) -> _Table:
    if headers is None:
        raise RefusedValueError(f"tag {shown(tag)}: rows that are no dicts need headers; accepted is {ACCEPTED}")
    cells = [_cells_of(tag, row) for row in rows]
    for number, row in enumerate(cells):
        if len(row) != len(headers):
            raise value_error(tag, rows[number], f"{len(headers)} cells, one for each header (row {number})")
    return headers, cells


def _cells_of(tag: str, row: Any) -> list[Any]:
    if isinstance(row, (str, bytes, Mapping)) or not isinstance(row, Iterable):
        raise type_error(tag, row, f"a row that is a sequence of cells; a table is {ACCEPTED}")
    return list(row)


def _of_columns(tag: str, columns: Mapping[Any, Any], headers: list[Any] | None) -> _Table:
    names = list(columns) if headers is None else headers
    for name in names:
        if name not in columns:
            raise value_error(tag, columns, f"a dict that has the column {shown(name)}")
    cells = [_cells_of_column(tag, name, columns[name]) for name in names]
    lengths = {len(column) for column in cells}
    if len(lengths) > 1:
        found = ", ".join(f"{shown(name)}: {len(column)}" for name, column in zip(names[:5], cells, strict=False))
        raise RefusedValueError(f"tag {shown(tag)}: got columns of several lengths ({found}); accepted is one length")
    return names, list(zip(*cells, strict=True))


def _cells_of_column(tag: str, name: Any, column: Any) -> list[Any]:
    if isinstance(column, (str, bytes, Mapping)) or not isinstance(column, Iterable):
        raise type_error(tag, column, f"a sequence of cells as the column {shown(name)}")
    return list(column)


def _of_frame(tag: str, frame: Any, headers: list[Any] | None) -> _Table:
    """Read a DataFrame by the methods that it has, without importing its package."""
    if hasattr(frame, "itertuples"):  # pandas; its index is left out if it only numbers the rows
        has_index = type(frame.index).__name__ != "RangeIndex"
        names = [*([frame.index.name or ""] if has_index else []), *frame.columns]
        cells: list[Sequence[Any]] = list(frame.itertuples(index=has_index, name=None))
    elif hasattr(frame, "iter_rows"):  # polars
        names, cells = list(frame.columns), list(frame.iter_rows())
    else:  # pyarrow, whose `columns` are the values
        columns = frame.to_pydict()
        names, cells = list(columns), list(zip(*columns.values(), strict=True))
    return (names, cells) if headers is None else _selected(tag, frame, names, cells, headers)


def _selected(tag: str, frame: Any, names: list[Any], cells: list[Sequence[Any]], headers: list[Any]) -> _Table:
    for name in headers:
        if name not in names:
            raise value_error(tag, frame, f"a table that has the column {shown(name)}")
    places = [names.index(name) for name in headers]
    return headers, [[row[place] for place in places] for row in cells]


# ---- cells


def _line(tag: str, cells: Iterable[Any]) -> str:
    return "| " + " | ".join([_escaped(_text_of(tag, cell)) for cell in cells]) + " |"


def _text_of(tag: str, cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return check_tag(cell)
    if hasattr(cell, "shape") and not isinstance(cell, np.generic):
        array = to_numpy(cell, tag)  # as NumPy prints it: 0.1 where a float32 tensor has 0.10000000149
        return str(array[()] if array.ndim == 0 else array)
    return to_text(tag, cell)


def _escaped(text: str) -> str:
    """Return the Markdown that shows a text as it is, on one line."""
    if text.isalnum():
        return text
    text = text.replace("\r\n", "\n")
    text = _AT_EDGE_OF_WORD.sub("&#95;", text.translate(_ESCAPES))
    return "<br>".join(text.split("\n"))


def _references() -> dict[int, str]:
    """What stands for each character that may be markup, or that Python-Markdown uses for itself."""
    markup = {ord(character): f"&#{ord(character)};" for character in "|`*[]\\<>&"}
    pictures = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}  # of control characters
    breaks = dict.fromkeys(map(ord, "\r\v\f\x85\u2028\u2029"), "\n")
    return markup | pictures | breaks | {ord("\t"): " ", ord("\n"): "\n"}


_ESCAPES = _references()
_AT_EDGE_OF_WORD = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # within a word, an underscore is no markup
