"""Watches that write through a SummaryWriter."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..errors import InvalidTypeError, describe, outdated_extra
from ..summary.tags import clean_tag
from .compiler import keep_from_compiler, register_with_compiler
from .run import RunWriter

if TYPE_CHECKING:
    from ..watch.handle import Watch

_OLDEST = "2.1"  # the first torch with hooks that run after a gradient is accumulated


def start(
    writer: RunWriter,
    model: Any,
    optimizer: Any,
    every: int,
    tag: str,
    histograms: bool,
    updates: bool,
    scaler: Any,
    step: int,
) -> Watch:
    """Watch a model. See `SummaryWriter.watch` for the arguments."""
    _check_torch(model)
    from ..watch.backward import BackwardEnd
    from ..watch.handle import Watch
    from ..watch.measurement import Measurement, Settings

    for watching in (Watch, Measurement, BackwardEnd):  # their hooks run as they are in a compiled step
        keep_from_compiler(watching)
    register_with_compiler()
    settings = Settings(clean_tag(tag), histograms, updates, scaler, writer._default_histogram)

    def write(tag: str, encode: Any, step: int) -> None:
        writer._add_deferred(tag, encode, step, None)

    return Watch(write, model, optimizer, every, step, settings, is_needed=writer._write_to_disk)


def _check_torch(model: Any) -> None:
    """Raise TypeError where nobody has imported torch, and so made a model; ImportError for one that is too old."""
    torch: Any = sys.modules.get("torch")
    if torch is None:
        raise InvalidTypeError(f"model: got {describe(model)}; accepted is a torch.nn.Module")
    if not hasattr(torch.Tensor, "register_post_accumulate_grad_hook"):
        raise outdated_extra("torch", torch.__version__, _OLDEST, "torch", "watching a model")
