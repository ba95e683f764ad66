"""The measurements of one step of an optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import torch

from ..notices import warn_once
from ..summary.histogram import prepare_histogram
from ..summary.norms import Part, prepare_norms
from .backward import BackwardEnd
from .sharding import shares_of, summed
from .squares import home_of, local_part, norms_of, to_host

Encoded = tuple[str, "partial[bytes]"]
_Squares = list[Any]  # squared norms, float64: a tensor for each share


class Settings(NamedTuple):
    """What a watch writes, and of what: see `SummaryWriter.watch`. `bins` are those of histograms."""

    tag: str
    histograms: bool
    updates: bool
    scaler: Any
    bins: Any


class Measurement:
    """Measures from the first backward pass of a step to the end of the step.

    The norms of the gradients are taken at the end of each backward pass, because a loop clips gradients after the
    last one. Where a step takes several passes, those of the last one remain.

    Args:
        parameters: by name.
        optimizer: a torch.optim.Optimizer.
        settings: what to measure.
        guarded: calls a function; what it raises does not come out.
    """

    def __init__(
        self,
        parameters: Mapping[str, Any],
        optimizer: Any,
        settings: Settings,
        guarded: Callable[[Callable[[], None]], None],
    ) -> None:
        self._shares = shares_of(parameters)
        self._settings = settings
        self._gradients: _Squares | None = None
        self._without: set[str] = set()  # parameters that had no gradient
        self._before: list[list[Any] | None] = []  # weights, for each share
        self._histograms: dict[str, list[Encoded]] = {}  # of each kind
        self._backward = BackwardEnd(parameters.values(), lambda: guarded(self._after_backward))
        self._hook = optimizer.register_step_pre_hook(lambda of, *_: guarded(partial(self._before_step, of)))

    def remove(self) -> None:
        """Remove the hooks."""
        self._backward.remove()
        self._hook.remove()

    def finish(self) -> list[Encoded]:
        """After the step: return what encodes the measurements, each with its tag; nothing in a CUDA graph."""
        if self._gradients is None or _is_capturing():
            return []
        with torch.no_grad():
            weights = [list(share.parameters.values()) for share in self._shares]
            squares = {"gradient": self._gradients, "weight": _squares(weights)}
            self._note_histograms("weight", weights)
            if self._before:
                squares["update"] = self._updates(weights)
            norms = prepare_norms(self._settings.tag, *self._joined(squares))
        return [(self._settings.tag, norms), *(encoded for some in self._histograms.values() for encoded in some)]

    # ---- gradients

    def _after_backward(self) -> None:
        scaler = self._settings.scaler
        self._take_gradients(None if scaler is None else scaler.scale)

    def _before_step(self, optimizer: Any) -> None:
        if self._gradients is None:  # they were not computed while this was watching
            scale = getattr(optimizer, "grad_scale", None)  # what a fused optimizer divides them by itself
            self._take_gradients(None if scale is None else partial(torch.mul, scale))
        if self._settings.updates and not _is_capturing():
            self._copy_weights()

    def _take_gradients(self, scaled: Callable[[Any], Any] | None) -> None:
        """Measure the gradients as they are now.

        Args:
            scaled: multiplies a tensor by the scale of the loss, which is taken out of the gradients.
        """
        if _is_capturing():
            return
        with torch.no_grad():
            gradients = [[parameter.grad for parameter in share.parameters.values()] for share in self._shares]
            self._gradients = [_divided(norms_of(some), scaled).square() for some in gradients]
            self._note_histograms("gradient", gradients, scaled)
        each = ((name, parameter) for share in self._shares for name, parameter in share.parameters.items())
        self._without = {name for name, parameter in each if parameter.grad is None}

    # ---- updates

    def _copy_weights(self) -> None:
        try:
            self._before = [
                [local_part(weight).clone() for weight in share.parameters.values()] for share in self._shares
            ]
        except RuntimeError as error:  # torch's OutOfMemoryError is one
            self._before = [None] * len(self._shares)
            warn_once(self._settings.tag, f"no update is measured: copying the weights failed: {type(error).__name__}")

    def _updates(self, weights: list[list[Any]]) -> _Squares:
        """Return the squared norms of the updates, NaN where the weights could not be copied."""
        squares: _Squares = []
        updates: list[list[Any]] = []
        for before, after in zip(self._before, weights, strict=True):
            if before is None:  # of the same length, because other processes add theirs
                squares.append(norms_of(after).fill_(torch.nan))
                before = []
            else:
                torch._foreach_sub_(before, [local_part(weight) for weight in after])
                squares.append(norms_of(before).square())
            updates.append(before)
        self._before = []
        self._note_histograms("update", updates, torch.neg)  # what was subtracted above is new - old, negated
        return squares

    # ---- all together

    def _joined(self, squares: Mapping[str, _Squares]) -> tuple[list[Part], Any]:
        """Return where the squares of each kind and share are, and all of them, on their way to the host."""
        parts: list[Part] = []
        joined = []
        start = 0
        for index, share in enumerate(self._shares):
            joined.append(summed(torch.cat([some[index] for some in squares.values()]), share.groups))
            for kind in squares:
                left_out = self._without if kind == "gradient" else ()
                parts.append(Part(kind, [None if name in left_out else name for name in share.parameters], start))
                start += len(share.parameters)
        home = home_of(tensor.device for tensor in joined)
        return parts, to_host(torch.cat([tensor.to(home, non_blocking=True) for tensor in joined]))

    def _note_histograms(self, kind: str, tensors: list[list[Any]], scaled: Callable[[Any], Any] | None = None) -> None:
        """Begin to count all the numbers of a kind, where that is wanted; of a DTensor those of the local part."""
        if not self._settings.histograms:
            return
        found: list[Encoded] = []
        for share, some in zip(self._shares, tensors, strict=True):
            for name, tensor in zip(share.parameters, some, strict=False):
                if tensor is not None:
                    tag = f"{self._settings.tag}/{kind}s/{name}"
                    numbers = _divided(local_part(tensor), scaled)
                    found.append((tag, prepare_histogram(tag, numbers, self._settings.bins)))
        self._histograms[kind] = found


def _squares(tensors: list[list[Any]]) -> _Squares:
    return [norms_of(some).square() for some in tensors]


def _divided(tensor: Any, scaled: Callable[[Any], Any] | None) -> Any:
    """Return a tensor divided by what `scaled` multiplies by, which stays on the device."""
    return tensor if scaled is None else tensor / scaled(torch.ones((), device=tensor.device))


def _is_capturing() -> bool:
    """Whether a CUDA graph is being captured, which would repeat the kernels and not the logging."""
    return bool(torch.cuda.is_available() and torch.cuda.is_current_stream_capturing())
