"""Helpers for images, under the original's names."""

from .figures import figure_to_image
from .summary.layout import convert_to_HWC, convert_to_NTCHW, make_grid

__all__ = ["convert_to_HWC", "convert_to_NTCHW", "figure_to_image", "make_grid"]
