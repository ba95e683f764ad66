"""Columns made of the entries of one run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..errors import InvalidValueError
from .columns import Column, Columns, objects, repeated
from .damage import DamageLog
from .events import Entry
from .loading import Loader
from .meshes import MESH_COLUMNS, meshes_in
from .rows import ROWS, Rows
from .scalars import Points, TagNumbers
from .tensors import array_of
from .values import GRAPH, GRAPH_FORMATS, MESHES

_COMMON: dict[str, type] = {"tag": object, "step": np.int64, "wall_time": np.float64}
_POINTS = ("tags", "steps", "wall_times", "values")
_GRAPH_COLUMNS: dict[str, type] = {"format": object, "data": object}


def table_of(kind: str, run: str, entries: list[Entry], damage: DamageLog) -> Columns:
    """Return the columns of all entries of a kind, in their order.

    Takes the entries out of the list, so that they can be freed one after the other.
    """
    dtypes = {**_COMMON, **_columns_of(kind)}
    rows: list[tuple[Any, ...]] = []
    with Loader(entries, damage) as loader:
        for entry, found in meshes_in(loader) if kind == MESHES else _rows(kind, loader):
            rows += [(entry.name, entry.step, entry.wall_time, *row) for row in found]
    by_column = zip(*rows, strict=True) if rows else [()] * len(dtypes)
    columns: dict[str, Column] = {"run": repeated(run, len(rows))}
    for (name, dtype), items in zip(dtypes.items(), by_column, strict=True):
        columns[name] = objects(items) if dtype is object else np.array(items, dtype)
    return Columns(columns)


def scalar_table(runs: list[tuple[str, list[Points]]], numbers: TagNumbers) -> Columns:
    """Return the columns of all points of all runs. Takes the points out of the lists, so that they can be freed."""
    counts = [(run, sum(len(part.steps) for part in parts)) for run, parts in runs]
    tags, steps, wall_times, values = ([getattr(part, name) for _, parts in runs for part in parts] for name in _POINTS)
    for _, parts in runs:
        parts.clear()
    names = objects(numbers.names)
    return Columns(
        {
            "run": np.concatenate([repeated("", 0), *(repeated(run, count) for run, count in counts)]),
            "tag": names[_emptied(tags, np.int32)],
            "step": _emptied(steps, np.int64),
            "wall_time": _emptied(wall_times, np.float64),
            "value": _emptied(values, np.float64),
        }
    )


def _emptied(parts: list[Column], dtype: type) -> Column:
    """Return the parts together; empties the list."""
    together = np.concatenate([np.zeros(0, dtype), *parts])
    parts.clear()
    return together


def _columns_of(kind: str) -> dict[str, type]:
    if kind == MESHES:
        return MESH_COLUMNS
    return _GRAPH_COLUMNS if kind == GRAPH else ROWS[kind][0]


def _rows(kind: str, loader: Loader) -> Iterator[tuple[Entry, Rows]]:
    for entry, content in loader:
        try:
            if isinstance(content, bytes) or kind == GRAPH:
                yield entry, _graph(entry, content)
            else:
                yield entry, ROWS[kind][1](content, entry.metadata)
        except InvalidValueError as error:
            loader.skip(entry, str(error))


def _graph(entry: Entry, content: Any) -> Iterable[tuple[str, bytes]]:
    form = GRAPH_FORMATS[entry.metadata.plugin]
    if isinstance(content, bytes):
        return [(form, content)]
    array = array_of(content.tensor)
    if array.dtype != object:
        raise InvalidValueError(f"a graph in a tensor of {array.dtype}, not of strings")
    return [(form, data) for data in array.reshape(-1).tolist()]
