"""Values that a device still computes: the caller queues a copy and goes on, a background thread waits for it."""

from __future__ import annotations

import abc
import os
import threading
import time

from ..errors import DeviceError, reason
from .accelerators import keep_for_ever
from .arrays import Array

_PAUSE, _LONGEST_PAUSE = 0.0002, 0.02  # seconds between two polls of a pending copy
_ASK_AFTER = 1.0  # seconds after which the device is asked whether it failed
_TIMEOUT = 600.0  # seconds after which a device that does not answer is given up

_failed: set[str] = set()
"""Devices that have failed, and do not recover: what else they owe is asked for at once."""


class PendingCopy(abc.ABC):
    """A copy to the host that a device makes when it has done what was queued before.

    Args:
        device: its name, for error messages.
        nbytes: how much memory of the host it takes.
    """

    is_on_device = True

    def __init__(self, device: str, nbytes: int) -> None:
        self.nbytes = nbytes
        self._device = device
        self._begun = time.monotonic()
        self._process = os.getpid()
        self._lock = threading.RLock()  # two threads may wait for one copy
        self._array: Array | None = None

    def __del__(self) -> None:
        """Keep the memory for ever in a fork's child: the device writes to that of the parent."""
        if getattr(self, "_process", None) not in (None, os.getpid()):
            keep_for_ever(self._held())

    @property
    def is_done(self) -> bool:
        """Whether `resolve` need not wait."""
        return self._array is not None or (self._process == os.getpid() and self._has_arrived())

    def resolve(self) -> Array:
        """Wait for the device; return the array. Raises DeviceError if the device failed."""
        if self._array is not None:
            return self._array
        if self._process != os.getpid():
            raise DeviceError("the value belongs to the process from which this one was forked")
        with self._lock:
            if self._array is None:
                try:
                    self._wait()
                    array = self._take() if self._array is None else self._array
                except DeviceError:
                    raise
                except Exception as error:
                    _failed.add(self._device)
                    raise DeviceError(f"{self._device} failed: {reason(error)}") from error
                if self._array is None:  # a signal handler may have resolved it meanwhile
                    self._array = array
                    self._release()
            return self._array

    def _wait(self) -> None:
        pause = _PAUSE
        while self._array is None and not self._has_arrived():
            waited = time.monotonic() - self._begun
            if (waited > _ASK_AFTER or self._device in _failed) and self._is_complete():
                return
            if waited > _TIMEOUT:
                raise DeviceError(f"{self._device} did not answer within {_TIMEOUT:g} seconds")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    @abc.abstractmethod
    def _has_arrived(self) -> bool:
        """Return whether the copy is seen to be whole, without a call of the device."""

    @abc.abstractmethod
    def _is_complete(self) -> bool:
        """Ask the device whether the copy is whole. Raises what the framework raises where the device failed."""

    @abc.abstractmethod
    def _take(self) -> Array:
        """Return the copy, which is whole, in memory that `_release` leaves alone."""

    @abc.abstractmethod
    def _release(self) -> None:
        """Release what the copy took, once `_take` was called."""

    @abc.abstractmethod
    def _held(self) -> object:
        """Return what the device may write to."""


class PendingNumber:
    """One of the real numbers in a pending copy.

    Args:
        copy: holds numbers, shape (N,).
        index: of the number.
    """

    is_on_device = True
    nbytes = 512

    def __init__(self, copy: PendingCopy, index: int = 0) -> None:
        self._copy = copy
        self._index = index

    @property
    def is_done(self) -> bool:
        """Whether `resolve` need not wait."""
        return self._copy.is_done

    def resolve(self) -> float:
        """Wait for the device; return the number. Raises DeviceError if the device failed."""
        return float(self._copy.resolve().reshape(-1)[self._index].item())
