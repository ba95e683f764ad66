"""Arrays of any framework, under the original's names."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from .arrays import Array, to_numpy

__all__ = ["check_nan", "make_np", "prepare_chainer", "prepare_mxnet", "prepare_pytorch", "prepare_theano"]

logger = logging.getLogger(__name__)


def check_nan(array: Array) -> Array:
    """Return `array`; log a warning if it holds NaN or infinity."""
    if not np.isfinite(array).all():
        logger.warning("NaN or infinity in an array")
    return array


def make_np(x: Any) -> Array:
    """Return a number, list, array or tensor as an array. Raises TypeError for anything else."""
    return check_nan(to_numpy(x))


prepare_pytorch = prepare_mxnet = prepare_chainer = prepare_theano = to_numpy
