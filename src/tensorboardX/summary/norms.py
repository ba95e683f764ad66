"""The norms of a model's parameters and of what belongs to them: totals, the largest by name, a histogram of all."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np

from ..values.arrays import Array
from .histogram import prepare_histogram
from .scalar import scalar_values

LARGEST = 10
"""How many norms of a kind are written by name."""


class Part(NamedTuple):
    """Where the squared norms of some parameters are: in the order of the names, from `start` on.

    A name that is None leaves one out.
    """

    kind: str
    names: Sequence[str | None]
    start: int


class Squares(Protocol):
    """Squared norms that a device may still be computing."""

    nbytes: int
    is_on_device: bool

    def resolve(self) -> Array:
        """Wait for them; return them, float64, shape (N,). A negative number stands for NaN."""
        ...


def prepare_norms(tag: str, parts: Sequence[Part], squares: Squares) -> partial[bytes]:
    """Return what encodes the norms once they are computed, as one Summary.

    For each kind, such as "gradient", there are a scalar `<tag>/gradient_norm`, the norm of all numbers together;
    scalars `<tag>/gradient_norm/<name>` of the ten largest norms, NaN and infinity first; and a histogram
    `<tag>/gradient_norms` of the norms of all parameters.

    Args:
        tag: what the tags begin with.
        parts: several may be of one kind.
        squares: the squared norms; awaited when they are encoded.
    """
    return partial(_encode, tag, parts, squares)


def _encode(tag: str, parts: Sequence[Part], squares: Squares) -> bytes:
    numbers = squares.resolve()
    norms = np.sqrt(np.where(numbers < 0, np.nan, numbers))
    return b"".join(_of_kind(tag, kind, parts, norms) for kind in dict.fromkeys(part.kind for part in parts))


def _of_kind(tag: str, kind: str, parts: Sequence[Part], norms: Array) -> bytes:
    pairs = [
        (name, norm)
        for part in parts
        if part.kind == kind
        for name, norm in zip(part.names, norms[part.start : part.start + len(part.names)].tolist(), strict=True)
        if name is not None
    ]
    if not pairs:
        return b""
    largest = heapq.nlargest(LARGEST, pairs, key=lambda pair: math.inf if math.isnan(pair[1]) else pair[1])
    values = np.array([norm for _, norm in pairs])
    scalars = [(f"{tag}/{kind}_norm", math.sqrt(np.square(values).sum()))]
    scalars += [(f"{tag}/{kind}_norm/{name}", norm) for name, norm in largest]
    return scalar_values(scalars) + prepare_histogram(f"{tag}/{kind}_norms", values, "tensorflow")()
