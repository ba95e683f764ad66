"""TensorBoard and the readers of its answers, tried on runs that PyTorch's own writer wrote."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.tensorboard import SummaryWriter

from support import served
from support.original import run_original
from support.tensorboard_server import TensorBoard, TensorBoardError

RANDOM = np.random.default_rng(7)
PIXELS = RANDOM.integers(0, 256, (5, 4, 3), dtype=np.uint8)
VERTICES = RANDOM.random((1, 6, 3), dtype=np.float32)
VECTORS = RANDOM.random((4, 3), dtype=np.float32)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log directory with one value of each common kind, in the root run."""
    logdir = tmp_path_factory.mktemp("common")
    with SummaryWriter(str(logdir)) as writer:
        for step, value in enumerate([0.5, float("nan"), float("-inf")]):
            writer.add_scalar("loss", value, step)
        writer.add_image("picture", PIXELS, 3, dataformats="HWC")
        writer.add_text("note", "**bold** é", 4)
        writer.add_histogram("weights", np.array([0.0, 1.0, 2.0, 2.0]), 5, bins=[0, 1, 2])
        writer.add_audio("tone", torch.tensor([[0.0, 0.5, -0.5]]), 6, sample_rate=8000)
    return logdir


@pytest.fixture(scope="module")
def special_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log directory with the kinds that have dashboards of their own."""
    logdir = tmp_path_factory.mktemp("special")
    with SummaryWriter(str(logdir)) as writer:
        writer.add_pr_curve("pr", np.array([0, 1, 1]), np.array([0.1, 0.6, 1.0]), 1, num_thresholds=5)
        writer.add_mesh("body", torch.from_numpy(VERTICES), faces=torch.tensor([[[0, 1, 2]]]), global_step=2)
        writer.add_embedding(VECTORS, ["a", "b", "c", "é"], torch.zeros(4, 3, 8, 8), 3, "points")
        writer.add_custom_scalars({"group": {"chart": ["Multiline", ["acc/.*"]]}})
        writer.add_graph(torch.nn.Linear(2, 3), torch.zeros(1, 2))
        writer.add_hparams({"lr": 0.5, "name": "x"}, {"acc/final": 0.25}, run_name="trial")
    return logdir


def test_common_kinds_are_served_as_written(tensorboard, run):
    tb = tensorboard(run)
    assert served.runs(tb) == ["."]
    assert {"scalars", "images", "text", "histograms", "distributions", "audio"} <= served.active_plugins(tb)
    points = served.scalars(tb)["."]["loss"]
    np.testing.assert_equal(points, [(0, 0.5), (1, float("nan")), (2, float("-inf"))])

    [(step, pixels)] = served.images(tb)["."]["picture"][0]
    assert step == 3
    np.testing.assert_array_equal(pixels, PIXELS)

    [(step, html)] = served.text(tb)["."]["note/text_summary"]
    assert step == 4
    assert "<strong>bold</strong> é" in html

    [(step, buckets)] = served.histograms(tb)["."]["weights"]
    assert step == 5
    assert [count for _, _, count in buckets if count] == [1, 3]
    assert [bucket for bucket in buckets if bucket[2]][-1] == [1, 2, 3]
    [(_, percentiles)] = served.distributions(tb)["."]["weights"]
    assert percentiles[-1] == [10000, 2]

    [sound] = served.audio(tb)["."]["tone"][0]
    rate, samples = sound.pcm()
    assert (sound.step, rate) == (6, 8000)
    np.testing.assert_allclose(samples / 32767, [[0], [0.5], [-0.5]], atol=1e-4)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_special_dashboards_are_served_as_written(tensorboard, special_run):
    tb = tensorboard(special_run)
    [(step, curve)] = served.pr_curves(tb)["."]["pr"]
    assert step == 1
    np.testing.assert_allclose(curve["thresholds"], [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_array_equal(curve["true_positives"], [2, 2, 2, 1, 1])

    mesh = served.meshes(tb)["."]["body"][0][2]
    np.testing.assert_array_equal(mesh["vertices"], VERTICES[0])
    np.testing.assert_array_equal(mesh["faces"], [[0, 1, 2]])

    [embedding] = served.projector(tb)["."].embeddings.values()
    np.testing.assert_allclose(embedding.tensor, VECTORS, rtol=1e-6)
    assert embedding.metadata == ["a", "b", "c", "é"]
    assert embedding.sprite.shape == (16, 16, 3)
    assert tb.wait_until(lambda: "projector" in served.active_plugins(tb))

    assert served.custom_scalars_layout(tb)["category"][0]["chart"][0]["multiline"] == {"tag": ["acc/.*"]}
    assert served.custom_scalars(tb, "acc/.*") == {"trial": {"acc/final": [(0, 0.25)]}}

    by_name = {node["name"][0]: node for node in served.graphs(tb)["."][None].nodes}
    assert by_name["input/input"]["op"] == ["IO Node"]
    assert any(node.get("input") for node in by_name.values())
    assert "step_stats" in next(iter(served.run_metadata(tb)["."].values()))

    assert [info["name"] for info in served.hparams_experiment(tb)["hparamInfos"]] == ["lr", "name"]
    [group] = served.hparams_session_groups(tb)
    assert group["hparams"] == {"lr": 0.5, "name": "x"}
    assert group["metricValues"][0]["value"] == 0.25


def test_a_live_server_shows_points_appended_later(tensorboard, tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.flush()
        tb = tensorboard(tmp_path, reload_interval=1)
        tb.wait_until(lambda: served.scalars(tb) == {".": {"loss": [(0, 1.0)]}})
        writer.add_scalar("loss", 2.0, 1)
        writer.flush()
        tb.wait_until(lambda: served.scalars(tb) == {".": {"loss": [(0, 1.0), (1, 2.0)]}})


def test_errors_carry_the_status_and_the_log(tensorboard, run):
    tb = tensorboard(run)
    with pytest.raises(TensorBoardError, match="404") as caught:
        tb.get_json("/data/plugin/scalars/scalars", run="absent", tag="absent")
    assert caught.value.status == 404
    assert "log ends with" in str(caught.value)
    with pytest.raises(TimeoutError, match="absent"):
        tb.wait_until(lambda: tb.get_json("/data/plugin/scalars/scalars", run="absent", tag="absent"), timeout=0.5)


def test_a_server_that_cannot_start_tells_why(tmp_path):
    with pytest.raises(TensorBoardError, match="no_such_flag"), TensorBoard(tmp_path, False, flags=["--no_such_flag"]):
        pass


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="reads the process table of Linux")
def test_closing_ends_the_server_and_its_data_server(run):
    with TensorBoard(run, load_fast=True) as tb:
        pid = tb.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert children
    assert not [child for child in children if _is_running(child)]
    assert tb.process.returncode is not None


def _is_running(pid: str) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return re.search(r"\) (\S)", stat)[1] != "Z"


def test_text_proto_keeps_nesting_repetition_and_escapes():
    text = r"""
node {
  name: "a\"\303\251\n"
  input: "x"
  input: "y"
  attr {
    key: "k: {"
  }
}
version: 3
"""
    node = {"name": ['a"é\n'], "input": ["x", "y"], "attr": [{"key": ["k: {"]}]}
    assert served.parse_text_proto(text) == {"node": [node], "version": ["3"]}


def test_the_original_runs_apart_from_this_project(original_python, request):
    script = "import sys, tensorboardX, os; print(tensorboardX.__version__, sys.argv[1:], os.listdir(), sys.path)"
    done = run_original(original_python, script, "a b", 1)
    assert done.stdout.startswith("2.6.5 ['a b', '1'] [] ")
    assert str(Path(__file__).parents[1]) not in done.stdout
    assert request.node.get_closest_marker("slow")


def test_a_failing_script_of_the_original_shows_its_error(original_python):
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        run_original(original_python, "1 / 0")
