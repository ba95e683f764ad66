"""Where records begin that repeat those before them: a training loop logs the same tags in each step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .checksums import HEADER_BYTES, rows_of

EXAMPLES = (64, 512)
"""Of how many records a cycle is looked for. It may have half as many."""

_FIRST = 8  # records that need not repeat: at the beginning of a file its version, and what describes tags
_FIRST_REACH, _LAST_REACH = 256, 1 << 16  # records
_WORDS = HEADER_BYTES // 4
_MOST_KINDS = 256  # of headers: a kind is one byte

Offsets = npt.NDArray[np.int64]


class Cycle:
    """The headers of records that come again and again in the same order.

    Args:
        headers: of the records of one cycle.
        totals: how many bytes each record has, its header included.

    Attributes:
        is_broken: whether another record came than the next one of the cycle.
        is_at_end: whether the chunk has no more whole records that repeat it.
    """

    def __init__(self, headers: Sequence[bytes], totals: Sequence[int]) -> None:
        self.is_broken = self.is_at_end = False
        self._reach = _FIRST_REACH  # how many records are expected at once: twice as many, each time that all came
        self._headers = np.frombuffer(b"".join(headers), np.uint32).reshape(-1, _WORDS)
        self._totals = np.array(totals, np.int64)

    def follow(self, chunk: bytes, position: int) -> Offsets:
        """Return where records begin from `position` on that repeat the cycle, and where the last of them ends.

        Only those that the chunk has whole, and not all of them at once. The next call goes on in the cycle where this
        one has ended.
        """
        reach = min(self._reach, (len(chunk) - position) // HEADER_BYTES)
        borders = np.full(reach + 1, position, np.int64)
        borders[1:] += np.resize(self._totals, reach).cumsum()
        borders = borders[: borders.searchsorted(len(chunk), "right")]
        count = len(borders) - 1
        if count:
            differ = np.flatnonzero(self._differ(chunk, borders[:-1]))
            if len(differ):
                self.is_broken, count = True, int(differ[0])
        self.is_at_end = count < max(reach, 1)
        self._reach = min(2 * self._reach, _LAST_REACH)
        self._headers = np.roll(self._headers, -count, 0)
        self._totals = np.roll(self._totals, -count)
        return borders[: count + 1]

    def _differ(self, chunk: bytes, starts: Offsets) -> npt.NDArray[np.bool_]:
        """Return whether each record has another header than the cycle has there."""
        headers = rows_of(chunk, starts, HEADER_BYTES).view(np.uint32)
        differ: npt.NDArray[np.bool_] = (headers != np.resize(self._headers, headers.shape)).any(1)
        return differ


def cycle_of(headers: Sequence[bytes], totals: Sequence[int]) -> Cycle | None:
    """Return the cycle in successive records, of which the next one begins it; None if they do not repeat."""
    kinds: dict[bytes, int] = {}
    for header in headers:
        kinds.setdefault(header, len(kinds))
    if len(kinds) > _MOST_KINDS:
        return None
    text = bytes(map(kinds.__getitem__, headers[_FIRST:]))
    length = text.find(text[: len(text) // 2], 1)
    is_repeated = length > 0 and text[length:] == text[:-length]
    return Cycle(headers[-length:], totals[-length:]) if is_repeated else None
