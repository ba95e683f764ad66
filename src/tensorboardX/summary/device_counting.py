"""Counting the values of a torch tensor into bins on the accelerator that holds it.

The caller only queues kernels, and never waits for the device. They go onto the stream of its own work on the tensor:
what it does to the tensor afterwards on that stream, changing it in place included, comes after the counting. A few
kilobytes of counts and sums are copied back, and are awaited by a background thread.

So nothing here may synchronize: no `item`, no `nonzero`, no `bincount`, no index that is a mask, and no `where` or
`tensor` with a Python number, which copies that number to the device and waits. `torch.cuda.set_sync_debug_mode` finds
such calls.

A CPU is handled as a device too, for tests where there is no other: `is_countable` lets none of its tensors through.
"""

from __future__ import annotations

import math
import os
import sys
import time
from functools import lru_cache
from typing import Any

import numpy as np

from ..errors import DeviceError, reason
from ..notices import warn_once
from ..values.accelerators import host_memory, is_on_accelerator, keep_for_ever
from .counting import Float64Array, Tally

_BLOCK = 1 << 22  # values that are sorted at once: bounds what it takes of the device's memory, to about 150 MB
_MOMENTS = 5  # the least and the greatest value, the sum, that of the squares and the number: what a result begins with

_PAUSE, _LONGEST_PAUSE = 0.0005, 0.05  # seconds between two polls of a pending result
_QUERY_AFTER = 1.0  # seconds after which the device is asked whether it failed
_TIMEOUT = 120.0  # seconds after which waiting for the device fails


def is_countable(values: Any) -> bool:
    """Whether `values` is a torch tensor that `count_on_device` takes: with real numbers, on an accelerator.

    What it does not take goes through the host; see `is_on_accelerator`.
    """
    return is_on_accelerator(values) and not values.is_complex()


def count_on_device(
    tag: str, tensor: Any, edges: Float64Array | None, parts: Float64Array | None = None
) -> DeviceTally | None:
    """Queue the counting of a tensor, as `counting.tally` does it; return what will hold the result.

    Returns None, after a warning, where the device cannot do it: it has no memory left, or not all the operations.

    Args:
        tag: what the warning names.
        tensor: one that `is_countable`, of any shape.
        edges: float64, not decreasing, shape (K + 1,); see `counting.tally`.
        parts: where the inner edges divide the range from the least to the greatest value, each in (0, 1), shape
            (K - 1,); they are used where `edges` is None.
    """
    try:
        return DeviceTally(tensor, edges, parts)
    except RuntimeError as error:  # torch's OutOfMemoryError and NotImplementedError are of this kind
        message = f"the histogram is counted on the host, because counting failed on {tensor.device.type}"
        warn_once(tag, f"{message}: {type(error).__name__}")
        return None


class DeviceTally:
    """The pending result of counting on a device: a Tally that is being copied to the host."""

    is_on_device = True

    def __init__(self, tensor: Any, edges: Float64Array | None, parts: Float64Array | None) -> None:
        device = tensor.device
        self._device_module = getattr(sys.modules["torch"], device.type)
        self._stream = self._device_module.current_stream(device)
        if device.type != "cpu":  # the memory may belong to another stream, and be released before the counting is done
            tensor.record_stream(self._stream)
        self._edges, self._values = edges, tensor.numel()
        result = _counted(tensor.detach().resolve_neg().reshape(-1), edges, parts, self._stream)
        self._result = self._copied(result)
        self._process = os.getpid()

    def __del__(self) -> None:
        """Keep the memory for ever in a fork's child: freeing it there would call into CUDA, which ends the process."""
        if getattr(self, "_process", None) not in (None, os.getpid()):
            keep_for_ever(self._result, self._event)

    def _copied(self, result: Any) -> Float64Array:
        """Begin to copy a result that has no NaN to the host; return the memory it will come into, full of NaN."""
        buffer = _host_buffer(len(result), result.device)
        view: Float64Array = buffer.numpy()
        view[:] = np.nan
        buffer.copy_(result, non_blocking=True)
        self._event = self._device_module.Event()
        self._event.record(self._stream)
        return view

    @property
    def nbytes(self) -> int:
        """Bytes on the host."""
        return self._result.nbytes

    def resolve(self) -> tuple[Tally, Float64Array]:
        """Wait for the device; return the Tally and the edges of its bins. Raises DeviceError if the device failed."""
        try:
            self._wait()
        except RuntimeError as error:
            raise DeviceError(reason(error)) from error
        low, high, total, squares, size = self._result[:_MOMENTS].tolist()
        below = self._result[_MOMENTS:]
        edges = self._edges
        if edges is None:
            below, edges = np.split(below, 2)
        left_out = self._values - int(size)
        return Tally(below.astype(np.intp), int(size), low, high, total, squares, left_out=left_out), edges

    def _wait(self) -> None:
        """Wait until no NaN is left in the memory that the result comes into.

        Not for the event, as long as that can be avoided: a call about an event, from any thread, breaks a CUDA graph
        that another thread is capturing. But the capture begins when the device has done all before.
        """
        start, pause = time.monotonic(), _PAUSE
        while np.isnan(self._result).any():
            waited = time.monotonic() - start
            if waited > _QUERY_AFTER and self._is_done():
                return
            if waited > _TIMEOUT:
                raise RuntimeError(f"the device did not count a histogram within {_TIMEOUT:g} seconds")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _is_done(self) -> bool:
        with self._device_module.stream(self._stream):  # or this thread would begin to use the first device
            return bool(self._event.query())


def _counted(values: Any, edges: Float64Array | None, parts: Float64Array | None, stream: Any) -> Any:
    """Queue the work; return a float64 tensor: the moments, how many values lie below each edge, and new edges.

    The number of finite values, the last of the moments, is that of those below the first limit, which is infinity.

    Args:
        values: shape (N,), N > 0.
        edges, parts: see `count_on_device`.
    """
    torch = sys.modules["torch"]
    if edges is not None:
        with np.errstate(over="ignore"):
            beyond = np.nextafter(edges[-1:], np.inf)  # the values on the last edge belong to its bin
        limits = _uploaded(np.concatenate(([np.inf], edges[:-1], beyond)).tobytes(), values.device, stream)
        result = _tallied(values, limits)
    elif parts is not None:
        weights = _uploaded(np.concatenate((1 - parts, parts)).tobytes(), values.device, stream)
        dividing = _dividing_edges(values, *weights.split(len(parts)))
        infinity = dividing.new_full((1,), math.inf)
        result = torch.cat((_tallied(values, torch.cat((infinity, dividing[:-1], infinity))), dividing))
    else:
        raise TypeError("either edges or parts are needed")
    return result.nan_to_num(nan=math.inf, posinf=math.inf, neginf=-math.inf)  # sums that overflow may be NaN


def _tallied(values: Any, limits: Any) -> Any:
    """Return the extremes and sums of the finite values, and how many of all are less than each limit."""
    torch = sys.modules["torch"]
    rows = torch.stack([_block_tallied(block, limits) for block in values.split(_BLOCK)])
    low, high, sums = rows.split((1, 1, rows.shape[1] - 2), 1)
    return torch.cat((low.amin(0), high.amax(0), sums.sum(0)))


def _block_tallied(block: Any, limits: Any) -> Any:
    torch = sys.modules["torch"]
    # Sorting float32 takes half as long as float64, in which comparing with the limits is exact.
    ordered = _with_others_as(_as_floats(block), math.inf).sort().values.to(torch.float64)
    finite = _with_others_as(ordered, 0.0)
    moments = [ordered.amin(), _with_others_as(ordered, -math.inf).amax(), finite.sum(), (finite * finite).sum()]
    return torch.cat((torch.stack(moments), torch.searchsorted(ordered, limits)))


def _with_others_as(floats: Any, number: float) -> Any:
    """Return floats with `number` in place of NaN and infinity."""
    return floats.nan_to_num(nan=number, posinf=number, neginf=number)


def _as_floats(block: Any) -> Any:
    """Keep float32; smaller floats become float32, other dtypes float64. As for histograms of host arrays."""
    torch = sys.modules["torch"]
    small = block.is_floating_point() and block.element_size() <= 4
    return block.to(torch.float32 if small else torch.float64)


def _dividing_edges(values: Any, weights_of_low: Any, weights_of_high: Any) -> Any:
    """Return edges from the least to the greatest finite value, computed as on the host, to the last bit."""
    torch = sys.modules["torch"]
    blocks = values.split(_BLOCK)
    low = torch.stack([_with_others_as(_as_floats(block), math.inf).amin() for block in blocks]).amin()
    high = torch.stack([_with_others_as(_as_floats(block), -math.inf).amax() for block in blocks]).amax()
    low, high = low.to(torch.float64), high.to(torch.float64)
    inner = low * weights_of_low + high * weights_of_high
    inner = torch.minimum(torch.maximum(inner, low), high).cummax(0).values
    return torch.cat((low.reshape(1), inner, high.reshape(1)))


@lru_cache(maxsize=16)
def _uploaded(data: bytes, device: Any, stream: Any) -> Any:
    """Return float64 numbers as a tensor, which is copied to the device on this stream and used only there."""
    numbers = np.frombuffer(data)
    buffer = _host_buffer(len(numbers), device)
    buffer.numpy()[:] = numbers
    return buffer.to(device, non_blocking=True)


def _host_buffer(count: int, device: Any) -> Any:
    return host_memory(count, sys.modules["torch"].float64, device)
