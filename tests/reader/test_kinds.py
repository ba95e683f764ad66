"""Every kind of data, value by value as TensorBoard's EventAccumulator reads it, of every library that writes it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from stock_values import assert_reads_alike
from support.original import run_original
from torch.utils.tensorboard import SummaryWriter as TorchSummaryWriter

import tensorboardX
from tensorboardX import GlobalSummaryWriter, SummaryWriter
from tensorboardX.reader import open_logdir, walk

DATA = Path(__file__).parents[1] / "data" / "event_files"

# What the original and ours write alike; torch has other arguments here and there.
LOG = """
import sys
import numpy as np
from tensorboardX import SummaryWriter

rng = np.random.default_rng(5)
with SummaryWriter(sys.argv[1]) as writer:
    for step in (0, 1, 127, 128, 70000):
        writer.add_scalar("train/loss", 1 / (step + 1), step)
        writer.add_scalar("named", step, step, display_name="a name", summary_description="words")
        writer.add_scalars("both", {"sin": np.sin(step), "cos": np.cos(step)}, step)
        writer.add_histogram("weights", rng.normal(size=1000), step)
        writer.add_histogram("few", rng.normal(size=1000), step, bins=7)
        writer.add_text("note", f"step {step} \\u00fc", step)
    writer.add_scalar("no step", float("nan"))
    writer.add_image("image", rng.random((3, 8, 9)), 1)
    writer.add_image("large", rng.random((3, 120, 90)), 1)
    writer.add_images("images", rng.random((5, 3, 8, 8)), 2)
    writer.add_image_with_boxes("boxes", rng.random((3, 80, 80)), np.array([[1, 1, 30, 30]]), 2)
    writer.add_video("video", rng.random((1, 4, 3, 16, 16)), 3)
    writer.add_audio("sound", rng.random(300) - 0.5, 3, 8000)
    writer.add_audio("stereo", rng.random((30000, 2)) - 0.5, 3, 8000)
    writer.add_pr_curve("curve", rng.random(100) > 0.5, rng.random(100), 4)
    vertices, faces = rng.random((2, 5, 3)), np.array([[[0, 1, 2]]] * 2)
    writer.add_mesh("mesh", vertices, (vertices * 255).astype(np.uint8), faces, {"camera": 1}, 5)
    writer.add_mesh("mesh", vertices, None, None, {"camera": 1}, 6)
    writer.add_custom_scalars({"chart": {"losses": ["Multiline", ["train/loss"]]}})
    writer.add_hparams({"rate": 0.1, "name": "net", "bias": True}, {"final": 1.0}, name="trial")
"""


def assert_all_alike(directory: Path) -> dict[str, int]:
    """Compare every run; return how many rows there are of each kind."""
    logdir, rows = open_logdir(directory), {}
    runs = sorted({path.parent for path in directory.rglob("*tfevents*")})
    assert logdir.runs == sorted(path.relative_to(directory).as_posix() for path in runs)
    for path in runs:
        counts = assert_reads_alike(logdir, path.relative_to(directory).as_posix(), path)
        rows = {kind: rows.get(kind, 0) + count for kind, count in counts.items()}
    assert not logdir.index().damage
    return rows


def run(code: str, directory: Path) -> None:
    path = os.pathsep.join([str(Path(tensorboardX.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", code, str(directory)]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=True, timeout=120)


def test_what_we_write(tmp_path):
    run(LOG, tmp_path)
    rows = assert_all_alike(tmp_path)
    assert rows["meshes"] == 2
    assert {kind for kind, count in rows.items() if not count} == {"graph"}
    assert open_logdir(tmp_path).runs == [".", "both/cos", "both/sin", "trial"]


@pytest.mark.slow
def test_what_the_original_writes(tmp_path, original_python):
    run_original(original_python, LOG, tmp_path, timeout=300)
    rows = assert_all_alike(tmp_path)
    assert {kind for kind, count in rows.items() if not count} == {"graph"}


def test_faces_and_colours_of_torch_are_whole_numbers_unless_one_is_not(tmp_path):
    vertices, faces = torch.ones(1, 4, 3), torch.tensor([[[0, 1, 2], [1, 2, 3]]])
    with TorchSummaryWriter(str(tmp_path)) as writer:
        for step, shade in enumerate((255.0, 254.5)):
            writer.add_mesh("mesh", vertices, torch.full((1, 4, 3), shade), faces, global_step=step)
    meshes = open_logdir(tmp_path).meshes()
    for found in meshes["faces"]:
        assert (found.dtype, found.tolist()) == (np.int32, faces.tolist())
    assert [(array.dtype.name, array.max()) for array in meshes["colors"]] == [("uint8", 255), ("float32", 254.5)]


def test_what_torch_writes(tmp_path):
    rng = np.random.default_rng(5)
    with TorchSummaryWriter(str(tmp_path)) as writer:
        for step in (0, 1, 127, 128, 70000):
            writer.add_scalar("train/loss", 1 / (step + 1), step)
            writer.add_scalar("new", 1 / (step + 1), step, new_style=True)
            writer.add_scalar("double", 1 / (step + 1), step, new_style=True, double_precision=True)
            writer.add_scalars("both", {"sin": np.sin(step), "cos": np.cos(step)}, step)
            writer.add_histogram("weights", rng.normal(size=1000), step)
            writer.add_text("note", f"step {step} ü", step)
        writer.add_image("image", rng.random((3, 8, 9)), 1)
        writer.add_images("images", rng.random((5, 3, 90, 90)), 2)
        writer.add_audio("sound", torch.from_numpy(rng.random(300) - 0.5), 3, 8000)
        writer.add_pr_curve("curve", rng.random(100) > 0.5, rng.random(100), 4)
        vertices = torch.from_numpy(rng.random((2, 5, 3)).astype(np.float32))
        faces = torch.zeros((2, 1, 3), dtype=torch.int32)
        writer.add_mesh("mesh", vertices, (vertices * 255).to(torch.uint8), faces, {"camera": 1}, 5)
        writer.add_tensor("tensor", torch.arange(6.0).reshape(2, 3), 5)
        writer.add_hparams({"rate": 0.1, "name": "net", "bias": True}, {"final": 1.0}, run_name="trial")
        writer.add_graph(torch.nn.Linear(2, 1), torch.zeros(1, 2))
    rows = assert_all_alike(tmp_path)
    assert all(rows.values())


@pytest.mark.parametrize("name", ["tf1", "tf2", "tf2_steps"])
def test_what_tensorflow_writes(name):
    rows = assert_all_alike(DATA / name)
    others = {"hparams", "meshes", "pr_curves"}
    lacking = {"tf1": others, "tf2": set(), "tf2_steps": {*others, "graph"}}
    assert {kind for kind, count in rows.items() if not count} == lacking[name]
    if name == "tf2_steps":
        counts = {"scalars": 10, "histograms": 5, "images": 10, "audio": 10, "texts": 5, "tensors": 5}
        assert {kind: rows[kind] for kind in counts} == counts


@pytest.mark.parametrize(
    "options",
    [{"image_format": "JPEG"}, {"image_format": "WebP"}, {"merge_scalars": True}, {"filename_suffix": ".suffix"}],
)
def test_every_option_of_ours(tmp_path, options):
    rng = np.random.default_rng(5)
    with SummaryWriter(str(tmp_path), **options) as writer:
        for step in range(50):
            writer.add_scalar("plain", step / 3, step)
            writer.add_scalar("new", step / 3, step, new_style=True)
            writer.add_scalar("double", step / 3, step, double_precision=True)
            writer.add_scalars_at_step({"x": step, "y": -step}, step)
            writer.add_histogram("compact", rng.normal(size=1000), step, bins="compact")
        writer.add_scalar_series("series", rng.normal(size=3000))
        writer.add_image("picture", rng.random((3, 100, 100)), 1)
        for dtype in (bool, np.int8, np.uint16, np.int32, np.int64, np.uint64, np.float16, np.float64, np.complex64):
            writer.add_tensor(f"tensor/{np.dtype(dtype).name}", np.arange(6).reshape(2, 3).astype(dtype), 1)
            writer.add_tensor(f"large/{np.dtype(dtype).name}", np.arange(6000).reshape(2, 3000).astype(dtype), 1)
        writer.add_tensor("tensor/bfloat16", torch.arange(5, dtype=torch.bfloat16), 1)
        writer.add_tensor("tensor/empty", np.zeros((0, 3)), 1)
        writer.add_graph(torch.nn.Linear(2, 1), torch.zeros(1, 2))
    rows = assert_all_alike(tmp_path)
    assert rows["scalars"] == 5 * 50 + 3000
    assert rows["tensors"] == 20


def test_a_shared_file(tmp_path):
    writer = GlobalSummaryWriter(str(tmp_path))
    for index in range(30):
        writer.add_scalar("loss", index)
        writer.add_text("note", "text")
    writer.close()
    rows = assert_all_alike(tmp_path)
    assert (rows["scalars"], rows["texts"]) == (30, 30)


def test_several_files_of_a_run(tmp_path):
    for start in (0, 10, 5):
        with SummaryWriter(str(tmp_path)) as writer:
            for step in range(start, start + 10):
                writer.add_scalar("loss", step + start / 100, step)
                writer.add_histogram("weights", [step, start], step)
    rows = assert_all_alike(tmp_path)
    assert (rows["scalars"], rows["histograms"]) == (30, 30)


def test_every_dashboard(tmp_path):
    from support.recording import run_example

    run_example("all_dashboards", "--logdir", str(tmp_path / "runs"))
    rows = assert_all_alike(tmp_path / "runs")
    assert all(rows.values())


def test_nothing_changes_where_every_record_is_large(tmp_path, monkeypatch):
    run(LOG, tmp_path)
    monkeypatch.setattr(walk, "LARGE", 20)
    assert_all_alike(tmp_path)
    for name in ("tf1", "tf2"):
        assert_all_alike(DATA / name)
