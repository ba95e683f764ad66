"""Norms of many tensors at once, computed where the tensors are. No caller waits for a device."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch

from ..summary.device_counting import DeviceTally
from ..values.arrays import Array

_SMALL = (torch.float16, torch.bfloat16)  # whose norms are taken in float32
_NAN = -1.0  # stands for NaN in squares, so that NaN can stand for what has not come from the device


def norms_of(tensors: Sequence[Any]) -> Any:
    """Return the L2 norm of each tensor, float64, shape (N,), on a device that holds some of them.

    Args:
        tensors: of any shapes, dtypes and devices, at least one. None counts as zero. Of a DTensor it is the norm of
            the local part.
    """
    plain = [None if tensor is None else _plain(tensor) for tensor in tensors]
    groups: dict[tuple[Any, Any], list[int]] = {}
    for index, tensor in enumerate(plain):
        if tensor is not None:
            groups.setdefault((tensor.device, tensor.dtype), []).append(index)
    home = home_of(device for device, _ in groups)
    norms: list[Any] = [None] * len(plain)
    for (_, dtype), indices in groups.items():
        for index, norm in zip(indices, _norms([plain[index] for index in indices], dtype), strict=True):
            norms[index] = norm if norm.device == home else norm.to(home, non_blocking=True)
    zero = torch.zeros((), device=home)
    stacked = torch.stack([zero if norm is None else norm for norm in norms])
    return stacked.to(torch.float32 if home.type == "mps" else torch.float64)


def home_of(devices: Iterable[Any]) -> Any:
    """Return the device to which results of several are brought: an accelerator, so that none is waited for."""
    return max(devices, key=lambda device: bool(device.type != "cpu"), default=torch.device("cpu"))


def _plain(tensor: Any) -> Any:
    """Return a dense tensor of real numbers with the same norm, on this process alone."""
    tensor = local_part(tensor)
    if tensor.layout != torch.strided:  # the gradient of an embedding
        tensor = tensor.coalesce().values()
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def local_part(tensor: Any) -> Any:
    """Return the part of a DTensor that this process holds, and any other tensor as it is, without its history."""
    return (tensor.to_local() if hasattr(tensor, "to_local") else tensor).detach()


def _norms(tensors: list[Any], dtype: Any) -> Sequence[Any]:
    if dtype not in _SMALL:
        return torch._foreach_norm(tensors)  # type: ignore[no-any-return]
    try:
        return torch._foreach_norm(tensors, 2, dtype=torch.float32)  # type: ignore[no-any-return]
    except TypeError:  # torch before 2.4
        return torch._foreach_norm([tensor.float() for tensor in tensors])  # type: ignore[no-any-return]


class SquaresOnDevice(DeviceTally):
    """Squared norms that are being copied to the host."""

    def __init__(self, squares: Any) -> None:  # does not call that of the base, which counts
        self._device_module = getattr(torch, squares.device.type)
        self._stream = self._device_module.current_stream(squares.device)
        self._result = self._copied(squares.to(torch.float64).nan_to_num(nan=_NAN, posinf=np.inf))
        self._process = os.getpid()

    def resolve(self) -> Array:  # type: ignore[override]
        """Wait for the device; return the squares, -1 for NaN. Raises RuntimeError if the device failed."""
        self._wait()
        return self._result


class SquaresOnHost:
    """Squared norms on the host, or on a device without streams, for which the caller waits."""

    is_on_device = False

    def __init__(self, squares: Any) -> None:
        self._result: Array = squares.to("cpu", torch.float64).nan_to_num(nan=_NAN, posinf=np.inf).numpy()
        self.nbytes = self._result.nbytes

    def resolve(self) -> Array:
        """Return the squares, -1 for NaN."""
        return self._result


def to_host(squares: Any) -> SquaresOnDevice | SquaresOnHost:
    """Begin to copy squared norms to the host."""
    has_streams = squares.device.type in ("cuda", "xpu")
    return SquaresOnDevice(squares) if has_streams else SquaresOnHost(squares)
