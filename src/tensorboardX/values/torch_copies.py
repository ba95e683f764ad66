"""Copies of torch tensors from an accelerator to the host, queued on the stream of the caller's work.

What the caller does to the tensor afterwards on that stream, changing it in place included, comes after the copy.
Nothing here may synchronize; see `summary/device_counting.py`.

A copy is seen to be whole without asking the device, because a call about an event, from any thread, breaks a CUDA
graph that another thread is capturing. The memory for numbers is filled with a pattern that no computation makes, and
is looked at until the pattern is gone. A value that has the pattern by chance only arrives later: after a second the
device is asked. An array is followed by one such number, on the same stream.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from .accelerators import host_memory
from .arrays import Array
from .pending import PendingCopy
from .pinned import device_module, marker, pool


class TorchNumbers(PendingCopy):
    """The copy of numbers.

    Args:
        numbers: a tensor of float32 or float64 on an accelerator, shape (N,), without gradient.
        stream: the current one.
    """

    def __init__(self, numbers: Any, stream: Any) -> None:
        super().__init__(str(numbers.device), 8 * len(numbers))
        self._size = len(numbers)
        self._stream = stream
        self._device_module = device_module(numbers.device)
        self._pool = pool(self._size, numbers.dtype, numbers.device)
        self._buffer = buffer = self._pool.take()
        self._lent = [buffer]
        buffer.bits[: self._size] = buffer.pattern
        memory = buffer.memory if len(buffer.bits) == self._size else buffer.memory[: self._size]
        memory.copy_(numbers, non_blocking=True)
        buffer.event.record(stream)

    def _has_arrived(self) -> bool:
        buffer = self._buffer
        return bool((buffer.bits[: self._size] != buffer.pattern).all())

    def _is_complete(self) -> bool:
        with self._device_module.stream(self._stream):  # or this thread would use the first device
            return bool(self._buffer.event.query())

    def _take(self) -> Array:
        numbers: Array = self._buffer.numbers[: self._size].copy()
        return numbers

    def _release(self) -> None:
        while self._lent:
            self._pool.give_back(self._lent.pop())

    def _held(self) -> object:
        return self._buffer


class TorchArray(PendingCopy):
    """The copy of a whole tensor.

    Args:
        tensor: dense, on an accelerator, of a dtype that NumPy has, without gradient.
        stream: the current one.
    """

    def __init__(self, tensor: Any, stream: Any) -> None:
        super().__init__(str(tensor.device), tensor.nbytes)
        memory = host_memory(tensor.shape, tensor.dtype, tensor.device)
        self.layout: Array = memory.numpy()
        memory.copy_(tensor, non_blocking=True)
        self._end = TorchNumbers(marker(tensor.device, stream), stream)

    def _has_arrived(self) -> bool:
        return self._end._has_arrived()

    def _is_complete(self) -> bool:
        return self._end._is_complete()

    def _take(self) -> Array:
        self._end._release()
        return self.layout

    def _release(self) -> None:
        """Nothing: the memory is the array itself."""

    def _held(self) -> object:
        return self.layout


def copy_numbers(tensors: Sequence[Any]) -> TorchNumbers:
    """Queue one copy of tensors of one accelerator, each of one real number. Raises RuntimeError if it cannot."""
    device = tensors[0].device
    stream = device_module(device).current_stream(device)
    numbers = flat_numbers(tensors)
    _note_use(tensors, stream)
    return TorchNumbers(numbers, stream)


def copy_tensor(tensor: Any) -> TorchArray:
    """Queue the copy of a tensor on an accelerator, of any shape. Raises RuntimeError if it cannot."""
    stream = device_module(tensor.device).current_stream(tensor.device)
    plain = plain_tensor(tensor)
    _note_use([tensor], stream)
    return TorchArray(plain, stream)


def flat_numbers(tensors: Sequence[Any]) -> Any:
    """Return the numbers of tensors as one tensor on the device, shape (N,), of float32 or float64."""
    torch = sys.modules["torch"]
    if len(tensors) == 1:
        numbers = tensors[0].detach().resolve_neg().reshape(1)
    else:
        with torch.no_grad():
            single = [tensor.reshape(()) for tensor in tensors]
            same = len({tensor.dtype for tensor in tensors}) == 1
            numbers = torch.stack(single if same else [tensor.to(torch.float64) for tensor in single])
    return numbers if numbers.dtype in (torch.float32, torch.float64) else numbers.to(torch.float64)


def plain_tensor(tensor: Any) -> Any:
    """Return a tensor on its device as one in row-major order, of a dtype that NumPy has, with the same values."""
    torch = sys.modules["torch"]
    tensor = tensor.detach()
    if tensor.dtype == torch.complex32:
        tensor = tensor.to(torch.complex64)
    elif tensor.is_floating_point() and tensor.dtype not in (torch.float64, torch.float32, torch.float16):
        tensor = tensor.to(torch.float32)  # bfloat16 and float8, as `to_numpy` does
    return tensor.resolve_conj().resolve_neg().contiguous()


def _note_use(tensors: Sequence[Any], stream: Any) -> None:
    """Keep memory that belongs to another stream from being used again before the copy is made."""
    for tensor in tensors:
        if tensor.device.type != "cpu":
            tensor.record_stream(stream)
