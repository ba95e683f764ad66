"""Comet's logger, under the original's name."""

from importlib.util import find_spec

from .comet.logger import CometLogger
from .notices import logger

__all__ = ["CometLogger", "comet_installed", "logger"]

comet_installed = find_spec("comet_ml") is not None
