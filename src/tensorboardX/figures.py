"""Matplotlib figures as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import Array
from .errors import MissingExtraError, type_error


def figure_to_image(figures: Any, close: bool = True) -> Array:
    """Render a matplotlib figure, or a list of figures of one size.

    Args:
        figures: a figure or a list of figures.
        close: whether to close them afterwards, which frees their memory.

    Returns uint8 of shape (3, H, W), or (N, 3, H, W) for a list. Raises ImportError without matplotlib.
    """
    if isinstance(figures, (list, tuple)):
        return np.stack([_render(figure, close) for figure in figures])
    return _render(figures, close)


def _render(figure: Any, close: bool) -> Array:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib", "figure", "drawing a figure") from error
    if not isinstance(figure, Figure):
        raise type_error("", figure, "a matplotlib figure or a list of figures")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    rgba = np.asarray(canvas.buffer_rgba())
    pixels: Array = np.moveaxis(rgba[:, :, :3], 2, 0).copy()
    if close:
        _close(figure)
    return pixels


def _close(figure: Any) -> None:
    """Close a figure of pyplot; one made without pyplot is nobody's to close."""
    import sys

    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(figure)
