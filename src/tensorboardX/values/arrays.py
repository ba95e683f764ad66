"""Any framework's array as a NumPy array, without importing the framework.

A value can only be, say, a torch tensor if the user has imported torch; so each framework is looked up in
`sys.modules` and never imported. What has no branch of its own goes through `asnumpy`, through the `array` or `data`
that it has beside a `device`, or through `__array__`, the buffer protocol or DLPack (https://dmlc.github.io/dlpack/).
"""

from __future__ import annotations

import math
import numbers
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import (
    InvalidTypeError,
    InvalidValueError,
    RefusedTypeError,
    RefusedValueError,
    describe,
    reason,
    shown,
    type_error,
    value_error,
)
from ..notices import log_safely, logger
from .copies import copy_buffers

Array = npt.NDArray[Any]

NUMBERS = frozenset(
    (float, int, bool, np.float16, np.float32, np.float64, np.int32, np.int64)
)  # the most frequent types

ACCEPTED = "a number, a list, a NumPy array or a tensor (torch, JAX, TensorFlow, Paddle, CuPy, MLX, Chainer, MXNet)"


def to_numpy(value: Any, tag: str = "") -> Array:
    """Return `value` as an array of a bool, integer, float or complex dtype; shares memory where it can.

    bfloat16 and float8 values come as float32, and torch.complex32 as complex64, which hold each of them exactly.

    Raises TypeError for anything that is not numeric, and for tensors that have no plain elements to read
    (sparse, meta).
    """
    try:
        array = _convert(value, tag)
    except (InvalidTypeError, InvalidValueError):
        raise
    except Exception as error:
        why = f"{describe(value)} cannot be read as an array: {reason(error)}"
        raise RefusedTypeError(f"tag {shown(tag)}: {why}") from error
    if array.dtype.kind in "biufc" and array.dtype.isbuiltin != 2:  # 2 is what another package registered
        return array
    if array.dtype == object and all(isinstance(item, numbers.Number) for item in array.flat):
        return np.array([to_float(item, tag) for item in array.flat]).reshape(array.shape)
    if array.dtype.name.startswith(("bfloat16", "float8", "float4", "float6", "int4", "uint4", "int2", "uint2")):
        return array.astype(np.float32)  # dtypes of the package ml_dtypes, which JAX and TensorFlow use
    raise type_error(tag, value, f"{ACCEPTED} with numeric elements")


def check_nan(array: Array) -> Array:
    """Return `array`; log a warning if it holds NaN or infinity."""
    if not np.isfinite(array).all():
        log_safely(logger.warning, "NaN or infinity in an array")
    return array


def make_np(x: Any) -> Array:
    """Return a number, list, array or tensor as an array. Raises TypeError for anything else."""
    return check_nan(to_numpy(x))


def prepare(x: Any) -> Array:
    """Return a tensor of a framework as an array. Raises TypeError for what is not numeric."""
    return to_numpy(x)


def to_owned(value: Any, tag: str = "") -> Array:
    """As `to_numpy`, in memory of its own: the caller may change `value` afterwards."""
    return owned(to_numpy(value, tag), value)


def owned(array: Array, value: Any) -> Array:
    """Return what `to_numpy(value)` returned in memory of its own, which is no copy where it was made from a list."""
    fresh = array is not value and array.flags.owndata
    return array if fresh else copy_buffers.copy(array)


def to_float(value: Any, tag: str = "") -> float:
    """Return the one number that `value` holds: a number, or an array or tensor of one element.

    Raises TypeError for what is not numeric, ValueError for more or fewer than one element, complex numbers
    and integers beyond the range of a float.
    """
    if type(value) is float:
        return value
    try:
        if type(value) in NUMBERS:
            return float(value)
        return _one_element(value, tag)
    except OverflowError as error:
        raise value_error(tag, value, "a number within the range of a float") from error
    except (InvalidTypeError, InvalidValueError):
        raise
    except Exception as error:  # a symbol, a signaling NaN, whatever `__float__` of a user's class raises
        raise type_error(tag, value, ACCEPTED) from error


def _one_element(value: Any, tag: str) -> float:
    loss = _loss(value)
    if loss is not None:
        return loss
    if isinstance(value, (int, float, np.floating, np.integer)):
        return float(value)
    if not hasattr(value, "shape") and hasattr(type(value), "__float__"):
        return float(value)  # Decimal, Fraction and other numbers that are no arrays
    array = to_numpy(value, tag)
    if array.size != 1 or array.dtype.kind == "c":
        raise value_error(tag, value if hasattr(value, "shape") else array, "one real number")
    return float(array.item())


def _loss(value: Any) -> float | None:
    """Return the number of a torch tensor such as a loss, by a path several times faster than that of arrays."""
    torch = sys.modules.get("torch")
    return item(value) if torch is not None and type(value) is torch.Tensor else None


def item(tensor: Any) -> float | None:
    """Return the float that a torch tensor holds; None where it holds none, and where reading it fails."""
    try:
        number = tensor.item()
    except (RuntimeError, NotImplementedError):  # the path of arrays raises an error with the reason
        return None
    return number if type(number) is float else None


def to_step(step: Any) -> int | None:
    """Return a global step as an int64, or None where none was given.

    Accepted are integers, whole and fractional floats (cut towards zero, as the original does), and NumPy
    scalars and tensors of one element. Raises TypeError or ValueError for anything else.
    """
    if step is None or (type(step) is int and -(2**63) <= step < 2**63):
        return step
    try:
        number = _plain_number(step)
        if not isinstance(number, numbers.Number):  # a tensor, text
            number = int(number)
        # Compared first: `int` of Decimal("1e999999") takes half a minute.
        whole = int(number) if -(2**63) <= number < 2**63 else None
    except Exception as error:
        raise InvalidTypeError(f"global_step: got {describe(step)}; accepted is an integer") from error
    if whole is None:
        raise InvalidValueError(f"global_step: got {describe(step)}; accepted is a signed 64-bit integer")
    return whole


def to_walltime(walltime: Any) -> float:
    """Return a wall time in seconds since the epoch. Raises ValueError unless it is finite.

    TensorBoard's data server stops reading a file at the first NaN and drops infinite times.
    """
    if type(walltime) is float and math.isfinite(walltime):
        return walltime
    try:
        seconds = float(_plain_number(walltime))
    except OverflowError as error:
        raise InvalidValueError("walltime: got an integer beyond floats; accepted is a float") from error
    except Exception as error:
        raise InvalidTypeError(f"walltime: got {describe(walltime)}; accepted is seconds since the epoch") from error
    if not math.isfinite(seconds):
        raise InvalidValueError(f"walltime: got {seconds}; accepted is a finite number of seconds since the epoch")
    return seconds


def _plain_number(value: Any) -> Any:
    """Return the one element of an array as it is, for `int` and `float`, and anything else unchanged.

    Raises TypeError for complex numbers and dates, of which NumPy would keep the real part or a count of ticks.
    """
    if not isinstance(value, (np.ndarray, np.generic)):
        return value
    if value.dtype.kind in "cMm":
        raise TypeError(f"{value.dtype} is no real number")
    return value.item() if value.size == 1 else value


def _convert(value: Any, tag: str) -> Array:
    if isinstance(value, np.ndarray):
        return np.asarray(value)  # a subclass such as matrix has rules of its own
    if isinstance(value, (list, tuple)):
        return _from_sequence(value, tag)
    if isinstance(value, (str, bytes, dict, set, type(None))):
        raise type_error(tag, value, ACCEPTED)
    convert = _FRAMEWORKS.get(type(value).__module__.partition(".")[0])
    if convert is not None:
        return convert(value, tag)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):  # a user's subclass of Tensor or Parameter
        return _from_torch(value, tag)
    return _from_protocol(value, tag)


def _from_sequence(values: list[Any] | tuple[Any, ...], tag: str) -> Array:
    if all(isinstance(item, (bool, int, float, complex, np.generic)) for item in values):
        array = np.array(values)
        return array if array.dtype != object else np.array(values, dtype=np.float64)
    parts = [_convert(item, tag) for item in values]
    if len({part.shape for part in parts}) > 1:
        shapes = sorted({part.shape for part in parts})
        found = ", ".join(map(str, shapes[:3])) + (", ..." if len(shapes) > 3 else "")
        accepted = "accepted is items of one shape"
        raise RefusedValueError(f"tag {shown(tag)}: got a list of items of shapes {found}; {accepted}")
    return np.stack(parts)


def _from_torch(tensor: Any, tag: str) -> Array:
    torch = sys.modules["torch"]
    if tensor.is_meta:
        raise type_error(tag, tensor, "a tensor with data; this one is on the meta device and has none")
    if tensor.layout != torch.strided:
        raise type_error(tag, tensor, f"a dense tensor; this one is {tensor.layout}: call .to_dense() first")
    tensor = tensor.detach()
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    tensor = tensor.cpu().resolve_conj().resolve_neg()
    try:
        array: Array = tensor.numpy()
    except TypeError:  # NumPy has no bfloat16, no float8 and no complex numbers of half floats
        array = (tensor.to(torch.complex64) if tensor.is_complex() else tensor.float()).numpy()
    return array


def _from_cupy(array: Any, tag: str) -> Array:
    host: Array = array.get()
    return host


def _from_mlx(array: Any, tag: str) -> Array:
    mlx = sys.modules["mlx.core"]
    return np.array(array.astype(mlx.float32) if array.dtype == mlx.bfloat16 else array)


def _from_paddle(tensor: Any, tag: str) -> Array:
    paddle = sys.modules["paddle"]
    plain: Array = (tensor.astype("float32") if tensor.dtype == paddle.bfloat16 else tensor).numpy()
    return plain


def _from_protocol(value: Any, tag: str) -> Array:
    inner = _inner_array(value)
    array: Array = np.asarray(value) if inner is None else _convert(inner, tag)
    array = array.view()  # it may be memory of `value`: a view marks it as not owned
    if array.dtype == object and hasattr(value, "__dlpack__"):
        array = np.from_dlpack(value)
    if array.dtype == object and hasattr(type(value), "__float__"):
        array = np.asarray(float(value))
    return array


def _inner_array(value: Any) -> Any:
    """Return the array in a value from which NumPy cannot get it, or None."""
    if hasattr(value, "asnumpy"):  # MXNet, MindSpore
        return value.asnumpy()
    if hasattr(value, "__array__") or not hasattr(value, "device"):
        return None
    inner = getattr(value, "array", getattr(value, "data", None))  # Chainer's, which may be on a GPU
    return None if type(inner) is type(value) else inner


_FRAMEWORKS = {"torch": _from_torch, "cupy": _from_cupy, "mlx": _from_mlx, "paddle": _from_paddle}
