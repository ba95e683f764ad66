"""Where records begin that repeat those before them: a training loop logs the same tags in each step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .checksums import HEADER_BYTES

EXAMPLES = (64, 512)
"""Of how many records a cycle is looked for. It may have half as many."""

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
    """

    def __init__(self, headers: Sequence[bytes], totals: Sequence[int]) -> None:
        self.is_broken = False
        self._headers = np.frombuffer(b"".join(headers), np.uint32).reshape(-1, _WORDS)
        self._totals = np.array(totals, np.int64)

    def follow(self, chunk: bytes, position: int) -> Offsets:
        """Return where records begin from `position` on that repeat the cycle, and where the last of them ends.

        Only those that the chunk has whole. The next call goes on in the cycle where this one has ended.
        """
        size = len(self._totals)
        cycles = (len(chunk) - position) // int(self._totals.sum()) + 1
        borders = np.full(cycles * size + 1, position, np.int64)
        borders[1:] += np.tile(self._totals, cycles).cumsum()
        borders = borders[: borders.searchsorted(len(chunk), "right")]
        count = len(borders) - 1
        if not count:
            return borders
        places = np.ndarray((len(chunk) - HEADER_BYTES + 1,), f"V{HEADER_BYTES}", chunk, strides=(1,))
        headers = places[borders[:-1]].view(np.uint32).reshape(count, _WORDS)
        differ = np.flatnonzero((headers != np.resize(self._headers, (count, _WORDS))).any(1))
        if len(differ):
            self.is_broken, count = True, int(differ[0])
        self._headers = np.roll(self._headers, -count, 0)
        self._totals = np.roll(self._totals, -count)
        return borders[: count + 1]


def cycle_of(headers: Sequence[bytes], totals: Sequence[int]) -> Cycle | None:
    """Return the cycle in successive records, of which the next one begins it; None if they do not repeat."""
    kinds: dict[bytes, int] = {}
    for header in headers:
        kinds.setdefault(header, len(kinds))
    if len(kinds) > _MOST_KINDS:
        return None
    text = bytes(map(kinds.__getitem__, headers))
    length = text[::-1].find(text[: len(text) // 2 - 1 : -1], 1)  # how long before the second half came already
    return None if length < 0 else Cycle(headers[-length:], totals[-length:])
