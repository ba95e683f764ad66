"""The script that calls every method, run on the original and on ours: TensorBoard serves the same of both.

Where it does not, the difference is named here, with the reason for which it is accepted, and checked as well: that
the original has what is said of it, and ours what is better. See docs/differences.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from support import served
from support.original import run_original
from support.recording import EXAMPLES, run_example
from support.tensorboard_server import TensorBoard

EXAMPLE = "all_dashboards"
RUN_SCRIPT = "import runpy, sys; path = sys.argv.pop(1); runpy.run_path(path, run_name='__main__')"

# What TensorBoard serves differently, and why that is accepted.
JAX_GRAPHS = "The original draws PyTorch models only."
NEW_SCALARS = "new_style, add_scalars_at_step and add_scalar_series are not in the original."
NEW_TABLES = "The original has no add_table."
LOST_NAMES = "The data server throws away the names and descriptions that the original gives scalars: no data_class."
NO_PURGE = "The Python loader acts on the second START of a run, and the original writes one: purge_step does nothing."
GIF_FRAMES = "moviepy sums up the durations of the frames, and loses the last one where the sum is rounded down."
GIF_DELAYS = "moviepy cuts the duration of a frame to hundredths of a second; here the rest is carried on."
SOUND_TYPE = "The original does not tell the data server that a sound is WAV."
MERGED_LAYOUT = "TensorBoard keeps the last layout of a run: of the original's several calls, only the last is seen."
ALL_HPARAMS = "The original's Experiment record of one trial hides the hyperparameters that only other trials have."
POINT_FILES = "Points are stored as binary float32, not as text: faster to write and to read, and equal when served."
ONNX_NODES = (
    "In the original's graph, results are placeholders of the names of what makes them, and weights are absent."
)
OPENVINO_NODES = "The original makes a node for each edge, all of the op 'op': inputs and constants have none."

pytestmark = pytest.mark.slow


class Both(NamedTuple):
    ours: TensorBoard
    original: TensorBoard
    loader: str

    def serve(self, reader: Any) -> tuple[Any, Any]:
        """What a reader of `served` gives for ours and for the original."""
        return reader(self.ours), reader(self.original)


class Logdirs(NamedTuple):
    ours: Path
    original: Path
    absent: set[str]  # packages that the original's interpreter lacks


@pytest.fixture(scope="module")
def logdirs(original_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Logdirs:
    ours, original = tmp_path_factory.mktemp("ours"), tmp_path_factory.mktemp("original")
    done = run_original(original_python, RUN_SCRIPT, EXAMPLES / f"{EXAMPLE}.py", "--logdir", original)
    absent = {line.split()[0] for line in done.stdout.splitlines() if line.endswith("is left out")}
    assert absent <= {"onnx"}
    done = run_example(EXAMPLE, "--logdir", str(ours))
    assert done.returncode == 0, done.stderr
    return Logdirs(ours, original, absent)


@pytest.fixture(scope="module", params=["rust", "python"])
def both(request: pytest.FixtureRequest, logdirs: Logdirs) -> Iterator[Both]:
    """Two servers for all tests: they only read."""
    fast = request.param == "rust"
    with TensorBoard(logdirs.ours, fast) as ours, TensorBoard(logdirs.original, fast) as original:
        yield Both(ours, original, request.param)


def remove(ours: dict[str, Any], original: dict[str, Any], names: set[str], reason: str) -> None:
    """Accept that the original has nothing under `names`."""
    for name in names:
        assert name not in original, reason
        assert ours.pop(name), reason


# ---- plugin by plugin


def test_runs_and_dashboards(both, logdirs):
    ours, original = both.serve(served.runs)
    assert set(ours) - set(original) == {"graphs/jax"} | {f"graphs/{name}" for name in logdirs.absent}, JAX_GRAPHS
    assert set(original) < set(ours)
    dashboards = both.ours.wait_until(lambda: active_with_projector(both.ours))
    assert both.original.wait_until(lambda: active_with_projector(both.original)) == dashboards
    assert len(dashboards) >= 12


def active_with_projector(tb: TensorBoard) -> set[str] | None:
    active = served.active_plugins(tb)
    return active if "projector" in active else None


def test_scalars(both):
    ours, original = both.serve(served.scalars)
    names = {f"speed/{name}" for name in ("images_per_second", "forward", "backward", "seconds")}
    remove(ours["training"], original["training"], names, NEW_SCALARS)
    if both.loader == "python":
        mine, theirs = ours["resumed"].pop("loss"), original["resumed"].pop("loss")
        assert len(theirs) == len(mine) + 30, NO_PURGE
        assert set(mine) < set(theirs), NO_PURGE
    assert sum(len(tags) for tags in ours.values()) > 25
    assert ours == original


def test_names_and_descriptions_of_scalars(both):
    ours, original = (labels["training"] for labels in both.serve(lambda tb: served.labels(tb, "scalars")))
    if both.loader == "rust":
        assert (ours["lr"][0], original.pop("lr")) == ("Learning rate", ("", "")), LOST_NAMES
    assert original == {tag: ours[tag] for tag in original}


def test_exported_scalars(logdirs):
    ours, original = (
        {
            str(Path(run).relative_to(logdir)): [(step, value) for _, step, value in points]
            for run, points in json.loads((logdir / "waves.json").read_text()).items()
        }
        for logdir in logdirs[:2]
    )
    assert len(ours) == 3
    assert ours == original


@pytest.mark.parametrize("name", ["histograms", "distributions", "text"])
def test_histograms_distributions_and_texts(both, name):
    ours, original = both.serve(getattr(served, name))
    assert ours.keys() == {"training"}
    assert len(ours["training"]) >= 4
    if name == "text":
        remove(ours["training"], original["training"], {"answers/text_summary"}, NEW_TABLES)
    assert ours == original


def test_pr_curves(both):
    ours, original = both.serve(served.pr_curves)
    assert ours["training"].keys() == original["training"].keys()
    for tag, curves in ours["training"].items():
        assert len(curves) == 8
        for (step, curve), (other_step, other) in zip(curves, original["training"][tag], strict=True):
            assert step == other_step
            np.testing.assert_equal(curve, other)


def test_images_and_figures(both):
    ours, original = (images["training"] for images in both.serve(served.images))
    assert ours.keys() == original.keys()
    for tag in ours.keys() - {"balls"}:
        assert ours[tag].keys() == original[tag].keys() == {0}
        for (step, pixels), (other_step, other) in zip(ours[tag][0], original[tag][0], strict=True):
            assert step == other_step
            np.testing.assert_array_equal(pixels, other)


def test_videos(both):
    ours, original = (images["training"]["balls"][0] for images in both.serve(served.images))
    for (step, video), (other_step, other) in zip(ours, original, strict=True):
        assert step == other_step
        assert video.shape[1:] == other.shape[1:]
        assert len(other) == len(video) - 1, GIF_FRAMES
        np.testing.assert_array_equal(video[:-1], other)  # without loss in both


def test_rates_of_videos(both):
    ours, original = both.serve(served.image_files)
    for (_, data), (_, other) in zip(ours["training"]["balls"][0], original["training"]["balls"][0], strict=True):
        assert set(served.frame_delays(other)) == {8}, GIF_DELAYS  # twelve frames in 0.96 seconds
        assert sum(served.frame_delays(data)) == 200, GIF_DELAYS  # 24 frames in two seconds


def test_audio(both):
    ours, original = both.serve(served.audio)
    assert ours.keys() == original.keys() == {"training"}
    for tag, samples in ours["training"].items():
        for sound, other in zip(samples[0], original["training"][tag][0], strict=True):
            assert (sound.step, sound.label) == (other.step, other.label)
            rate, frames = sound.pcm()
            other_rate, other_frames = other.pcm()
            assert rate == other_rate
            np.testing.assert_array_equal(frames, other_frames)
            unknown = "application/octet-stream" if both.loader == "rust" else "audio/wav"
            assert (sound.content_type, other.content_type) == ("audio/wav", unknown), SOUND_TYPE


def test_meshes(both):
    ours, original = both.serve(served.meshes)
    np.testing.assert_equal(ours, original)
    assert ours["training"].keys() == {"ring_to_knot", "ring_and_knot", "points", "points_without_colors"}


def test_embeddings(both):
    ours, original = (projector["training"] for projector in both.serve(served.projector))
    assert len(ours.embeddings) == 2
    for mine, theirs in zip(ours.config["embeddings"], original.config["embeddings"], strict=True):
        assert mine.pop("tensorPath").endswith("tensors.bytes"), POINT_FILES
        assert theirs.pop("tensorPath").endswith("tensors.tsv"), POINT_FILES
    assert ours.config == original.config
    assert ours.embeddings.keys() == original.embeddings.keys()
    for name, embedding in ours.embeddings.items():
        np.testing.assert_equal(embedding._asdict(), original.embeddings[name]._asdict())


def test_hyperparameters(both):
    ours, original = both.serve(served.hparams_experiment)
    names, seen = ({info["name"] for info in experiment["hparamInfos"]} for experiment in (ours, original))
    assert names == {"optimizer", "lr", "momentum", "nesterov", "beta2"}
    assert seen in ({"optimizer", "lr", "momentum", "nesterov"}, {"optimizer", "lr", "beta2"}), ALL_HPARAMS
    metrics, others = ([info["name"]["tag"] for info in experiment["metricInfos"]] for experiment in (ours, original))
    assert sorted(metrics) == sorted(others)

    trials, other_trials = (
        {group["sessions"][0]["name"]: trial(group) for group in groups}
        for groups in both.serve(served.hparams_session_groups)
    )
    assert len(trials) == 8
    assert trials == other_trials


def trial(group: dict[str, Any]) -> dict[str, Any]:
    """A row of the table without its times."""
    metrics = {value["name"]["tag"]: (value["trainingStep"], value["value"]) for value in group["metricValues"]}
    return {
        "name": group["name"],
        "hparams": group["hparams"],
        "metrics": metrics,
        "status": group["sessions"][0]["status"],
    }


def test_custom_charts(both):
    ours, original = (charts(layout) for layout in both.serve(served.custom_scalars_layout))
    last = ("training", "accuracy and its bounds")
    assert len(ours) == 4, MERGED_LAYOUT
    assert original == {last: ours[last]}, MERGED_LAYOUT
    drawn, other = both.serve(lambda tb: served.custom_scalars(tb, r"gradient_norm/layer\d"))
    assert len(drawn["training"]) == 4
    assert drawn == other


def charts(layout: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(part["title"], chart["title"]): chart for part in layout["category"] for chart in part["chart"]}


# ---- graphs


def test_the_graph_of_pytorch(both):
    ours, original = (graphs["graphs/pytorch"] for graphs in both.serve(served.graphs))
    assert ours.keys() == original.keys() == {None}
    assert len(ours[None].nodes) > 30
    assert nodes(ours[None]) == nodes(original[None])
    mine, theirs = (metadata["graphs/pytorch"] for metadata in both.serve(served.run_metadata))
    assert mine == theirs


def nodes(graph: served.Graph) -> list[dict[str, Any]]:
    """The nodes, with their attributes in order of their names: their order means nothing."""
    return [node | {"attr": sorted(node.get("attr", []), key=lambda pair: pair["key"])} for node in graph.nodes]


def edges(graph: served.Graph) -> set[tuple[str, str]]:
    return {(source, node["name"][0]) for node in graph.nodes for source in node.get("input", [])}


def names(graph: served.Graph) -> list[str]:
    return [node["name"][0] for node in graph.nodes]


def test_the_graph_of_openvino(both):
    ours, original = (graphs["graphs/openvino"][None] for graphs in both.serve(served.graphs))
    assert edges(ours) == edges(original)
    assert len(edges(ours)) == 4
    assert names(original) == ["convolution", "convolution", "activation", "boxes"], OPENVINO_NODES
    assert {node["op"][0] for node in original.nodes} == {"op"}, OPENVINO_NODES
    assert set(names(ours)) == {*names(original), "image", "kernels"}, OPENVINO_NODES


def test_the_graph_of_onnx(both, logdirs):
    if "onnx" in logdirs.absent:
        pytest.skip("the original's interpreter has no onnx")
    ours, original = (graphs["graphs/onnx"][None] for graphs in both.serve(served.graphs))
    assert edges(ours) - edges(original) == {("probabilities", "probabilities_1")}, ONNX_NODES
    assert edges(original) < edges(ours)
    assert names(original).count("probabilities") == 2, ONNX_NODES
    weights = {f"layer{number}.{kind}" for number in (1, 2) for kind in ("weight", "bias")}
    assert set(names(ours)) - set(names(original)) == {*weights, "probabilities_1"}, ONNX_NODES
    ops, others = ({node["name"][0]: node["op"][0] for node in graph.nodes} for graph in (ours, original))
    for name in ("layer1", "hidden", "layer2", "probabilities"):
        assert ops[name] == others[name]
