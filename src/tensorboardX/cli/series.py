"""Scalars as the curves of tags, and the place of several log directories beside each other."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..reader import Columns, Logdir, open_logdir
from ..reader.columns import concatenated, objects


class Series(NamedTuple):
    """The points of one tag of one run, in the order of the files; each array has shape (N,), and N is not 0."""

    run: str
    tag: str
    steps: npt.NDArray[np.int64]
    wall_times: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]


def each_series(columns: Columns) -> Iterator[Series]:
    """Yield the curves that scalars consist of, in the order in which they begin."""
    numbers: dict[tuple[str, str], int] = {}
    names = zip(columns["run"].tolist(), columns["tag"].tolist(), strict=True)
    codes = np.fromiter((numbers.setdefault(name, len(numbers)) for name in names), np.int64, columns.rows)
    rows = np.argsort(codes, kind="stable")
    limits = np.searchsorted(codes[rows], np.arange(len(numbers) + 1))
    for (run, tag), number in numbers.items():
        of_tag = rows[limits[number] : limits[number + 1]]
        yield Series(run, tag, columns["step"][of_tag], columns["wall_time"][of_tag], columns["value"][of_tag])


class Source(NamedTuple):
    """A log directory, and what goes before the names of its runs."""

    prefix: str
    logdir: Logdir

    def named(self, columns: Columns) -> Columns:
        """Put the prefix before the runs of columns; return them."""
        if self.prefix:
            names = {run: self.name(run) for run in set(columns["run"].tolist())}
            columns["run"] = objects(names[run] for run in columns["run"].tolist())
        return columns

    def name(self, run: str) -> str:
        return posixpath.normpath(posixpath.join(self.prefix, run)) if self.prefix else run


def open_sources(paths: Sequence[str]) -> list[Source]:
    """Open log directories. The runs of one have their own names, those of several begin with the path."""
    if len(paths) == 1:
        return [Source("", open_logdir(paths[0]))]
    return [Source(path.replace("\\", "/") or ".", open_logdir(path)) for path in dict.fromkeys(paths)]


def read_all(sources: Sequence[Source], kind: str, *arguments: Any, **options: Any) -> Columns:
    """Return what the method of Logdir that is named by `kind` returns, of all sources together."""
    parts = [source.named(getattr(source.logdir, kind)(*arguments, **options)) for source in sources]
    return concatenated(parts, kind, [damage for part in parts for damage in part.damage])


def values_of_hparams(columns: Columns) -> dict[str, dict[str, Any]]:
    """Return the hyperparameters of each run that has some, by name."""
    found: dict[str, dict[str, Any]] = {}
    for run, name, value in zip(columns["run"], columns["name"], columns["value"], strict=True):
        found.setdefault(run, {})[name] = value
    return found
