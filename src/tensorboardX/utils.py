"""Helpers for images and videos, under the original's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .summary.layout import convert_to_HWC, convert_to_NTCHW, make_grid
from .values.figures import figure_to_image

if TYPE_CHECKING:
    from .summary.gif import _prepare_video

__all__ = [
    "_prepare_video",
    "convert_to_HWC",
    "convert_to_NTCHW",
    "figure_to_image",
    "graphviz_to_image",
    "make_grid",
]


def graphviz_to_image() -> None:
    """Do nothing, as in the original."""


def __getattr__(name: str) -> Any:
    if name != "_prepare_video":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .summary.gif import _prepare_video

    return _prepare_video
