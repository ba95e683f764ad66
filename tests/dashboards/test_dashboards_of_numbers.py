"""Scalars, histograms, curves, charts, tensors and hyperparameters, as stock TensorBoard serves them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded import TRIALS, WAVES, Recorded
from support import served
from support.expected import check_buckets, check_percentiles, pr_curve, rounded, words
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

Points = list[tuple[int, Any]]


def expected_scalars(recorded: Recorded) -> dict[str, dict[str, Points]]:
    found: dict[str, dict[str, dict[int, float]]] = {}
    for call in recorded.calls:
        if call.method == "add_scalar":  # of a run that is resumed, what was logged last at a step counts
            found.setdefault(recorded.run(call), {}).setdefault(call.tag, {})[recorded.step(call)] = call.value
        elif call.method == "add_scalars":
            for key, value in call.value.items():
                found.setdefault(f"training/waves/{key}", {}).setdefault(call.tag, {})[call.step] = value
        elif call.method == "add_scalars_at_step":
            for tag, value in call.arguments["values"].items():
                found["training"].setdefault(tag, {})[call.step] = value
        elif call.method == "add_scalar_series":
            found["training"][call.tag] = dict(zip(call.arguments["steps"].tolist(), call.value, strict=True))
        elif call.method == "add_hparams":
            for tag, value in call.arguments["metric_dict"].items():
                found.setdefault(f"search/{call.arguments['name']}", {})[tag] = {call.step: value}
    return {run: {tag: rounded([*points.items()]) for tag, points in tags.items()} for run, tags in found.items()}


def test_scalars_are_served_as_logged(tb, recorded):
    expected = expected_scalars(recorded)
    assert sorted(expected) == sorted(["resumed", *TRIALS, "training", *WAVES])
    assert len(expected["training"]) == 15
    assert served.scalars(tb) == expected


def test_a_resumed_run_shows_nothing_of_what_was_lost(tb, recorded):
    crash, resumed = recorded.module.CRASH, recorded.module.LAST_GOOD
    points = dict(served.scalars(tb)["resumed"]["loss"])
    assert list(points) == list(range(recorded.module.STEPS))
    assert resumed < crash - 1
    # The losses that were lost rise, those that took their place fall.
    assert points[crash - 1] < points[resumed] < 0.25


def test_names_and_descriptions_of_scalars(tb, recorded):
    [(_, call), *_] = recorded.by_tag("add_scalar")["lr"]
    name, page = served.labels(tb, "scalars")["training"]["lr"]
    assert name == call.arguments["display_name"] == "Learning rate"
    assert words(page) == words(call.arguments["summary_description"])
    assert "<strong>cosine</strong>" in page


def test_scalars_are_exported_as_json(recorded):
    exported = json.loads((recorded.logdir / "waves.json").read_text())
    found = {Path(run).name: [(step, value) for _, step, value in points] for run, points in exported.items()}
    calls = recorded.only("add_scalars")
    assert found == {key: [(call.step, call.value[key]) for call in calls] for key in ("sine", "cosine", "damped")}


def test_histograms_are_served_with_every_value_in_its_bucket(tb, recorded):
    found = served.histograms(tb)
    expected, raw = recorded.by_tag("add_histogram"), recorded.by_tag("add_histogram_raw")
    assert found.keys() == {"training"}
    assert found["training"].keys() == expected.keys() | raw.keys()
    for tag, calls in expected.items():
        for (step, buckets), (logged_step, call) in zip(found["training"][tag], calls, strict=True):
            assert step == logged_step
            check_buckets(np.array(buckets), call.value.astype(np.float64))
    for tag, calls in raw.items():
        steps = [(step, [bucket for bucket in buckets if bucket[2]]) for step, buckets in found["training"][tag]]
        assert [step for step, _ in steps] == [step for step, _ in calls]
        for (_, buckets), (_, call) in zip(steps, calls, strict=True):
            np.testing.assert_allclose(buckets, raw_buckets(call.arguments), rtol=1e-7)


def raw_buckets(histogram: dict[str, Any]) -> list[list[float]]:
    """[left, right, count] of the buckets that are not empty; the outermost edges are the extremes."""
    limits = histogram["bucket_limits"]
    edges = [histogram["min"], *limits[:-1], histogram["max"]]
    rows = zip(edges[:-1], edges[1:], histogram["bucket_counts"], strict=True)
    return [[left, right, count] for left, right, count in rows if count]


@pytest.mark.parametrize(
    ("tag", "most"), [("default_bins", 200), ("sixty", 60), ("own_edges", 48), ("joined", 40), ("auto", 100)]
)
def test_histograms_have_the_bins_that_were_asked_for(tb, recorded, tag, most):
    for _, buckets in served.histograms(tb)["training"][f"weights/{tag}"]:
        counts = [count for _, _, count in buckets]
        assert 5 < np.count_nonzero(counts) <= most


def test_distributions_follow_the_histograms(tb, recorded):
    found, histograms = served.distributions(tb)["training"], served.histograms(tb)["training"]
    assert found.keys() == histograms.keys()
    calls = recorded.by_tag("add_histogram")
    extremes = {tag: [(c.value.min(), c.value.max()) for _, c in of_tag] for tag, of_tag in calls.items()}
    for tag, of_tag in recorded.by_tag("add_histogram_raw").items():
        extremes[tag] = [(call.arguments["min"], call.arguments["max"]) for _, call in of_tag]
    for tag, points in found.items():
        for (step, percentiles), (bucket_step, buckets), ends in zip(
            points, histograms[tag], extremes[tag], strict=True
        ):
            assert step == bucket_step
            check_percentiles(percentiles, np.array(buckets), *ends)


def test_pr_curves_are_served_as_brute_force_finds_them(tb, recorded):
    found = served.pr_curves(tb)["training"]
    calls = recorded.by_tag("add_pr_curve")
    assert found.keys() == calls.keys() | recorded.by_tag("add_pr_curve_raw").keys()
    for tag, of_tag in calls.items():
        for (step, curve), (logged_step, call) in zip(found[tag], of_tag, strict=True):
            assert step == logged_step
            values = call.arguments
            weights = np.ones(1500) if values["weights"] is None else values["weights"]
            expected = pr_curve(values["labels"], values["predictions"], values["num_thresholds"], weights)
            check_curve(curve, expected)


def test_raw_pr_curves_are_served_as_logged(tb, recorded):
    parts = ("true_positive", "false_positive", "true_negative", "false_negative")
    for tag, calls in recorded.by_tag("add_pr_curve_raw").items():
        for (step, curve), (logged_step, call) in zip(served.pr_curves(tb)["training"][tag], calls, strict=True):
            assert step == logged_step
            values = call.arguments
            expected = {f"{part}s": values[f"{part}_counts"] for part in parts}
            thresholds = np.linspace(0, 1, values["num_thresholds"])
            rates = {"precision": values["precision"], "recall": values["recall"], "thresholds": thresholds}
            check_curve(curve, expected | rates)


def check_curve(curve: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    """TensorBoard leaves out the thresholds at the end that nothing reaches."""
    positives = expected["true_positives"] + expected["false_positives"]
    kept = np.flatnonzero(positives >= 1e-7)[-1] + 1
    assert kept > 10
    assert curve.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(curve[name], values[:kept], rtol=1e-6, atol=1e-7, err_msg=name)


def test_custom_charts_are_merged_into_one_layout(tb, recorded):
    layout: dict[str, dict[str, Any]] = {}
    for call in recorded.only("add_custom_scalars"):
        for category, charts in call.arguments["layout"].items():
            layout.setdefault(category, {}).update(charts)
    for kind in ("Multiline", "Margin"):
        for call in recorded.only(f"add_custom_scalars_{kind.lower()}chart"):
            arguments = call.arguments
            layout.setdefault(arguments["category"], {})[arguments["title"]] = [kind, arguments["tags"]]
    found = served.custom_scalars_layout(tb)["category"]
    charts = {part["title"]: {chart["title"]: shown(chart) for chart in part["chart"]} for part in found}
    assert charts == layout
    assert sum(map(len, layout.values())) == 4


def shown(chart: dict[str, Any]) -> list[Any]:
    if "multiline" in chart:
        return ["Multiline", chart["multiline"]["tag"]]
    [series] = chart["margin"]["series"]
    return ["Margin", [series["value"], series["lower"], series["upper"]]]


def test_custom_charts_draw_the_scalars_they_name(tb, recorded):
    scalars = expected_scalars(recorded)["training"]
    [call] = recorded.only("add_custom_scalars_multilinechart")
    [regex] = call.arguments["tags"]
    matching = {tag: points for tag, points in scalars.items() if re.match(regex, tag)}
    assert len(matching) == 4
    assert served.custom_scalars(tb, regex) == {"training": matching}
    assert served.custom_scalars(tb, "accuracy/upper") == {"training": {"accuracy/upper": scalars["accuracy/upper"]}}


def test_tensors_can_be_read_back(recorded):
    reader = EventAccumulator(str(recorded.logdir / "training"), size_guidance={"tensors": 0}).Reload()
    for tag, calls in recorded.by_tag("add_tensor").items():
        for event, (step, call) in zip(reader.Tensors(tag), calls, strict=True):
            array = make_ndarray(event.tensor_proto)
            assert (event.step, array.dtype) == (step, call.value.dtype)
            np.testing.assert_array_equal(array, call.value)


def test_hyperparameters_of_all_trials_are_shown_together(tb, recorded):
    trials = {f"search/{call.arguments['name']}": call.arguments for call in recorded.only("add_hparams")}
    assert sorted(trials) == TRIALS
    union = {name: type(value) for trial in trials.values() for name, value in trial["hparam_dict"].items()}
    assert len(union) > max(len(trial["hparam_dict"]) for trial in trials.values())
    types = {bool: "DATA_TYPE_BOOL", float: "DATA_TYPE_FLOAT64", str: "DATA_TYPE_STRING"}
    experiment = served.hparams_experiment(tb)
    assert {info["name"]: info["type"] for info in experiment["hparamInfos"]} == {n: types[t] for n, t in union.items()}
    metrics = {metric for trial in trials.values() for metric in trial["metric_dict"]}
    assert {info["name"]["tag"] for info in experiment["metricInfos"]} == metrics

    groups = {group["sessions"][0]["name"]: group for group in served.hparams_session_groups(tb)}
    assert sorted(groups) == TRIALS
    for run, group in groups.items():
        assert group["hparams"] == trials[run]["hparam_dict"]
        values = {value["name"]["tag"]: [(value["trainingStep"], value["value"])] for value in group["metricValues"]}
        step = trials[run]["global_step"]
        assert values == {tag: rounded([(step, value)]) for tag, value in trials[run]["metric_dict"].items()}
        assert [session["status"] for session in group["sessions"]] == ["STATUS_SUCCESS"]
