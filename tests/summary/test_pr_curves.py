"""Precision-recall curves, judged by counting with exact fractions, by the original and by TensorBoard."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support import served
from support.original import run_original

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.plugin_pr_curve_pb2 import PrCurvePluginData
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary.pr_curves import compute_curve, pr_curve, pr_curve_raw, prepare_pr_curve, prepare_pr_curve_raw

RANDOM = np.random.default_rng(11)
LABELS = RANDOM.integers(0, 2, 4000)
PREDICTIONS = RANDOM.random(4000)
WEIGHTS = RANDOM.random(4000) * 3

WITH_THE_ORIGINAL = """
import sys
import numpy as np
from tensorboardX.summary import compute_curve
data = np.load(sys.argv[1])
curves = [compute_curve(data["labels"], data["predictions"], count, weights)
          for count in (1, 2, 50, 127) for weights in (None, 2.5, data["weights"])]
np.savez(sys.argv[2], *curves)
"""


def count_exactly(labels, predictions, thresholds, weights):
    """The counts, with a prediction positive where it is no smaller than i / (thresholds - 1), as fractions."""
    rows = []
    for i in range(thresholds):
        limit = Fraction(i, thresholds - 1)
        tp = fp = tn = fn = Fraction(0)
        for label, prediction, weight in zip(labels, predictions, weights, strict=True):
            positive = Fraction(float(prediction)) >= limit
            tp += weight if label and positive else 0
            fp += weight if not label and positive else 0
            tn += weight if not label and not positive else 0
            fn += weight if label and not positive else 0
        precision = tp / (tp + fp) if tp + fp else Fraction(0)
        recall = tp / (tp + fn) if tp + fn else Fraction(0)
        rows.append([tp, fp, tn, fn, precision, recall])
    return np.array(rows, dtype=float).T


def decode(summary):
    [value] = summary.value
    shape = [dim.size for dim in value.tensor.tensor_shape.dim]
    return np.array(value.tensor.float_val, np.float32).reshape(shape)


# 32 bits, whose product with the number of thresholds is exact in 64. Eighths as weights are exact too.
elements = st.tuples(
    st.booleans(),
    st.one_of(st.floats(0, 1, width=32), st.sampled_from([0.0, 0.25, 0.5, 1.0])),
    st.integers(1, 80).map(lambda eighths: Fraction(eighths, 8)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(elements, max_size=30), st.sampled_from([2, 3, 5, 8, 127, 200]), st.booleans())
def test_counts_are_exact(data, thresholds, weighted):
    labels = np.array([label for label, _, _ in data], dtype=bool)
    predictions = np.array([prediction for _, prediction, _ in data], dtype=np.float32)
    weights = [weight if weighted else Fraction(1) for _, _, weight in data]
    given_weights = np.array(weights, dtype=float) if weighted else None
    curve = compute_curve(labels, predictions, thresholds, given_weights)
    expected = count_exactly(labels, predictions, thresholds, weights)
    np.testing.assert_array_equal(curve[:4], expected[:4])
    np.testing.assert_allclose(curve[4:], expected[4:], rtol=1e-15)


def test_counts_are_those_of_the_original(original_python, tmp_path):
    np.savez(tmp_path / "data.npz", labels=LABELS, predictions=PREDICTIONS, weights=WEIGHTS)
    run_original(original_python, WITH_THE_ORIGINAL, tmp_path / "data.npz", tmp_path / "curves.npz")
    curves = np.load(tmp_path / "curves.npz")
    cases = [(count, weights) for count in (1, 2, 50, 127) for weights in (None, 2.5, WEIGHTS)]
    for (count, weights), name in zip(cases, curves.files, strict=True):
        np.testing.assert_allclose(compute_curve(LABELS, PREDICTIONS, count, weights), curves[name], atol=1e-9)


def test_the_summary_holds_the_curve_as_float32():
    summary = pr_curve("a b:", LABELS, PREDICTIONS, weights=WEIGHTS)
    [value] = summary.value
    assert value.tag == "a b:"
    assert value.metadata.plugin_data.plugin_name == "pr_curves"
    content = PrCurvePluginData.FromString(value.metadata.plugin_data.content)
    assert (content.version, content.num_thresholds) == (0, 127)
    np.testing.assert_allclose(decode(summary), compute_curve(LABELS, PREDICTIONS, None, WEIGHTS), rtol=1e-6)


def test_more_than_127_thresholds_are_kept():
    assert decode(pr_curve("many", LABELS, PREDICTIONS, 1000)).shape == (6, 1000)


@pytest.mark.parametrize("dtype", [bool, int, np.uint8, np.float32])
def test_labels_of_any_dtype_and_shape(dtype):
    labels = torch.from_numpy(LABELS.astype(dtype).reshape(40, 100))
    curve = decode(pr_curve("labels", labels, torch.from_numpy(PREDICTIONS.reshape(40, 100))))
    np.testing.assert_array_equal(curve, decode(pr_curve("labels", LABELS, PREDICTIONS)))


def test_a_curve_without_elements_is_zero():
    assert not compute_curve([], [], 5).any()


@pytest.mark.parametrize(
    ("labels", "predictions", "named"),
    [
        ([0, 1, 2], [0, 0.5, 1], "labels"),
        ([0, 0.5, 1], [0, 0.5, 1], "labels"),
        ([0, np.nan, 1], [0, 0.5, 1], "labels"),
        ([0, -1, 1], [0, 0.5, 1], "labels"),
        ([0, 1, 1], [0j, 0.5, 1], "predictions"),
        ([0, 1], [0, 0.5, 1], "shape"),
        ([[0], [1]], [0, 0.5], "shape"),
    ],
)
def test_what_is_no_curve_is_refused_by_name(labels, predictions, named):
    with pytest.raises(ValueError, match=f"'my/tag'.*accepted is .*{named}"):
        prepare_pr_curve("my/tag", labels, predictions)


@pytest.mark.parametrize("weights", [[1, 2], [1, np.nan, 1], [1, np.inf, 1], [1j, 1, 1], [[1, 1, 1]] * 2, "heavy"])
def test_what_is_no_weight_is_refused_by_name(weights):
    with pytest.raises((TypeError, ValueError), match="'my/tag'"):
        prepare_pr_curve("my/tag", [0, 1, 1], [0, 0.5, 1], weights=weights)


@pytest.mark.parametrize("beyond", [np.nan, np.inf, -np.inf, 1.1, -1e-9])
def test_predictions_that_are_none_are_left_out_with_one_warning(beyond, caplog):
    """Those of a model that diverged must not end its training; the original counts what lies in [0, 1]."""
    tag = f"beyond/{beyond}"
    weights = np.arange(1.0, 7.0)
    labels, predictions = np.array([[0, 1, 1], [1, 0, 1]]), np.array([[0.25, beyond, 0.75], [0.5, beyond, 1]])
    curve = decode(pr_curve(tag, labels, predictions, 9, weights.reshape(2, 3)))
    pr_curve(tag, labels, predictions)
    kept = [0, 2, 3, 5]
    left = pr_curve(tag, labels.ravel()[kept], predictions.ravel()[kept], 9, weights[kept])
    np.testing.assert_array_equal(curve, decode(left))
    assert caplog.text.count(f"{tag}': predictions that are NaN") == 1


def test_one_threshold_counts_all_as_positive():
    assert compute_curve([0, 1, 1], [0.1, 0.9, 0.5], 1)[:4, 0].tolist() == [2, 1, 0, 0]


@pytest.mark.parametrize("count", [0, -5, 10**9, 2.5, "many", None])
def test_what_is_no_number_of_thresholds_is_refused_by_name(count):
    with pytest.raises((TypeError, ValueError), match=r"'my/tag'.*num_thresholds"):
        prepare_pr_curve("my/tag", [0, 1], [0, 1], count)


def test_a_curve_computed_elsewhere_is_kept():
    rows = np.arange(30.0).reshape(6, 5)
    rows[4, 4] = np.nan  # 0 / 0, where nothing is predicted positive
    summary = pr_curve_raw("raw", *rows.tolist(), num_thresholds=5)
    np.testing.assert_array_equal(decode(summary), rows.astype(np.float32))
    content = summary.value[0].metadata.plugin_data.content
    assert PrCurvePluginData.FromString(content).num_thresholds == 5


@pytest.mark.parametrize(("given", "stored"), [({}, 5), ({"num_thresholds": 5}, 5), ({"num_thresholds": 1}, 1)])
def test_the_number_of_thresholds_of_a_raw_curve_is_stored_as_given(given, stored):
    content = pr_curve_raw("raw", *np.ones((6, 5)), **given).value[0].metadata.plugin_data.content
    assert PrCurvePluginData.FromString(content).num_thresholds == stored
    with pytest.raises((TypeError, ValueError), match=r"'raw'.*num_thresholds"):
        pr_curve_raw("raw", *np.ones((6, 5)), num_thresholds="many")


@pytest.mark.parametrize(
    "rows",
    [
        [[1, 2]] * 5 + [[1]],
        [[[1, 2]]] * 6,
        [[]] * 6,
        [[np.nan, 2]] + [[1, 2]] * 5,
        [[1, np.inf]] + [[1, 2]] * 5,
        [[1j, 2]] * 6,
    ],
)
def test_what_is_no_curve_computed_elsewhere_is_refused_by_name(rows):
    with pytest.raises(ValueError, match="'my/tag'"):
        prepare_pr_curve_raw("my/tag", *rows)


def test_counts_that_float32_cannot_hold_are_refused():
    with pytest.raises(ValueError, match=r"tag 'a': .* whose sum float32 can hold"):
        pr_curve("a", [1, 1], [1, 1], weights=2e38)
    counts = [[1e39], [0], [0], [0], [1], [1]]
    with pytest.raises(ValueError, match=r"tag 'a': .* beyond float32"):
        pr_curve_raw("a", *counts)


def test_a_curve_of_an_empty_tag_gets_one_that_tensorboard_serves():
    [value] = pr_curve("", [1], [1]).value
    assert value.tag == "_"


def test_the_arrays_may_be_changed_before_they_are_encoded():
    labels, predictions, weights = LABELS.copy(), PREDICTIONS.copy(), WEIGHTS.copy()
    encode = prepare_pr_curve("mine", labels, predictions, weights=weights)
    labels[:] = predictions[:] = weights[:] = 0
    assert encode() == pr_curve("mine", LABELS, PREDICTIONS, weights=WEIGHTS)


def test_tensorboard_serves_the_counts(tensorboard, tmp_path):
    raw = [[5, 4, 1], [3, 1, 0], [0, 2, 3], [0, 1, 4], [0.625, 0.8, 1], [1, 0.8, 0.2]]
    summaries = [pr_curve("pr: all", LABELS, PREDICTIONS, 1000), pr_curve_raw("raw", *raw)]
    writer = RecordWriter(str(tmp_path / "events.out.tfevents.1.test"))
    writer.write(Event(file_version="brain.Event:2").SerializeToString())
    for summary in summaries:
        writer.write(Event(step=3, wall_time=1.0, summary=summary).SerializeToString())
    writer.close()
    curves = served.pr_curves(tensorboard(tmp_path))["."]
    [(step, curve)] = curves["pr: all"]
    assert step == 3
    counts = ["true_positives", "false_positives", "true_negatives", "false_negatives"]
    expected = compute_curve(LABELS, PREDICTIONS, 1000)[:4, : len(curve["thresholds"])]
    np.testing.assert_array_equal([curve[name] for name in counts], expected)
    np.testing.assert_array_equal([curves["raw"][0][1][name] for name in counts], raw[:4])
    np.testing.assert_allclose(curves["raw"][0][1]["thresholds"], [0, 0.5, 1])
