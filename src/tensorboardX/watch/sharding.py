"""Parameters that are spread over processes (DTensor): whose squared norms are sums over them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NamedTuple


class Share(NamedTuple):
    """Parameters that are spread over the same processes.

    Attributes:
        groups: the process groups over which squares are added, one after the other; none where each process has all.
    """

    parameters: Mapping[str, Any]
    groups: tuple[Any, ...]


def shares_of(parameters: Mapping[str, Any]) -> list[Share]:
    """Return the parameters by the processes that they are spread over, in an order that all of these agree on."""
    found: dict[Any, dict[str, Any]] = {}
    for name, parameter in parameters.items():
        found.setdefault(_spread(parameter), {})[name] = parameter
    return [
        Share(some, () if spread is None else tuple(spread[0].get_group(axis) for axis in spread[1]))
        for spread, some in found.items()
    ]


def _spread(parameter: Any) -> tuple[Any, tuple[int, ...]] | None:
    """Return the mesh of processes, and along which of its axes a parameter is split; None if along none."""
    placements = getattr(parameter, "placements", None)
    if placements is None:
        return None
    split = tuple(axis for axis, placement in enumerate(placements) if not placement.is_replicate())
    return (parameter.device_mesh, split) if split else None


def summed(squares: Any, groups: tuple[Any, ...]) -> Any:
    """Return the squares with those of the other processes added: one small all-reduce for each group."""
    for group in groups:
        sys.modules["torch"].distributed.all_reduce(squares, group=group)
    return squares
