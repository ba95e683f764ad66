"""Watches that write through a SummaryWriter. Imported with a model at hand: torch is there."""

from __future__ import annotations

from typing import Any

from ..summary.tags import clean_tag
from ..watch.backward import BackwardEnd
from ..watch.handle import Watch
from ..watch.measurement import Measurement, Settings
from .compiler import keep_from_compiler, register_with_compiler
from .run import RunWriter

for _class in (Watch, Measurement, BackwardEnd):  # their hooks run as they are in a compiled step
    keep_from_compiler(_class)


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
    register_with_compiler()
    settings = Settings(clean_tag(tag), histograms, updates, scaler, writer._default_histogram)

    def write(tag: str, encode: Any, step: int) -> None:
        writer._add_deferred(tag, encode, step, None)

    return Watch(write, model, optimizer, every, step, settings, is_needed=writer._write_to_disk)
