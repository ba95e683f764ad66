"""The method of SummaryWriter that logs a nested dict of values of any kind."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..summary.histogram import prepare_histogram
from ..summary.image import prepare_image
from ..summary.text import prepare_text
from .media import MediaMethods
from .numbers import NumberMethods


class NestedMethods(NumberMethods, MediaMethods):
    """See `SummaryWriter`."""

    def log(self, values: Mapping[Any, Any], global_step: Any = None, walltime: Any = None) -> None:
        """Log what a step produced, given as a nested dict: each value by its type.

            writer.log({"train": {"loss": loss, "lr": 0.1}, "samples": {"text": answer, "image": picture}}, step)

        The keys that lead to a value are joined by slashes to its tag: `train/loss`. Nothing is written if one value
        is refused; the error names its tag. The scalars share one Event, as those of `add_scalars_at_step`.

        Args:
            values: a dict. Its keys are strings or integers, and its values

                - numbers, and arrays, tensors and lists of one element: scalars;
                - larger (and empty) arrays, tensors and lists of numbers: histograms;
                - strings: texts;
                - matplotlib figures, which are closed as by `add_figure`, and PIL images: images; a list of them is
                  a grid;
                - DataFrames: tables, as by `add_table`;
                - None: left out;
                - dicts and named tuples of these.
        """
        from ..summary.nested import call_of, items_of

        step, seconds = self._step_and_walltime("", global_step, walltime)
        items = items_of(values)
        scalars = {tag: value for tag, kind, value in items if kind == "scalar"}
        others = [item for item in items if item[1] != "scalar"] if len(scalars) < len(items) else []
        pending = [(item[0], self._prepared(item[0], *call_of(item))) for item in others]
        if scalars:
            self.add_scalars_at_step(scalars, step, seconds)  # checks all of them before it writes
        for tag, encode in pending:
            self._add_deferred(tag, encode, step, seconds)

    def _prepared(self, tag: str, method: str, arguments: dict[str, Any]) -> partial[bytes]:
        """Check and copy what `method` logs, which is no scalar; return what encodes it.

        Raises TypeError or ValueError that names the tag.
        """
        if method == "add_histogram":
            return prepare_histogram(tag, arguments["values"], self._bins("tensorflow"))
        if method == "add_text":
            return prepare_text(tag, arguments["text_string"])
        if method == "add_table":
            from ..summary.table import prepare_table

            return prepare_table(tag, arguments["rows"])
        return prepare_image(tag, arguments["img_tensor"], 1, arguments["dataformats"], self._image_format)
