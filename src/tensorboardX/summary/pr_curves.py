"""Precision-recall curves of a binary classifier."""

from __future__ import annotations

import operator
from functools import partial
from typing import Any

import numpy as np

from ..errors import type_error, value_error
from ..notices import warn_once
from ..proto.plugin_pr_curve_pb2 import PrCurvePluginData
from ..proto.summary_pb2 import Summary
from ..values.arrays import Array, to_numpy, to_owned
from .metadata import plugin_metadata
from .size import check_size
from .tags import kept_tag
from .tensor_proto import array_proto

DEFAULT_THRESHOLDS = 127
MOST_THRESHOLDS = 1_000_000
_UNNAMED = "_"  # TensorBoard serves no curve of an empty tag
_BLOCK = 1 << 15  # predictions that are counted at once: what is computed of them fits into a cache
_LEAST_COUNT = 1e-7  # divides what would be divided by zero


def pr_curve(
    tag: str, labels: Any, predictions: Any, num_thresholds: int = DEFAULT_THRESHOLDS, weights: Any = None
) -> Summary:
    """Return the Summary of a precision-recall curve: a DT_FLOAT tensor of shape [6, num_thresholds].

    Args:
        tag: the tag; kept as it is.
        labels: the truth, bool or 0 and 1, any shape.
        predictions: probabilities in [0, 1], the shape of `labels`. What is beyond, and NaN, is left out, with one
            warning per tag.
        num_thresholds: at how many thresholds, evenly spaced from 0 to 1, a prediction counts as positive if it is
            no smaller; from 1 to 1,000,000.
        weights: how often each element counts; a number or an array that broadcasts to the shape of `labels`.

    Raises TypeError or ValueError that names the tag. The rows are those of `compute_curve`.
    Format: tensorboard/plugins/pr_curve/summary.py.
    """
    return prepare_pr_curve(tag, labels, predictions, num_thresholds, weights)()


def prepare_pr_curve(
    tag: str, labels: Any, predictions: Any, num_thresholds: int = DEFAULT_THRESHOLDS, weights: Any = None
) -> partial[Summary]:
    """Check and copy the arguments of `pr_curve`; the call of what is returned encodes them."""
    tag = kept_tag(tag) or _UNNAMED
    checked = _checked(tag, labels, predictions, num_thresholds, weights)
    return partial(_encode_curve, tag, *checked)


def pr_curve_raw(
    tag: str,
    tp: Any,
    fp: Any,
    tn: Any,
    fn: Any,
    precision: Any,
    recall: Any,
    num_thresholds: int = DEFAULT_THRESHOLDS,
    weights: Any = None,
) -> Summary:
    """Return the Summary of a precision-recall curve that was computed elsewhere.

    Args:
        tag: the tag; kept as it is.
        tp, fp, tn, fn: the number of true positives and so on at each threshold, shape (T,).
        precision, recall: shape (T,). NaN is kept.
        num_thresholds: from how many thresholds TensorBoard computes their values; T by default.
        weights: not used, as in the original.

    Raises TypeError or ValueError that names the tag.
    """
    return prepare_pr_curve_raw(tag, tp, fp, tn, fn, precision, recall, num_thresholds, weights)()


def prepare_pr_curve_raw(
    tag: str,
    tp: Any,
    fp: Any,
    tn: Any,
    fn: Any,
    precision: Any,
    recall: Any,
    num_thresholds: int = DEFAULT_THRESHOLDS,
    weights: Any = None,
) -> partial[Summary]:
    """Check and copy the arguments of `pr_curve_raw`; the call of what is returned encodes them."""
    tag = kept_tag(tag) or _UNNAMED
    rows = [to_numpy(row, tag) for row in (tp, fp, tn, fn, precision, recall)]
    shape = rows[0].shape
    for row in rows:
        if row.shape != shape or row.ndim != 1 or row.size == 0 or row.dtype.kind == "c":
            raise value_error(tag, row, f"six rows of real numbers, of one shape (T,); the first has shape {shape}")
    check_size(tag, rows[0], 4 * len(rows) * rows[0].size)
    with np.errstate(over="ignore"):  # beyond float64; such a count is found below
        curve = np.stack(rows).astype(np.float64)
    if not _are_storable(curve[:4]):  # TensorBoard shows none of the curves of a run where one is not
        raise value_error(tag, curve[:4], "finite counts; some of these are NaN, infinite or beyond float32")
    count = _checked_count(tag, num_thresholds)
    return partial(_encode, tag, curve, curve.shape[1] if count == DEFAULT_THRESHOLDS else count)


def compute_curve(labels: Any, predictions: Any, num_thresholds: int | None = None, weights: Any = None) -> Array:
    """Return the counts at each threshold, float64 of shape (6, T).

    The rows are true positives, false positives, true negatives, false negatives, precision and recall, the last
    two being 0 where nothing is predicted positive, or is positive. Arguments and errors are those of `pr_curve`.
    """
    count = DEFAULT_THRESHOLDS if num_thresholds is None else num_thresholds
    return _curve(*_checked("", labels, predictions, count, weights))


def _checked(
    tag: str, labels: Any, predictions: Any, num_thresholds: Any, weights: Any
) -> tuple[Array, Array, Array | None, int]:
    truth, scores = to_numpy(labels, tag), to_owned(predictions, tag)
    if truth.shape != scores.shape:
        raise value_error(tag, scores, f"predictions of the shape of labels, {truth.shape}")
    positive = truth.astype(bool)
    if not _is_binary(truth, positive):
        raise value_error(tag, truth, "labels that are bool, or all 0 or 1")
    if scores.dtype.kind == "c":
        raise value_error(tag, scores, "predictions that are real numbers, in [0, 1]")
    weight = None if weights is None else _checked_weights(tag, weights, truth.shape)
    count = _checked_count(tag, num_thresholds)
    if scores.size and not (scores.min() >= 0 and scores.max() <= 1):  # NaN fails both
        warn_once(tag, "predictions that are NaN, or out of [0, 1], are left out of the curve")
        kept = (scores >= 0) & (scores <= 1)
        positive, scores, weight = positive[kept], scores[kept], None if weight is None else weight[kept]
    return positive, scores, weight, count


def _is_binary(truth: Array, positive: Array) -> bool:
    """Whether all labels are 0 or 1, given them as bool, too."""
    if truth.dtype.kind in "iu" and truth.size:  # which takes half the time
        return bool(truth.min() >= 0 and truth.max() <= 1)
    return bool((positive == truth).all())  # NaN differs


def _checked_weights(tag: str, weights: Any, shape: tuple[int, ...]) -> Array:
    array = to_numpy(weights, tag)
    try:
        array = np.broadcast_to(array, shape)
    except ValueError as error:
        raise value_error(tag, array, f"weights that broadcast to the shape of labels, {shape}") from error
    accepted = "weights that are finite real numbers, whose sum float32 can hold"
    if array.dtype.kind == "c":
        raise value_error(tag, array, accepted)
    with np.errstate(over="ignore"):
        array = array.astype(np.float64)
        if not _are_storable(np.abs(array).sum()):  # it bounds every count
            raise value_error(tag, array, accepted)
    return array


def _are_storable(numbers: Any) -> bool:
    """Whether all are finite, as float32 too; NaN is not."""
    return bool((np.abs(numbers) <= np.finfo(np.float32).max).all())


def _checked_count(tag: str, num_thresholds: Any) -> int:
    try:
        count = operator.index(num_thresholds)
    except TypeError as error:
        raise type_error(tag, num_thresholds, "num_thresholds that is an integer") from error
    if not 1 <= count <= MOST_THRESHOLDS:
        raise value_error(tag, num_thresholds, f"num_thresholds from 1 to {MOST_THRESHOLDS}")
    return count


def _histograms(positive: Array, scores: Array, weights: Array | None, count: int) -> Array:
    """Return how many negatives, and how many positives, have each threshold as the last that they reach."""
    flat = None if weights is None else weights.reshape(-1)
    found = np.zeros(2 * count)
    size = min(len(scores), _BLOCK)
    products, bins = np.empty(size), np.empty(size, np.intp)  # mapping memory anew for each block costs more
    for start in range(0, len(scores), _BLOCK):
        part = slice(start, start + _BLOCK)
        length = len(scores[part])
        product, bin_ = products[:length], bins[:length]
        product[:] = scores[part]
        product *= count - 1
        bin_[:] = product  # rounded down
        bin_ += count * positive[part]
        found += np.bincount(bin_, weights=None if flat is None else flat[part], minlength=2 * count)
    return found.reshape(2, count)


def _curve(positive: Array, scores: Array, weights: Array | None, count: int) -> Array:
    histograms = _histograms(positive.reshape(-1), scores.reshape(-1), weights, count)
    fp, tp = histograms[:, ::-1].cumsum(axis=1)[:, ::-1]
    tn, fn = fp[0] - fp, tp[0] - tp
    precision = tp / np.maximum(_LEAST_COUNT, tp + fp)
    recall = tp / np.maximum(_LEAST_COUNT, tp + fn)
    return np.stack((tp, fp, tn, fn, precision, recall))


def _encode_curve(tag: str, positive: Array, scores: Array, weights: Array | None, count: int) -> Summary:
    return _encode(tag, _curve(positive, scores, weights, count), count)


def _encode(tag: str, curve: Array, num_thresholds: int) -> Summary:
    content = PrCurvePluginData(version=0, num_thresholds=num_thresholds).SerializeToString()
    with np.errstate(over="ignore"):  # precision and recall of negative weights
        tensor = array_proto(curve.astype(np.float32))
    return Summary(value=[Summary.Value(tag=tag, metadata=plugin_metadata("pr_curves", content), tensor=tensor)])
