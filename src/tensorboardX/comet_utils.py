"""Comet's logger, under the original's name."""

from importlib.util import find_spec

from .comet.logger import CometLogger

__all__ = ["CometLogger", "comet_installed"]

comet_installed = find_spec("comet_ml") is not None
