"""Leaving out tags."""

from __future__ import annotations

import os

from ..errors import InvalidTypeError
from ..reader.filters import NameFilter, Names
from ..reader.skeleton import TAGGED_RUN_METADATA
from .change import Request, change
from .edits import Edit
from .report import Report
from .spans import has_values, packed_tag, span_of, tag_of, with_values


def drop(
    logdir: str | os.PathLike[str],
    tags: Names,
    *,
    runs: Names = None,
    out: str | os.PathLike[str] | None = None,
    in_place: bool = False,
    dry_run: bool = False,
) -> Report:
    """Leave out all values of some tags. An Event that has no other values is left out with them.

    Args:
        logdir: a log directory or one event file; see `surgery` for `runs`, `out`, `in_place` and `dry_run`.
        tags: strings, globs (`*` matches slashes too), compiled patterns, or a list of these.

    Raises TypeError for tags that are none of these, and what `surgery` lists.
    """
    if tags is None:
        raise InvalidTypeError("tags: got None; accepted is a string, a compiled pattern or a list of them")
    is_dropped = NameFilter("tags", tags)
    return change(Request("drop", logdir, runs, out, in_place, dry_run), lambda run: Dropping(is_dropped))


class Dropping(Edit):
    """Leaves out the values of some tags."""

    def __init__(self, is_dropped: NameFilter) -> None:
        super().__init__()
        self._is_dropped = is_dropped

    def edit(self, data: bytes) -> list[bytes]:
        found = span_of(data)
        if found is None:
            return [data]
        written, span = found
        if span.field == TAGGED_RUN_METADATA and self._is_dropped(packed_tag(written, span)):
            return []
        if not has_values(span):
            return [data]
        values = [value for value in span.values if not self._is_dropped(tag_of(written, value))]
        self.values_before += len(span.values)
        self.values_after += len(values)
        if len(values) == len(span.values):
            return [data]
        return [with_values(span, [written[slice(*value.whole)] for value in values])] if values else []
