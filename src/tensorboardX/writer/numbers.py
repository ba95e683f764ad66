"""The methods of SummaryWriter that log numbers, and what is computed from many of them.

Those that few programs call import their encoders themselves.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from time import time
from typing import Any

from ..background.queue import EventQueue
from ..errors import type_error
from ..summary.histogram import histogram_raw, prepare_histogram
from ..summary.metadata import checked_labels
from ..summary.scalar import scalar
from ..summary.size import check_texts
from ..summary.tags import check_tag, check_tags, clean_tag
from ..values.device_values import to_number, to_numbers
from ..values.pending import PendingNumber
from .pending_numbers import add_group, add_number, add_summary_of
from .run import RunWriter

_NO_TEXT = ""
_MANY_TAGS = 100_000  # fewer fit into an Event, however long they are
_MOST_CHART_QUEUES = 10_000  # that are remembered


class NumberMethods(RunWriter):
    """See `SummaryWriter`."""

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: Any = None,
        walltime: Any = None,
        display_name: str = _NO_TEXT,
        summary_description: str = _NO_TEXT,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """Log a number, as float32.

        Args:
            scalar_value: a number, or an array or tensor of one element. NaN and infinity are kept. A tensor on a GPU
                and a JAX array that is still being computed are not waited for.
            display_name: what TensorBoard shows instead of the tag.
            summary_description: Markdown shown beside the chart.
            new_style: store a tensor, as TensorFlow 2 does, instead of a `simple_value`.
            double_precision: store float64, which implies `new_style`; TensorBoard shows it with
                `--load_fast=false` only.
        """
        queue = self._fast_queue
        if type(scalar_value) is float:
            value: Any = scalar_value
        else:
            value = to_number(scalar_value, tag)
            if type(value) is not float:  # a device still computes it
                named = (display_name, summary_description, new_style, double_precision)
                self._add_pending_scalar(tag, value, global_step, walltime, *named)
                return
        if (
            type(global_step) is int
            and type(tag) is str
            and queue is not None
            and walltime is None
            and not global_step >> 63  # negative steps and those of more bits are looked at below
            and display_name is _NO_TEXT
            and summary_description is _NO_TEXT
            and new_style is False
            and double_precision is False
        ):
            entry = (tag, value, global_step, time())
            entries = queue.entries
            entries.append(entry)
            if len(entries) > queue.limit:  # read after the append: see EventQueue
                queue.enforce_limit(entry)
            return
        named = (display_name, summary_description, new_style, double_precision)
        self._add_checked_scalar(tag, value, global_step, walltime, *named)

    def _add_checked_scalar(
        self, tag: str, value: float, step: Any, walltime: Any, name: str, text: str, new_style: bool, double: bool
    ) -> None:
        """Log a number whose tag, step, time or labels have to be checked, or that is not a plain scalar."""
        queue = self._fast_queue  # once: another thread may close the writer
        tag = clean_tag(tag)
        name, text = checked_labels(tag, name, text)
        if new_style or double:
            from ..summary.tensor import scalar_tensor

            encode = partial(scalar_tensor, tag, value, double, name, text)
            self._add_deferred(tag, encode, step, walltime, is_scalar=True)
        elif name or text:
            self._add_deferred(tag, partial(scalar, tag, value, name, text), step, walltime, is_scalar=True)
        elif queue is not None:
            queue.put((tag, value, *self._step_and_walltime(tag, step, walltime)))
        else:
            self._get_file_writer().add_scalar(tag, value, *self._step_and_walltime(tag, step, walltime))

    def _add_pending_scalar(
        self, tag: str, number: Any, step: Any, walltime: Any, name: str, text: str, new_style: bool, double: bool
    ) -> None:
        tag = clean_tag(tag)
        name, text = checked_labels(tag, name, text)
        whole_step, seconds = self._step_and_walltime(tag, step, walltime)
        file_writer = self._get_file_writer()
        if not (name or text or new_style or double):
            add_number(file_writer, tag, number, whole_step, seconds)
            return
        if new_style or double:
            from ..summary.tensor import scalar_tensor

            encode = partial(scalar_tensor, double_precision=double, display_name=name, summary_description=text)
        else:
            encode = partial(scalar, display_name=name, summary_description=text)
        add_summary_of(file_writer, tag, encode, number, whole_step, seconds)

    def add_scalars(
        self, main_tag: str, tag_scalar_dict: Mapping[str, Any], global_step: Any = None, walltime: Any = None
    ) -> None:
        """Log several numbers that one chart shows together.

        Each goes into a sub-run of its own, the directory `<logdir>/<main_tag>/<key>`, under the tag `main_tag`.
        Up to 100,000 points are also kept for `export_scalars_to_json`.

        Args:
            main_tag: the tag of the chart.
            tag_scalar_dict: a number for each sub-run.
        """
        main_tag = check_tag(main_tag)
        items = [(check_tag(key), value) for key, value in _checked_dict(main_tag, tag_scalar_dict)]
        numbers = to_numbers([value for _, value in items], lambda index: f"{main_tag}/{items[index][0]}")
        step, seconds = self._step_and_walltime(main_tag, global_step, walltime)
        history = self._scalar_history
        known = self._chart_queues if self._write_to_disk else {}  # which a tool may change
        for (key, _), value in zip(items, numbers, strict=True):
            logdir, queue = known.get((main_tag, key)) or self._chart_queue(main_tag, key)
            if isinstance(value, PendingNumber):
                add_number(self._sub_writer(main_tag, key)[1], main_tag, value, step, seconds)
            elif queue is not None:
                entry = (main_tag, value, step, seconds)
                entries = queue.entries
                entries.append(entry)
                if len(entries) > queue.limit:  # as in add_scalar
                    queue.enforce_limit(entry)
            else:
                self._sub_writer(main_tag, key)[1].add_scalar(main_tag, value, step, seconds)
            history.add(logdir, seconds, step, value)

    def _chart_queue(self, main_tag: str, key: str) -> tuple[str, EventQueue | None]:
        """Return the directory and the queue of a value of `add_scalars`; remember them where no layer was replaced."""
        logdir, writer = self._sub_writer(main_tag, key)
        queue: EventQueue | None = writer.queue
        if queue is not None and len(self._chart_queues) < _MOST_CHART_QUEUES:
            self._chart_queues[main_tag, key] = logdir, queue
        return logdir, queue

    def add_scalars_at_step(self, values: Mapping[str, Any], global_step: Any = None, walltime: Any = None) -> None:
        """Log several scalars of one step at once: the fastest way, and less than half the bytes on disk.

        As `add_scalar` for each, but in a single Event.

        Args:
            values: a number for each tag.
        """
        items = list(_checked_dict("values", values))
        tags = check_tags([tag for tag, _ in items])
        numbers = to_numbers([value for _, value in items], tags.__getitem__)
        step, seconds = self._step_and_walltime(tags[0] if tags else "", global_step, walltime)
        if tags:
            if len(tags) > _MANY_TAGS:
                check_texts(tags[0], tags)
            add_group(self._get_file_writer(), tags, numbers, step, seconds)

    def add_scalar_series(self, tag: str, values: Any, steps: Any = None, walltimes: Any = None) -> None:
        """Log many points of one scalar at once, a million in a second, say to import logs.

        Args:
            values: numbers, shape (N,); stored as float32.
            steps: an integer for each, shape (N,); 0 to N - 1 by default. They should increase.
            walltimes: seconds since the epoch for each, shape (N,), or one for all; by default that of
                `use_metadata`, or now, the points a microsecond apart.
        """
        from ..summary.scalar_series import prepare_series

        tag = clean_tag(tag)
        if walltimes is None:
            walltimes = self._default_metadata.walltime
        for encode, nbytes, count in prepare_series(tag, values, steps, walltimes, time()):
            self._get_file_writer().add_scalar_events((tag,), encode, nbytes, count)

    def export_scalars_to_json(self, path: str | os.PathLike[str]) -> None:
        """Write the points of `add_scalars` as JSON, `{sub-run: [[wall time, step, value], ...]}`, and forget them.

        At most 100,000 points are kept: where there are more, the older half of the longest series is forgotten.
        Raises OSError.
        """
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self._scalar_history.points, file)
        self._scalar_history = type(self._scalar_history)()

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: Any = None,
        bins: Any = "tensorflow",
        walltime: Any = None,
        max_bins: int | None = None,
    ) -> None:
        """Log how values are distributed.

        Args:
            values: real numbers, any shape. NaN and infinity are left out, with one warning per tag.
            bins: "tensorflow" for bins that grow by 10 %; "compact" for 48 of equal width, which take a tenth of the
                bytes (TensorBoard redraws any histogram with 30 bins); an estimator or a number of bins as
                `numpy.histogram` takes them, or a sequence of edges.
            max_bins: more bins than this are joined, each (number of bins) // max_bins neighbours to one. Fewer than
                twice max_bins remain: all of the 1548 default ones for 775, half of them for 774.
        """
        self._add_deferred(tag, prepare_histogram(tag, values, self._bins(bins), max_bins), global_step, walltime)

    def _bins(self, bins: Any) -> Any:
        """Return the bins of a histogram: what this writer was set to in place of the default."""
        if isinstance(bins, str) and bins == "tensorflow":
            bins = self._default_histogram
        if isinstance(bins, str) and bins == "tensorflow":
            bins = self.default_bins
        return bins

    def add_histogram_raw(
        self,
        tag: str,
        min: Any,
        max: Any,
        num: Any,
        sum: Any,
        sum_squares: Any,
        bucket_limits: Any,
        bucket_counts: Any,
        global_step: Any = None,
        walltime: Any = None,
    ) -> None:
        """Log a histogram that was counted elsewhere. The tag is kept as it is.

        Args:
            min, max, num, sum, sum_squares: of all values.
            bucket_limits: the upper limit of each bucket, shape (K,): for the edges of `numpy.histogram`, all but
                the first.
            bucket_counts: the number of values in each bucket, shape (K,).
        """
        summary = histogram_raw(tag, min, max, num, sum, sum_squares, bucket_limits, bucket_counts)
        self._get_file_writer().add_summary(summary, *self._step_and_walltime(tag, global_step, walltime))

    def add_tensor(self, tag: str, tensor: Any, global_step: Any = None, walltime: Any = None) -> None:
        """Log an array as it is, for programs that read it back: TensorBoard has no dashboard for it.

        Args:
            tensor: any shape; its dtype is kept, bfloat16 included. A device is not waited for, as in `add_scalar`, up
                to 64 MiB.
        """
        from ..summary.tensor import prepare_tensor

        self._add_deferred(tag, prepare_tensor(tag, tensor), global_step, walltime)

    def add_pr_curve(
        self,
        tag: str,
        labels: Any,
        predictions: Any,
        global_step: Any = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: Any = None,
    ) -> None:
        """Log a precision-recall curve. The tag is kept as it is.

        Args:
            labels: what is true, 0 or 1, any shape.
            predictions: how probable it was said to be, in [0, 1], the same shape. What is beyond, and NaN, is left
                out, with one warning per tag.
            num_thresholds: how many thresholds, evenly from 0 to 1.
            weights: of each element, the same shape, or one for all.
        """
        from ..summary.pr_curves import prepare_pr_curve

        encode = prepare_pr_curve(tag, labels, predictions, num_thresholds, weights)
        self._add_deferred(tag, encode, global_step, walltime)

    def add_pr_curve_raw(
        self,
        tag: str,
        true_positive_counts: Any,
        false_positive_counts: Any,
        true_negative_counts: Any,
        false_negative_counts: Any,
        precision: Any,
        recall: Any,
        global_step: Any = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: Any = None,
    ) -> None:
        """Log a precision-recall curve that was computed elsewhere. The tag is kept as it is.

        Args:
            true_positive_counts, false_positive_counts, true_negative_counts, false_negative_counts: one for each
                threshold, in increasing order, shape (num_thresholds,).
            precision, recall: likewise.
            num_thresholds: how many there are.
            weights: accepted for compatibility; the counts are weighted already.
        """
        from ..summary.pr_curves import prepare_pr_curve_raw

        counts = (true_positive_counts, false_positive_counts, true_negative_counts, false_negative_counts)
        encode = prepare_pr_curve_raw(tag, *counts, precision, recall, num_thresholds, weights)
        self._add_deferred(tag, encode, global_step, walltime)

    def add_custom_scalars(self, layout: Mapping[str, Any]) -> None:
        """Arrange scalars in charts of their own, on the custom scalars dashboard.

        TensorBoard keeps the last layout of a run, so the layouts of successive calls are merged.

        Args:
            layout: `{category: {chart: ["Multiline", tags]}}`, or `["Margin", [value, lower, upper]]` for a chart.
        """
        from ..summary.chart_layout import merge_layouts, prepare_custom_scalars

        self._custom_scalars_layout = merge_layouts(self._custom_scalars_layout, layout)
        self._add_deferred("", prepare_custom_scalars(self._custom_scalars_layout), None, None)

    def add_custom_scalars_multilinechart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """Show several scalars in one chart. As `add_custom_scalars`.

        Args:
            tags: regular expressions; each draws the tags that begin with it.
        """
        self.add_custom_scalars({check_tag(category): {check_tag(title): ["Multiline", tags]}})

    def add_custom_scalars_marginchart(
        self, tags: Sequence[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """Show a scalar within its bounds. As `add_custom_scalars`.

        Args:
            tags: the three tags of the value, its lower and its upper bound.
        """
        self.add_custom_scalars({check_tag(category): {check_tag(title): ["Margin", tags]}})

    def add_hparams(
        self,
        hparam_dict: Mapping[str, Any],
        metric_dict: Mapping[str, Any],
        name: str | None = None,
        global_step: Any = None,
        hparam_domain_discrete: Mapping[str, Sequence[Any]] | None = None,
        run_name: str | None = None,
    ) -> None:
        """Log hyperparameters and what they led to, for the hparams dashboard to compare.

        They go into a sub-run of their own, and the metrics into the same as scalars. TensorBoard shows the
        hyperparameters of all runs together; with `hparam_domain_discrete` it shows those of this run only.

        Args:
            hparam_dict: bool, number or string for each name; None is left out, anything else becomes a string.
            metric_dict: a number for each tag.
            name: the directory of the sub-run; by default the time. "." is the directory of the run itself.
            hparam_domain_discrete: the values that a hyperparameter may take, for each name.
            run_name: another name of `name`, the one of torch.utils.tensorboard.
        """
        from ..summary.hyperparameters import prepare_hparams

        if isinstance(name, Mapping):  # the third argument of torch.utils.tensorboard
            name, hparam_domain_discrete = None, name
        step, seconds = self._default_metadata.resolve(global_step, None)
        summaries, metrics = prepare_hparams(hparam_dict, metric_dict, hparam_domain_discrete, step)
        names = [check_tag(given) for given in (name, run_name) if given is not None]
        _, writer = self._sub_writer(next(filter(None, names), str(time())))
        for summary in summaries:
            writer.add_summary(summary, None, seconds)
        for tag, value in metrics.items():
            writer.add_scalar(tag, value, step, seconds)


def _checked_dict(name: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise type_error(name, value, "a dict")
    return value.items()
