"""Calls that once lost an event behind the caller, broke a page of TensorBoard, hung, or raised what names no tag."""

from __future__ import annotations

import decimal
import fractions
from typing import Any

import numpy as np
import pytest
import torch
from hostile_run import HostileRun
from hostile_served import complaints, differences
from support.hostile_calls import CASES
from support.strategies import Made

PIXELS = np.zeros((3, 2, 2), np.uint8)
BOX = np.zeros((1, 4))
BOXED = {"img_tensor": PIXELS, "box_tensor": BOX}
NESTED = Made("nested tensor", lambda _: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]))
LONG = "😀" * 10_000
RAW = {"min": 0, "max": 0, "num": 0, "sum": 0, "sum_squares": 0}
ROWS = {f"{kind}_counts": [1.0] for kind in ("true_positive", "false_positive", "true_negative", "false_negative")}
CURVE = {**ROWS, "precision": [1.0], "recall": [1.0]}

ACCEPTED: dict[str, tuple[str, dict[str, Any]]] = {
    "a sound under a tag with a backslash": ("add_audio", {"tag": 'a\\b"\n', "snd_tensor": np.zeros(9)}),
    "boxes under a tag with a quote": ("add_image_with_boxes", {"tag": 'a"b', **BOXED}),
    "a curve under an empty tag": ("add_pr_curve", {"tag": "", "labels": [1], "predictions": [0.5]}),
    "a sound under a long tag": ("add_audio", {"tag": LONG, "snd_tensor": np.zeros(9)}),
    "a picture under a long tag": ("add_image", {"tag": "é" * 10_000, "img_tensor": PIXELS}),
    "a text under a long tag": ("add_text", {"tag": LONG, "text_string": "x"}),
    "a sub-run in place of the projector's config": (
        "add_scalars",
        {"main_tag": "projector_config.pbtxt", "tag_scalar_dict": {"a": 1.0}},
    ),
    "a sub-run called as an event file": (
        "add_scalars",
        {"main_tag": "events.out.tfevents.1", "tag_scalar_dict": {"events.out.tfevents.1": 1.0, "a": 1.0}},
    ),
    "sub-runs below each other": ("add_scalars", {"main_tag": "a/" * 5_000, "tag_scalar_dict": {"b/" * 5_000: 1.0}}),
    "a label of a million characters": ("add_image_with_boxes", {"tag": "a", **BOXED, "labels": ["x" * 2_000_000]}),
    "a label of half a surrogate pair": ("add_image_with_boxes", {"tag": "a", **BOXED, "labels": ["\ud800"]}),
    "an estimator that NumPy warns of": ("add_histogram", {"tag": "a", "values": [0.0, 1.0, 1.0], "bins": "stone"}),
    "values beyond float64": ("add_histogram", {"tag": "a", "values": np.array(["1e4000", "1"], np.longdouble)}),
    "counts beyond float64": (
        "add_histogram_raw",
        {"tag": "a", **RAW, "bucket_limits": [1], "bucket_counts": np.array(["1e4000"], np.longdouble)},
    ),
    "a raw histogram under a long tag": (
        "add_histogram_raw",
        {"tag": LONG, **RAW, "bucket_limits": [1], "bucket_counts": [1]},
    ),
    "predictions of half precision": (
        "add_pr_curve",
        {"tag": "a", "labels": [1, 0], "predictions": np.array([1, 0.5], np.float16), "num_thresholds": 100_000},
    ),
}

REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "a step that takes half a minute to be an integer": (
        "add_scalar",
        {"tag": "a", "scalar_value": 1, "global_step": decimal.Decimal("1e999999")},
    ),
    "a complex step": ("add_text", {"tag": "a", "text_string": "x", "global_step": np.complex128(3 + 1j)}),
    "a complex wall time": ("add_text", {"tag": "a", "text_string": "x", "walltime": np.complex64(1 + 2j)}),
    "a date as a step": ("add_text", {"tag": "a", "text_string": "x", "global_step": np.datetime64(1, "ns")}),
    "a scalar that is a nested tensor": ("add_scalar", {"tag": "a", "scalar_value": NESTED}),
    "a scalar of too many digits": ("add_scalar", {"tag": "a", "scalar_value": 10**5000}),
    "a display name that is a number": ("add_scalar", {"tag": "a", "scalar_value": 1.0, "display_name": 5}),
    "a description that is an array": (
        "add_scalar",
        {"tag": "a", "scalar_value": 1.0, "summary_description": np.ones(2)},
    ),
    "counts that are complex": ("add_histogram_raw", {"tag": "a", **RAW, "bucket_limits": [1], "bucket_counts": [1j]}),
    "a category that is a list": ("add_custom_scalars_multilinechart", {"tags": ["a"], "category": ["b"]}),
    "a title that is an array": ("add_custom_scalars_marginchart", {"tags": ["a"] * 3, "title": np.ones(2)}),
    "a pattern that is half a surrogate pair": (
        "add_custom_scalars",
        {"layout": {"a": {"b": ["Multiline", ["\ud800"]]}}},
    ),
    "a pattern that repeats too often": (
        "add_custom_scalars",
        {"layout": {"a": {"b": ["Multiline", ["c{99999999999}"]]}}},
    ),
    "a long pattern": ("add_custom_scalars", {"layout": {LONG: {LONG: ["Multiline", ["[" + LONG]]}}}),
    "a run whose name is an array": ("add_hparams", {"hparam_dict": {}, "metric_dict": {}, "name": np.ones(2)}),
    "a run whose name is a number": ("add_hparams", {"hparam_dict": {}, "metric_dict": {}, "name": 5}),
    "domains that are a tensor": (
        "add_hparams",
        {"hparam_dict": {}, "metric_dict": {}, "hparam_domain_discrete": torch.ones(2)},
    ),
    "a hyperparameter of too many digits": (
        "add_hparams",
        {"hparam_dict": {"a": fractions.Fraction(10**5000, 3)}, "metric_dict": {}},
    ),
    "a metric at a step of 33 bits": (
        "add_hparams",
        {"hparam_dict": {}, "metric_dict": {"a": 1}, "global_step": 2**32},
    ),
    "labels that are a number": ("add_image_with_boxes", {"tag": "a", **BOXED, "labels": 2.5}),
    "boxes beyond float64": (
        "add_image_with_boxes",
        {"tag": "a", **BOXED, "box_tensor": BOX + np.longdouble("1e4000")},
    ),
    "boxes of complex numbers": ("add_image_with_boxes", {"tag": "a", **BOXED, "box_tensor": BOX + 1j}),
    "a display name that is an array, at a plain step": (
        "add_scalar",
        {"tag": "a", "scalar_value": 1.0, "global_step": 3, "display_name": np.ones(2)},
    ),
    "a thousand million bins": ("add_histogram", {"tag": "a", "values": [1.0], "bins": 10**9}),
    "wall times beyond float64": (
        "add_scalar_series",
        {"tag": "a", "values": [1.0], "walltimes": np.longdouble("1e4000")},
    ),
    "wall times that are complex": ("add_scalar_series", {"tag": "a", "values": [1.0], "walltimes": [1j]}),
    "a picture too large to be made": ("add_image_with_boxes", {"tag": "a", **BOXED, "rescale": 1e9}),
    "a picture larger than integers": ("add_image_with_boxes", {"tag": "a", **BOXED, "rescale": 1e300}),
    "weights whose sum is infinite": (
        "add_pr_curve",
        {"tag": "a", "labels": [1, 1], "predictions": [1, 1], "weights": 1e308},
    ),
    "counts beyond float32": ("add_pr_curve_raw", {"tag": "a", **CURVE, "true_positive_counts": [1e39]}),
    "labels without a length": ("add_embedding", {"tag": "a", "mat": np.ones((2, 2)), "metadata": np.array("x")}),
    "a label of too many digits": ("add_embedding", {"tag": "a", "mat": np.ones((1, 2)), "metadata": [10**5000]}),
    "a label without data": (
        "add_embedding",
        {"tag": "a", "mat": np.ones((1, 2)), "metadata": [torch.empty((), device="meta")]},
    ),
    "a number as a file": ("add_onnx_graph", {"onnx_model_file": 5}),
    "a file called NUL": ("add_openvino_graph", {"xmlname": "a\0b"}),
}


@pytest.mark.filterwarnings("error::RuntimeWarning", "ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_clearly(name, tmp_path):
    method, arguments = REFUSED[name]
    run = HostileRun(CASES[method], tmp_path / "a" / "logs" / method)
    assert not run.attempt(arguments)
    run.close()


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_it_is_accepted_and_served(tmp_path):
    logdir = tmp_path / "a" / "logs"
    runs = {}
    for method in dict.fromkeys(method for method, _ in ACCEPTED.values()):
        run = runs[method] = HostileRun(CASES[method], logdir / method)
        for name, (its_method, arguments) in ACCEPTED.items():
            assert its_method != method or run.attempt(arguments), name
        run.close()
    assert differences(runs, logdir) == []
    assert complaints(runs, logdir, rust=True) == []
    assert complaints(runs, logdir, rust=False) == []
