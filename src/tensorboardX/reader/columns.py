"""What a reader returns: columns of equal length, as NumPy arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import missing_extra
from .damage import Damage

Column = npt.NDArray[Any]


class Columns(dict[str, Column]):
    """A dict from names to NumPy arrays of one length: a table in long form.

    `pandas.DataFrame(columns)` and `polars.DataFrame(columns)` take it as it is. Text is in arrays of objects, each
    text that repeats being one object; so are bytes, and arrays whose shapes differ from row to row.

    Attributes:
        kind: what is in it, "scalars" for one.
        damage: what could not be read and is therefore missing.
    """

    def __init__(
        self, columns: Mapping[str, Column] | None = None, kind: str = "", damage: Iterable[Damage] = ()
    ) -> None:
        super().__init__(columns or {})
        self.kind = kind
        self.damage = tuple(damage)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return min((len(column) for column in self.values()), default=0)

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame`. Raises MissingExtraError if pandas is not installed."""
        try:
            import pandas
        except ImportError as error:
            raise missing_extra("pandas", "pandas", "to_pandas") from error
        return pandas.DataFrame(dict(self))

    def to_polars(self) -> Any:
        """Return a `polars.DataFrame`; arrays become lists. Raises MissingExtraError if polars is not installed."""
        try:
            import polars
        except ImportError as error:
            raise missing_extra("polars", "polars", "to_polars") from error
        series = [_series(polars, name, column) for name, column in self.items()]
        return polars.DataFrame(series)

    def to_arrow(self) -> Any:
        """Return a `pyarrow.Table`; arrays become lists, and what is of several types becomes text.

        Raises MissingExtraError if pyarrow is not installed.
        """
        try:
            import pyarrow
        except ImportError as error:
            raise missing_extra("pyarrow", "arrow", "to_arrow") from error
        return pyarrow.table({name: _arrow_array(pyarrow, column) for name, column in self.items()})


_Columns = TypeVar("_Columns", bound=Columns)


def objects(items: Iterable[Any]) -> Column:
    """Return an array of objects, shape (N,), whatever they are."""
    found = list(items)
    column = np.empty(len(found), object)
    for index, item in enumerate(found):
        column[index] = item
    return column


def repeated(text: str, count: int) -> Column:
    """Return an array of one text, shape (count,)."""
    column = np.empty(count, object)
    column.fill(text)  # one object for all; `np.full` makes one for each
    return column


def concatenated(parts: list[_Columns], kind: str, damage: Iterable[Damage]) -> _Columns:
    """Return the rows of all parts, of which there is at least one, as the class of the first.

    Empties the parts, so that no more than one column is in memory twice.
    """
    whole = type(parts[0])(parts[0], kind, damage)
    if len(parts) > 1:
        for name in list(whole):
            whole[name] = np.concatenate([part.pop(name) for part in parts])
    return whole


def _is_nested(column: Column) -> bool:
    return column.dtype == object and any(isinstance(item, np.ndarray) for item in column)


def _is_mixed(column: Column) -> bool:
    kinds = {type(item) for item in column if item is not None}
    return len(kinds) > 1 and not kinds <= {int, float}


def _plain(column: Column) -> list[Any]:
    """Return the items with arrays as lists, but for rows of numbers, which both libraries take as they are."""
    return [
        item.tolist() if isinstance(item, np.ndarray) and (item.ndim != 1 or item.dtype == object) else item
        for item in column
    ]


def _series(polars: Any, name: str, column: Column) -> Any:
    if column.dtype != object:
        return polars.Series(name, column)
    if _is_nested(column):
        try:
            return polars.Series(name, _plain(column), strict=False)
        except Exception:  # rows of different ranks or types
            return polars.Series(name, column.tolist(), dtype=polars.Object)
    return polars.Series(name, column.tolist(), dtype=polars.Object if _is_mixed(column) else None)


def _arrow_array(pyarrow: Any, column: Column) -> Any:
    if column.dtype != object:
        return pyarrow.array(column)
    items = _plain(column) if _is_nested(column) else column.tolist()
    try:
        return pyarrow.array(items)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError):
        return pyarrow.array([None if item is None else str(item) for item in items])
