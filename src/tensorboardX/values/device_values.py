"""Values of users, some of which a device still computes: those are copied without waiting for it."""

from __future__ import annotations

import collections
import sys
from collections.abc import Callable, Sequence
from typing import Any, Union

from ..errors import reason
from ..notices import warn_once
from . import accelerators, jax_copies, torch_copies
from .arrays import NUMBERS, item, to_float
from .pending import PendingCopy, PendingNumber

Number = Union[float, PendingNumber]  # noqa: UP007 (evaluated at run time on Python 3.10)

_MOST_PINNED = 64 << 20  # bytes of an array that is copied without waiting: pinned memory is not returned to the system
_FEWEST_TOGETHER = {"torch": 2, "jax": 8}  # numbers to be copied together: JAX compiles a function for each count

_FLOATS = frozenset((float,))

_torch_tensor: Any = None
"""The class torch.Tensor, once it is known: looking it up takes as long as all else that is done for a loss."""


def to_number(value: Any, tag: str = "") -> Number:
    """As `to_float`; a number that a device still computes is returned as a pending copy of it.

    Raises at once what `to_float` raises for a wrong type or size.
    """
    if type(value) in NUMBERS:
        try:
            return float(value)
        except OverflowError:
            return to_float(value, tag)  # which raises the error
    if type(value) is _torch_tensor and value.is_cpu:
        number = item(value)
        return to_float(value, tag) if number is None else number
    framework = _framework(value)
    if framework is None:
        return to_float(value, tag)
    copy = _attempt(tag, value, _COPY_NUMBER[framework])
    return to_float(value, tag) if copy is None else PendingNumber(copy)


def to_numbers(values: Sequence[Any], tag_of: Callable[[int], str]) -> list[Number]:
    """As `to_number` for each value, with one copy of all the numbers of a device.

    Args:
        values: the values.
        tag_of: returns the tag of the value with an index, for errors.
    """
    numbers: list[Any] = list(values)
    if are_floats(numbers):
        return numbers
    groups: dict[Any, list[int]] = collections.defaultdict(list)
    for index, value in enumerate(values):
        if type(value) is float:
            continue
        framework = None if type(value) in NUMBERS else _framework(value)
        if framework is None:
            numbers[index] = to_float(value, tag_of(index))
        else:
            groups[framework, _group(framework, value)].append(index)
    for (framework, group), indices in groups.items():
        if group is not None and len(indices) >= _FEWEST_TOGETHER[framework]:
            together = _attempt(tag_of(indices[0]), [values[index] for index in indices], _COPY_NUMBERS[framework])
        else:
            together = None
        for position, index in enumerate(indices):
            single = together is None
            numbers[index] = to_number(values[index], tag_of(index)) if single else PendingNumber(together, position)
    return numbers


def are_floats(values: Sequence[Any]) -> bool:
    """Whether each value is a plain float, in no more time than one comparison for each of them takes."""
    return _FLOATS.issuperset(map(type, values))


def copy_array(value: Any, tag: str = "") -> PendingArray | None:
    """Queue the copy of an array that a device holds or computes; None where the value is to be read at once."""
    copy: PendingArray | None = None
    if accelerators.is_on_accelerator(value):
        if value.numel() * max(value.element_size(), 4) <= _MOST_PINNED:
            copy = _attempt(tag, value, torch_copies.copy_tensor)
    elif jax_copies.is_computing(value) and value.nbytes <= _MOST_PINNED:
        copy = _attempt(tag, value, jax_copies.copy_array)
    return copy


PendingArray = Union[torch_copies.TorchArray, jax_copies.JaxCopy]  # noqa: UP007 (as above)
"""Its `layout` has the shape and dtype of the array that `resolve` will return."""


def _framework(value: Any) -> str | None:
    """Return the framework of one real number that a device still computes, None for any other value."""
    if _torch_tensor is None and "torch" in sys.modules:
        _note_torch()
    if accelerators.is_on_accelerator(value):
        return "torch" if value.numel() == 1 and not value.is_complex() else None
    if jax_copies.is_computing(value):
        return "jax" if value.size == 1 and value.dtype.kind != "c" else None
    return None


def _note_torch() -> None:
    global _torch_tensor
    _torch_tensor = getattr(sys.modules["torch"], "Tensor", None)  # None while it is being imported


def _group(framework: str, value: Any) -> object:
    return value.device if framework == "torch" else jax_copies.group(value)


_COPY_NUMBER: dict[str, Callable[[Any], PendingCopy]] = {
    "torch": lambda value: torch_copies.copy_numbers([value]),
    "jax": jax_copies.copy_array,
}
_COPY_NUMBERS: dict[str, Callable[[Any], PendingCopy]] = {
    "torch": torch_copies.copy_numbers,
    "jax": jax_copies.copy_numbers,
}


def _attempt(tag: str, value: Any, copy: Callable[[Any], Any]) -> Any:
    """Return `copy(value)`; None, after a warning, where the device cannot do it: it has no memory left, say."""
    try:
        return copy(value)
    except Exception as error:  # of torch, RuntimeError and its kinds; of JAX, any
        warn_once(tag, f"the device is waited for, because copying without that failed: {reason(error)}")
        return None
