"""The same content in fewer bytes: one Event a step, and histograms of few bins."""

from __future__ import annotations

import os

from ..reader.filters import Names
from ..reader.skeleton import HISTO, EventSpan
from ..reader.walk import LARGE
from .change import Request, change
from .edits import Edit
from .histograms import compact_value
from .report import Report
from .spans import has_values, span_of, with_content, with_values


def compact(
    logdir: str | os.PathLike[str],
    *,
    keep_histograms: bool = False,
    runs: Names = None,
    out: str | os.PathLike[str] | None = None,
    in_place: bool = False,
    dry_run: bool = False,
) -> Report:
    """Join successive Events of one step, and make histograms of more than 49 buckets histograms of 48 bins.

    Joined Events have the wall time of the first one, as with `merge_scalars`. They stay below 16 KiB, and a tag that
    comes again at its step begins another one. No value changes, except those histograms: the counts of their buckets
    are divided among bins of equal width. Their least and greatest value, sums and number of values stay.

    Args:
        logdir: a log directory or one event file; see `surgery` for `runs`, `out`, `in_place` and `dry_run`.
        keep_histograms: whether to leave histograms as they are.

    Raises what `surgery` lists.
    """
    request = Request("compact", logdir, runs, out, in_place, dry_run)
    return change(request, lambda run: Compacting(keep_histograms))


_MOST_CONTENT = LARGE - 32  # bytes of a Summary, beside which an Event has its wall time and step


class Compacting(Edit):
    """Joins Events of one step."""

    def __init__(self, keep_histograms: bool) -> None:
        super().__init__()
        self._keeps_histograms = keep_histograms
        self._begun: list[tuple[bytes, bytes, EventSpan]] = []  # records of one step to be joined, and their Events
        self._tags: set[bytes] = set()
        self._size = 0

    def edit(self, data: bytes) -> list[bytes]:
        found = span_of(data)
        if found is None or not has_values(found[1]):
            return [*self._take(), data]
        written, span = found if self._keeps_histograms else _with_compact_histograms(*found)
        self.values_before += len(span.values)
        self.values_after += len(span.values)
        record = data if written == found[0] else written
        if len(written) >= LARGE:
            return [*self._take(), record]
        tags = {written[slice(*value.tag)] for value in span.values}
        size = span.content[1] - span.content[0]
        made: list[bytes] = []
        if self._begun and not self._can_take(span, tags, size):
            made = self._take()
        self._begun.append((record, written, span))
        self._tags |= tags
        self._size += size
        if len(tags) < len(span.values):  # a tag twice: nothing is to follow it
            made += self._take()
        return made

    def end_file(self) -> list[bytes]:
        return self._take()

    def _can_take(self, span: EventSpan, tags: set[bytes], size: int) -> bool:
        is_of_step = span.step == self._begun[0][2].step
        return is_of_step and self._size + size < _MOST_CONTENT and self._tags.isdisjoint(tags)

    def _take(self) -> list[bytes]:
        """Return the Event that was begun, if any."""
        begun = self._begun
        self._begun, self._tags, self._size = [], set(), 0
        if len(begun) < 2:
            return [record for record, _, _ in begun]
        return [with_content(begun[0][2], b"".join(event[slice(*span.content)] for _, event, span in begun))]


def _with_compact_histograms(data: bytes, span: EventSpan) -> tuple[bytes, EventSpan]:
    if not any(value.field == HISTO for value in span.values):
        return data, span
    values = [
        compact_value(data[slice(*value.whole)]) if value.field == HISTO else data[slice(*value.whole)]
        for value in span.values
    ]
    found = span_of(with_values(span, values))
    return (data, span) if found is None else found
