"""Tensors of torch on an accelerator, which compute while the caller goes on."""

from __future__ import annotations

import sys
from typing import Any


def is_on_accelerator(value: Any) -> bool:
    """Whether `value` is a torch tensor on an accelerator whose elements can be read there, without the host.

    Others can go through the host: sparse, quantized and empty tensors, those that stand for others (a DTensor), and
    any while a CUDA graph is captured, where reading values is an error.
    """
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(value, torch.Tensor) or not is_accelerator(value.device):
        return False
    stands_for_itself = type(value).__torch_dispatch__ is torch.Tensor.__torch_dispatch__ and not value.is_nested
    is_plain = value.layout == torch.strided and not value.is_quantized
    return stands_for_itself and is_plain and value.numel() > 0 and not _is_capturing(value.device)


def is_accelerator(device: Any) -> bool:
    """Whether the device has streams, events and float64; "cuda" is ROCm too."""
    return device.type in ("cuda", "xpu")


def _is_capturing(device: Any) -> bool:
    return bool(device.type == "cuda" and sys.modules["torch"].cuda.is_current_stream_capturing())


def host_memory(shape: Any, dtype: Any, device: Any) -> Any:
    """Return a tensor in host memory from and to which `device` copies asynchronously: it is pinned."""
    return sys.modules["torch"].empty(shape, dtype=dtype, device="cpu", pin_memory=device.type != "cpu")


def keep_for_ever(*objects: object) -> None:
    """Keep memory that a device writes to in a fork's child: freeing it would call the device, which ends the child."""
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(objects))
