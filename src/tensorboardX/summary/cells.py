"""In which bin a float lies, by looking up its upper bits instead of sorting.

Sorting a million float32 by NumPy took 3 ms on one processor (Intel, AVX-512) and 30 ms on another (AMD Zen 4, where
the same instructions are slow). Looking up takes 3 ms on all, and does not depend on the order of the values.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.intp]

_FORMATS: dict[int, tuple[npt.DTypeLike, int]] = {  # by bytes: the integer of a float, and how many bits are looked up
    4: (np.uint32, 16),  # the sign, the exponent and 7 bits of the fraction: 128 cells from each power of 2 to the next
    8: (np.uint64, 18),  # 64 cells
}


class Room(NamedTuple):
    """Arrays of one length for what is looked up, see `Cells.room_for`."""

    cells: IntArray
    limits: Floats
    slots: npt.NDArray[np.integer[Any]]
    are_reached: npt.NDArray[np.bool_]

    def first(self, count: int) -> Room:
        """Return the first `count` elements of each."""
        return Room(self.cells[:count], self.limits[:count], self.slots[:count], self.are_reached[:count])


class Cells:
    """All floats that have the same upper bits are a cell. No more than one limit lies in each.

    Attributes:
        size: the number of slots that `slots_of` returns: one more than limits, and the last for NaN and infinity.
    """

    def __init__(self, limits: Floats, ranks: IntArray) -> None:
        dtype = limits.dtype
        count = _count(dtype)
        self.size = len(limits) + 2
        before = np.cumsum(np.bincount(ranks, minlength=count))
        before[ranks] -= 1
        inner = np.full(count, np.inf, dtype)
        inner[ranks] = limits
        slots = before.astype(np.int16 if self.size <= np.iinfo(np.int16).max else np.intp)  # which fits into a cache
        self._slots, self._limits = _by_bits(slots), _by_bits(inner)
        exponent = _upper_bits(np.array([np.inf], dtype))
        unbounded = np.arange(count) & exponent == exponent
        self._slots[unbounded], self._limits[unbounded] = self.size - 1, np.nan  # no value is at least NaN

    def slots_of(self, values: Floats, room: Room) -> npt.NDArray[np.integer[Any]]:
        """Return how many limits are at most as large as each value, shape (N,), until `room` is used again."""
        room = room.first(len(values))
        _upper_bits(values, room.cells)
        # Every index is within the table. With "raise", NumPy would copy the result.
        self._slots.take(room.cells, out=room.slots, mode="wrap")
        self._limits.take(room.cells, out=room.limits, mode="wrap")
        np.greater_equal(values, room.limits, out=room.are_reached)
        np.add(room.slots, room.are_reached.view(np.int8), out=room.slots)  # adding booleans takes twice as long
        return room.slots

    def room_for(self, count: int) -> Room:
        """Return what `slots_of` needs for up to `count` values: mapping it anew for each block costs as much again."""
        limits, slots = np.empty(count, self._limits.dtype), np.empty(count, self._slots.dtype)
        return Room(np.empty(count, np.intp), limits, slots, np.empty(count, np.bool_))


def cells_of(limits: Floats) -> Cells | None:
    """Return the cells of increasing finite `limits`, float32 or float64; None where one has more than one limit."""
    limits = np.where(limits == 0, limits.dtype.type(-0.0), limits)  # -0.0 lies in a lower cell, and is as large as 0
    bits = _upper_bits(limits)
    count = _count(limits.dtype)
    ranks = np.where(bits < count // 2, bits + count // 2, count - 1 - bits)
    if len(ranks) > 1 and not (ranks[:-1] < ranks[1:]).all():
        return None
    return Cells(limits, ranks)


def _count(dtype: np.dtype[Any]) -> int:
    return 1 << _FORMATS[dtype.itemsize][1]


def _upper_bits(values: Floats, out: IntArray | None = None) -> IntArray:
    integer, bits = _FORMATS[values.itemsize]
    found = np.empty(len(values), np.intp) if out is None else out
    np.right_shift(values.view(integer), 8 * values.itemsize - bits, out=found, casting="unsafe")
    return found


def _by_bits(by_rank: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return what is in the order of the floats in that of their bits: the negative ones last, and backwards."""
    half = len(by_rank) // 2
    return np.concatenate((by_rank[half:], by_rank[half - 1 :: -1]))
