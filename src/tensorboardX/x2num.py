"""Arrays of any framework, under the original's names."""

from .notices import logger
from .values.arrays import check_nan, make_np
from .values.arrays import prepare as prepare_chainer
from .values.arrays import prepare as prepare_mxnet
from .values.arrays import prepare as prepare_pytorch
from .values.arrays import prepare as prepare_theano

__all__ = ["check_nan", "logger", "make_np", "prepare_chainer", "prepare_mxnet", "prepare_pytorch", "prepare_theano"]
