"""Leaving out what was logged at a step and later."""

from __future__ import annotations

import operator
import os
from typing import Any

from ..errors import InvalidTypeError, InvalidValueError, describe
from ..reader.filters import Names
from .change import Request, change
from .edits import Edit
from .report import Report
from .spans import has_values, is_frame, span_of, step_of, tag_of, with_metadata, with_values


def trim(
    logdir: str | os.PathLike[str],
    from_step: int,
    *,
    runs: Names = None,
    out: str | os.PathLike[str] | None = None,
    in_place: bool = False,
    dry_run: bool = False,
) -> Report:
    """Leave out every Event whose step is `from_step` or later, so that a program can go on from there.

    What tells of a file or a session (its version, `SessionLog`) stays. What has no step, such as a graph or
    hyperparameters, has step 0. Metadata that goes with the first value of a tag moves to the first one that is left.

    Args:
        logdir: a log directory or one event file; see `surgery` for `runs`, `out`, `in_place` and `dry_run`.
        from_step: an integer of 64 bits.

    Raises TypeError or ValueError for a step that is none, and what `surgery` lists.
    """
    step = checked_step("from_step", from_step)
    request = Request("trim", logdir, runs, out, in_place, dry_run)
    return change(request, lambda run: Trimming(step))


def checked_step(name: str, step: Any) -> int:
    """Return a step as an int. Raises TypeError or ValueError that names the parameter."""
    try:
        checked = operator.index(step)
    except TypeError:
        raise InvalidTypeError(f"{name}: got {describe(step)}; accepted is an integer") from None
    if not -(2**63) <= checked < 2**63:
        raise InvalidValueError(f"{name}: got {describe(step)}; accepted is an integer of 64 bits")
    return checked


class Trimming(Edit):
    """Leaves out Events at a step and later."""

    def __init__(self, from_step: int) -> None:
        super().__init__()
        self._from_step = from_step
        self._homeless: dict[str, bytes] = {}  # metadata whose value was left out, by tag

    def edit(self, data: bytes) -> list[bytes]:
        if step_of(data) < self._from_step:
            return [self._with_metadata(data)] if self._homeless else [data]
        found = span_of(data)
        if found is None or is_frame(found[1]):
            return [data]
        written, span = found
        for value in span.values:
            if value.metadata is not None:
                self._homeless.setdefault(tag_of(written, value), written[slice(*value.metadata)])
        return []

    def _with_metadata(self, data: bytes) -> bytes:
        """Return an Event that stays, with the metadata that its tags have lost.

        A tag whose first value stays keeps its metadata there: what is added to a later value is ignored by readers.
        """
        found = span_of(data)
        if found is None or not has_values(found[1]):
            return data
        written, span = found
        tags = [tag_of(written, value) for value in span.values]
        if self._homeless.keys().isdisjoint(tags):
            return data
        values, is_changed = [], False
        for tag, value in zip(tags, span.values, strict=True):
            metadata = self._homeless.pop(tag, None)
            if metadata is None or value.metadata is not None:
                values.append(written[slice(*value.whole)])
            else:
                values.append(with_metadata(written, value, metadata))
                is_changed = True
        return with_values(span, values) if is_changed else data
