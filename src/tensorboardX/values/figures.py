"""Matplotlib figures as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import RefusedValueError, missing_extra, reason, shown, type_error
from .arrays import Array


def figure_to_image(figures: Any, close: bool = True) -> Array:
    """Render a matplotlib figure, or a list of figures of one size.

    Args:
        figures: a figure or a list of figures.
        close: whether to close them afterwards, which frees their memory.

    Returns uint8 of shape (3, H, W), or (N, 3, H, W) for a list. Raises ImportError without matplotlib, TypeError for
    what is no figure, ValueError for figures of several sizes, none at all, and ones that cannot be drawn.
    """
    return render("", figures, close)


def render(tag: str, figures: Any, close: bool = True) -> Array:
    """As `figure_to_image`, with errors that name the tag."""
    if not isinstance(figures, (list, tuple)):
        return _render(tag, figures, close)
    images = [_render(tag, figure, close) for figure in figures]
    shapes = sorted({image.shape for image in images})
    if len(shapes) != 1:
        sizes = ", ".join(f"{width} x {height}" for _, height, width in shapes[:3]) or "none"
        raise RefusedValueError(f"tag {shown(tag)}: got figures of the sizes {sizes}; accepted is figures of one size")
    return np.stack(images)


def _render(tag: str, figure: Any, close: bool) -> Array:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing_extra("matplotlib", "figure", "drawing a figure") from error
    if not isinstance(figure, Figure):
        raise type_error(tag, figure, "a matplotlib figure or a list of figures")
    canvas = FigureCanvasAgg(figure)
    try:
        canvas.draw()
        rgba = np.asarray(canvas.buffer_rgba())
    except Exception as error:  # too large, a formula with a mistake, whatever an artist of the user's raises
        raise RefusedValueError(f"tag {shown(tag)}: the figure cannot be drawn: {reason(error)}") from error
    pixels: Array = np.moveaxis(rgba[:, :, :3], 2, 0).copy()
    if close:
        _close(figure)
    return pixels


def _close(figure: Any) -> None:
    """Close a figure of pyplot; one made without pyplot needs no closing."""
    import sys

    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(figure)
