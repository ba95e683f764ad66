"""The script that calls every method, and all that it logs compared with what stock TensorBoard serves.

What is expected is computed here from the arguments of the calls, with nothing of this project.
"""

from __future__ import annotations

import html
import inspect
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from support import served, stock
from support.expected import check_buckets, check_percentiles, grid, pr_curve, rounded, to_uint8, words
from support.recording import EXAMPLES, Call, load_example, recording, run_example
from support.tensorboard_server import TensorBoard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray
from torch.utils.tensorboard._pytorch_graph import graph as stock_graph

import tensorboardX
from tensorboardX import SummaryWriter

EXAMPLE = "all_dashboards"
SEED = 3
OPTIONAL = ("torch", "matplotlib", "sklearn", "onnx", "jax")
PLUGINS = {
    *("scalars", "images", "audio", "histograms", "distributions", "text", "graphs", "pr_curves", "mesh"),
    *("projector", "hparams", "custom_scalars"),
}
TRIALS = [f"search/{optimizer}_{trial}" for optimizer in ("adam", "sgd") for trial in range(4)]
GRAPHS = ["graphs/jax", "graphs/onnx", "graphs/openvino", "graphs/pytorch"]
WAVES = ["training/waves/cosine", "training/waves/damped", "training/waves/sine"]

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")

Points = list[tuple[int, Any]]


class Recorded(NamedTuple):
    logdir: Path
    module: ModuleType
    calls: list[Call]

    def run(self, call: Call) -> str:
        return Path(call.logdir).relative_to(self.logdir).as_posix()

    def step(self, call: Call) -> int:
        """The step under which a call is served: one without a step is at 0, or where `use_metadata` puts it."""
        if call.step is None:
            return self.module.CHECKPOINT if "checkpoint" in call.tag else 0
        return call.step

    def by_tag(self, method: str) -> dict[str, list[tuple[int, Call]]]:
        """The calls of one method in the run `training`, by tag and with their steps."""
        found: dict[str, list[tuple[int, Call]]] = {}
        for call in self.calls:
            if call.method == method and self.run(call) == "training":
                found.setdefault(call.tag, []).append((self.step(call), call))
        assert found
        return found

    def only(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    logdir, module = tmp_path_factory.mktemp("in_process"), load_example(EXAMPLE)
    with recording() as calls:
        module.main(["--logdir", str(logdir), "--seed", str(SEED)])
    return Recorded(logdir, module, calls)


@pytest.fixture(scope="module", params=["rust", "python"])
def tb(request: pytest.FixtureRequest, recorded: Recorded) -> Iterator[TensorBoard]:
    """One server for all tests: they only read."""
    with TensorBoard(recorded.logdir, request.param == "rust") as server:
        yield server


# ---- the whole


def test_every_method_is_called(recorded):
    methods = {name for name in dir(SummaryWriter) if name.startswith("add_")}
    assert {call.method for call in recorded.calls} == methods
    source = inspect.getsource(recorded.module)
    assert all(f"writer.{name}(" in source for name in ("use_metadata", "export_scalars_to_json"))


def test_every_run_and_every_dashboard_is_there(tb):
    assert served.runs(tb) == sorted([*GRAPHS, "resumed", "search", *TRIALS, "training", *WAVES])
    assert tb.wait_until(lambda: served.active_plugins(tb) >= PLUGINS)


# ---- numbers


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


# ---- pictures, sounds, texts, shapes


def expected_images(recorded: Recorded) -> dict[str, list[tuple[int, np.ndarray]]]:
    expected = {tag: [(step, call.value) for step, call in of] for tag, of in recorded.by_tag("add_figure").items()}
    for tag, calls in recorded.by_tag("add_image").items():
        expected[tag] = [(step, as_rgb(call.value, call.arguments["dataformats"])) for step, call in calls]
    for tag, calls in recorded.by_tag("add_images").items():
        expected[tag] = [(step, grid(call.value)) for step, call in calls]
    for tag, calls in recorded.by_tag("add_video").items():
        expected[tag] = [(step, np.concatenate(to_uint8(call.value), axis=3)) for step, call in calls]  # side by side
        expected[tag] = [(step, frames.transpose(0, 2, 3, 1)) for step, frames in expected[tag]]
    return expected


def as_rgb(picture: np.ndarray, dataformats: str) -> np.ndarray:
    pixels = to_uint8(picture)
    return np.stack([pixels] * 3, axis=2) if dataformats == "HW" else pixels


def test_images_figures_and_videos_are_served_pixel_for_pixel(tb, recorded):
    found, expected = served.images(tb), expected_images(recorded)
    assert found.keys() == {"training"}
    assert found["training"].keys() == expected.keys() | recorded.by_tag("add_image_with_boxes").keys()
    for tag, points in expected.items():
        assert found["training"][tag].keys() == {0}
        for (step, pixels), (logged_step, logged_pixels) in zip(found["training"][tag][0], points, strict=True):
            assert step == logged_step
            assert len(np.unique(pixels)) > 10  # not blank
            np.testing.assert_array_equal(pixels, logged_pixels)


def test_videos_play_at_the_rate_that_was_asked_for(tb, recorded):
    files = served.image_files(tb)["training"]["balls"][0]
    for (_, data), (_, call) in zip(files, recorded.by_tag("add_video")["balls"], strict=True):
        delays = served.frame_delays(data)
        assert len(delays) == call.value.shape[1]
        assert abs(sum(delays) / 100 - len(delays) / call.arguments["fps"]) <= 0.01
        assert max(delays) - min(delays) <= 1


def test_boxes_are_drawn_into_the_image_and_nothing_else_is(tb, recorded):
    for tag, calls in recorded.by_tag("add_image_with_boxes").items():
        for (step, pixels), (logged_step, call) in zip(served.images(tb)["training"][tag][0], calls, strict=True):
            assert step == logged_step
            values = call.arguments
            picture = values["img_tensor"].transpose(1, 2, 0)
            untouched = np.ones(picture.shape[:2], bool)
            for (left, top, right, bottom), label in zip(values["box_tensor"], values["labels"], strict=True):
                assert (pixels[top, left:right] == [255, 0, 0]).all()
                assert (pixels[top:bottom, right] == [255, 0, 0]).all()
                outline = np.zeros_like(untouched)
                outline[max(0, top - 1) : bottom + 2, max(0, left - 1) : right + 2] = True
                outline[top + 2 : bottom - 1, left + 2 : right - 1] = False
                name = (slice(max(0, bottom - 15), bottom + 6), slice(left, left + 9 * len(label)))
                red, green, blue = pixels[name].transpose(2, 0, 1)
                assert ((red < 200) & (green == 0) & (blue == 0)).any()  # black letters on red
                untouched &= ~outline
                untouched[name] = False
            assert untouched.mean() > 0.8
            np.testing.assert_array_equal(pixels[untouched], picture[untouched])


def test_sounds_are_served_sample_for_sample(tb, recorded):
    found, expected = served.audio(tb), recorded.by_tag("add_audio")
    assert found.keys() == {"training"}
    assert found["training"].keys() == expected.keys()
    for tag, calls in expected.items():
        assert found["training"][tag].keys() == {0}
        for sound, (step, call) in zip(found["training"][tag][0], calls, strict=True):
            rate, samples = sound.pcm()
            assert (sound.step, sound.content_type, rate) == (step, "audio/wav", call.arguments["sample_rate"])
            logged = call.value.reshape(len(call.value), -1).astype(np.float64)
            assert samples.dtype == np.int16
            assert samples.shape == logged.shape
            assert abs(logged).max() > 0.5
            assert abs(samples / 2**15 - logged).max() <= 2**-15


def test_texts_are_served_as_logged(tb, recorded):
    found = served.text(tb)
    expected = recorded.by_tag("add_text")
    assert found.keys() == {"training"}
    assert found["training"].keys() == {f"{tag}/text_summary" for tag in expected}
    for tag, calls in expected.items():
        points = [(step, words(page)) for step, page in found["training"][f"{tag}/text_summary"]]
        assert points == [(step, words(call.value)) for step, call in calls]
        assert all(len(shown) >= 3 for _, shown in points)
    pages = {tag: html.unescape(points[0][1]) for tag, points in found["training"].items()}
    assert "<strong>falls</strong>" in pages["notes/text_summary"]
    assert "<td>ReLU</td>" in pages["configuration/text_summary"]
    assert recorded.by_tag("add_text")["languages"][0][1].value in pages["languages/text_summary"]


def test_meshes_are_served_as_logged(tb, recorded):
    found, expected = served.meshes(tb), recorded.by_tag("add_mesh")
    assert found.keys() == {"training"}
    assert found["training"].keys() == expected.keys()
    for tag, calls in expected.items():
        batch = len(calls[0][1].arguments["vertices"])
        assert found["training"][tag].keys() == set(range(batch))
        for sample, steps in found["training"][tag].items():
            assert list(steps) == [step for step, _ in calls]
            for mesh, (_, call) in zip(steps.values(), calls, strict=True):
                values = call.arguments
                arrays = {name: values[name] for name in ("vertices", "colors", "faces") if values[name] is not None}
                assert mesh.keys() == arrays.keys() | {"config"}
                assert mesh["config"] == values["config_dict"]
                for name, array in arrays.items():
                    np.testing.assert_array_equal(mesh[name], array[sample], err_msg=f"{tag} {name}")


def test_meshes_are_closed_surfaces(recorded):
    """Each edge of a triangle belongs to exactly one other, which goes along it the other way round."""
    [(_, call), *_] = recorded.by_tag("add_mesh")["ring_to_knot"]
    triangles = call.arguments["faces"][0]
    edges = {(a, b) for triangle in triangles.tolist() for a, b in zip(triangle, np.roll(triangle, -1), strict=True)}
    assert len(edges) == 3 * len(triangles)
    assert {(b, a) for a, b in edges} == edges


# ---- embeddings, hyperparameters


def test_embeddings_are_served_point_for_point(tb, recorded):
    found = served.projector(tb)
    calls = {f"{c.arguments['tag']}:{c.step:05d}": c.arguments for c in recorded.only("add_embedding")}
    assert found.keys() == {"training"}
    assert found["training"].embeddings.keys() == calls.keys() == {"sheet:00001", "digits:00002"}
    for name, embedding in found["training"].embeddings.items():
        logged = calls[name]
        np.testing.assert_array_equal(embedding.tensor, logged["mat"].astype(np.float32))
        header = logged["metadata_header"]
        rows = [header, *logged["metadata"]] if header else [[label] for label in logged["metadata"]]
        assert embedding.metadata == ["\t".join(row) for row in rows]


def test_sprites_hold_the_picture_of_each_point(tb, recorded):
    embeddings = served.projector(tb)["training"].embeddings
    assert embeddings["sheet:00001"].sprite is None
    [pictures] = [c.arguments["label_img"] for c in recorded.only("add_embedding") if c.arguments["tag"] == "digits"]
    np.testing.assert_array_equal(embeddings["digits:00002"].sprite, grid(pictures, columns=20))
    infos = {info["tensorName"]: info for info in served.projector(tb)["training"].config["embeddings"]}
    assert infos["digits:00002"]["sprite"]["singleImageDim"] == [32, 32]


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


# ---- graphs


def nodes_of(tb: TensorBoard, run: str) -> list[tuple[str, str, list[str]]]:
    """Name, op and inputs of the nodes of a run's graph."""
    graphs = served.graphs(tb)
    assert sorted(graphs) == GRAPHS
    assert graphs[run].keys() == {None}
    return [(node["name"][0], node["op"][0], node.get("input", [])) for node in graphs[run][None].nodes]


def test_the_graph_of_pytorch_is_that_of_its_own_writer(tb, recorded):
    [call] = [call for call in recorded.only("add_graph") if recorded.run(call) == "graphs/pytorch"]
    expected, _ = stock_graph(call.arguments["model"], torch.from_numpy(call.arguments["input_to_model"]))
    found = served.graphs(tb)["graphs/pytorch"][None]
    assert [parts(node) for node in found.nodes] == [
        parts(node) for node in served.parse_text_proto(str(expected))["node"]
    ]
    names = [name for name, _, _ in nodes_of(tb, "graphs/pytorch")]
    assert any(name.startswith("Network/Sequential[body]/Residual[1]/BatchNorm2d[norm]/") for name in names)
    assert served.run_metadata(tb)["graphs/pytorch"]["profiler"]["step_stats"]


def parts(node: dict[str, list[Any]]) -> dict[str, Any]:
    """A node with its attributes in order of their names: their order means nothing."""
    return node | {"attr": sorted(node.get("attr", []), key=lambda attribute: attribute["key"])}


def test_the_graph_of_onnx_has_the_operations_of_the_file(tb, recorded):
    onnx = pytest.importorskip("onnx")
    [call] = recorded.only("add_onnx_graph")
    graph = onnx.load(call.arguments["onnx_model_file"]).graph
    expected = [(weight.name, "Const", []) for weight in graph.initializer]
    expected += [(value.name, "Placeholder", []) for value in graph.input]
    expected += [(node.name, node.op_type, list(node.input)) for node in graph.node]  # named as what they make
    expected += [(f"{value.name}_1", "Output", [value.name]) for value in graph.output]
    assert len(graph.node) == 4
    assert nodes_of(tb, "graphs/onnx") == expected


def test_the_graph_of_openvino_has_the_layers_of_the_file(tb, recorded):
    [call] = recorded.only("add_openvino_graph")
    network = ET.parse(call.arguments["xmlname"]).getroot()
    names = {layer.get("id"): layer.get("name") for layer in network.iter("layer")}
    edges = [(names[edge.get("from-layer")], names[edge.get("to-layer")]) for edge in network.iter("edge")]
    assert (len(names), len(edges)) == (5, 4)
    assert nodes_of(tb, "graphs/openvino") == [
        (name, layer.get("type"), [source for source, target in edges if target == name])
        for layer, name in zip(network.iter("layer"), names.values(), strict=True)
    ]


def test_the_graph_of_jax_has_the_primitives_of_the_function(tb, recorded):
    jax = pytest.importorskip("jax")
    [call] = [call for call in recorded.only("add_graph") if recorded.run(call) == "graphs/jax"]
    function, arguments = call.arguments["model"], call.arguments["input_to_model"]
    primitives = sorted(primitives_of(jax.make_jaxpr(function)(*arguments).jaxpr))
    nodes = nodes_of(tb, "graphs/jax")
    assert sorted(op for _, op, _ in nodes if op not in ("Placeholder", "Output")) == primitives
    assert "dot_general" in primitives
    assert [op for _, op, _ in nodes].count("Placeholder") == 3  # two weights and the images
    names = {name for name, _, _ in nodes}
    assert {source for _, _, inputs in nodes for source in inputs} <= names
    assert {name.split("/")[0] for name in names} == {"input", "hidden", "output"}


def primitives_of(jaxpr: Any) -> Iterator[str]:
    """The primitives, those of nested functions instead of the call."""
    for equation in jaxpr.eqns:
        inner = equation.params.get("jaxpr") or equation.params.get("call_jaxpr")
        if inner is None:
            yield equation.primitive.name
        else:
            yield from primitives_of(getattr(inner, "jaxpr", inner))


# ---- the command


def test_the_command_logs_the_same_again_for_the_same_seed(recorded, tmp_path):
    done = run_example(EXAMPLE, "--logdir", str(tmp_path), "--seed", str(SEED))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"tensorboard --logdir {tmp_path}"]
    assert "Warning" not in done.stderr
    assert contents(tmp_path) == contents(recorded.logdir)


def contents(logdir: Path) -> dict[str, list[tuple[int, bytes]]]:
    """{run: [(step, Summary)]}."""
    return {
        run: [(event.step, event.summary.SerializeToString(deterministic=True)) for event in events]
        for run, events in stock.events(logdir).items()
    }


def test_what_needs_a_package_that_is_absent_is_left_out_with_a_notice(tmp_path):
    """Nothing but what `import tensorboardX` needs can be imported."""
    source = str(Path(tensorboardX.__file__).parents[1])
    code = f"""
import runpy, sys
sys.modules.update(dict.fromkeys({OPTIONAL!r}))
sys.path.insert(0, {source!r})
sys.argv[1:] = ["--logdir", {str(tmp_path)!r}]
runpy.run_path({str(EXAMPLES / "all_dashboards.py")!r}, run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    *notices, last = done.stdout.splitlines()
    assert sorted(notice.split()[0] for notice in notices) == sorted(OPTIONAL)
    assert all(notice.endswith("is left out") for notice in notices)
    assert last == f"tensorboard --logdir {tmp_path}"
    assert sorted(contents(tmp_path)) == sorted(["graphs/openvino", "resumed", "search", *TRIALS, "training", *WAVES])


def test_main_leaves_the_process_as_it_was(tmp_path):
    random_state, numpy_state = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    load_example(EXAMPLE).main(["--logdir", str(tmp_path)])
    assert torch.equal(torch.random.get_rng_state(), random_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)
