"""What each method sends to Comet, in Comet's offline mode."""

from __future__ import annotations

import inspect
import io
import json
import wave

import numpy as np
import pytest
from archives import sent
from PIL import Image
from support.events import scalars

from tensorboardX import GlobalSummaryWriter, SummaryWriter
from tensorboardX.comet.logger import CometLogger


def test_the_logger_has_the_originals_module_and_does_nothing_when_off():
    from tensorboardX.comet_utils import CometLogger as Named

    assert Named is CometLogger
    for logger in (CometLogger(), CometLogger({"disabled": True})):
        logger.log_metric("a", "", 1.0, 1)
        logger.log_embedding(np.zeros((2, 2)), ["a", "b"])
        logger.end()


def test_numbers(tmp_path, config):
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        writer.add_scalar("a b", np.float32(1.5), 3)
        writer.add_scalar(tag="/c", scalar_value=2, global_step=np.int64(4), display_name="Shown")
        writer.add_scalars("losses", {"train": 1.0, "test": 2}, 5)
        with writer.use_metadata(global_step=6):
            writer.add_scalar("d", 3.0)
        writer.add_hparams({"lr": 0.1, "optimizer": "sgd"}, {"accuracy": 0.5}, "hp", 7)
    archive = sent(tmp_path)
    assert archive.metrics == [
        ("a_b", 1.5, 3),
        ("Shown", 2.0, 4),
        ("losses_test", 2.0, 5),
        ("losses_train", 1.0, 5),
        ("d", 3.0, 6),
    ]
    assert archive.parameters == {"lr": (0.1, 7), "optimizer": ("sgd", 7)}
    assert archive.others["Created from"] == "tensorboardX"
    assert scalars(tmp_path / "run") == [("a_b", 3, 1.5), ("c", 4, 2.0), ("d", 6, 3.0)]


def test_histograms(tmp_path, config):
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        writer.add_histogram("weights", np.array([[1.0, 1.0], [2.0, np.nan]]), 1)
        writer.add_histogram("stepless", [1, 2, 3])
        writer.add_histogram_raw("raw", 0.0, 1.0, 10, 5.0, 3.0, [0.5, 1.0], [6, 4], 2)
    archive = sent(tmp_path)
    step, kind, data = archive.file("weights")
    assert (step, kind) == (1, "histogram3d")
    assert sorted(count for _, count in json.loads(data)["index_values"]) == [1, 2]
    assert archive.file("stepless")[0] == 0
    step, kind, data = archive.file("raw")
    assert (step, kind) == (2, "asset")
    assert json.loads(data) == {
        "name": "raw",
        **{"min": 0, "max": 1, "num": 10, "sum": 5, "sumSquares": 3},
        **{"bucketLimit": [0.5, 1], "bucket": [6, 4]},
    }


def test_images_are_those_of_the_event_file(tmp_path, config):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 8, 9), dtype=np.uint8)
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        writer.add_image("one", pixels[0], 1)
        writer.add_image("last axis", pixels[0].transpose(1, 2, 0), 2, dataformats="HWC")
        writer.add_images("two", pixels, 3)
        writer.add_images("list", list(pixels), 4, dataformats="CHW")
        writer.add_image_with_boxes("boxes", pixels[0] * 0, [[1, 1, 6, 5]], 5)
    files = {name: (step, kind, np.array(Image.open(io.BytesIO(d)))) for name, step, kind, d in sent(tmp_path).files}
    assert {name: found[:2] for name, found in files.items()} == {
        name: (step, "visualization") for step, name in enumerate(["one", "last_axis", "two", "list", "boxes"], start=1)
    }
    one, other = pixels.transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(files["one"][2], one)
    np.testing.assert_array_equal(files["last_axis"][2], one)
    np.testing.assert_array_equal(files["two"][2], np.hstack([one, other]))
    np.testing.assert_array_equal(files["list"][2], np.hstack([one, other]))
    assert files["boxes"][2][1, 3].tolist() == [255, 0, 0]


def test_an_image_given_as_nested_lists_is_sent(tmp_path, config):
    rows = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        writer.add_image("rows", rows, 1, dataformats="HW")
        writer.add_image("channels", [rows], 2)
        writer.add_images("batch", [[rows], [rows]], 3, dataformats="CHW")
    pictures = {name: (step, Image.open(io.BytesIO(data))) for name, step, _, data in sent(tmp_path).files}
    assert {name: step for name, (step, _) in pictures.items()} == {"rows": 1, "channels": 2, "batch": 3}
    grey = np.array(rows) * 255
    for name, expected in (("rows", grey), ("channels", grey), ("batch", np.hstack([grey, grey]))):
        np.testing.assert_array_equal(np.array(pictures[name][1].convert("L")), expected)


def test_a_figure_is_sent_once(tmp_path, config):
    figures = pytest.importorskip("matplotlib.figure")
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        writer.add_figure("figure", figures.Figure(figsize=(1, 1), dpi=50), 1)
    ((name, step, _, data),) = sent(tmp_path).files
    assert (name, step, Image.open(io.BytesIO(data)).size) == ("figure", 1, (50, 50))


def test_audio_and_text(tmp_path, config):
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        writer.add_audio("sound", np.full((80, 1), 0.5, np.float32), 1, sample_rate=8000)
        writer.add_text("greeting", "hello", 2)
    archive = sent(tmp_path)
    step, kind, data = archive.file("sound")
    with wave.open(io.BytesIO(data)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getnframes()) == (8000, 1, 80)
        assert np.frombuffer(sound.readframes(80), "<i2").tolist() == [2**14] * 80
    assert (step, kind) == (1, "audio")
    assert [rest for name, *rest in archive.files if name != "sound"] == [[2, "text-sample", b"hello"]]


def test_curves(tmp_path, config):
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        writer.add_pr_curve("curve", [0, 1, 1, 0], [0.1, 0.9, 0.4, 0.6], 1, num_thresholds=3)
        writer.add_pr_curve_raw("raw", [3, 2], [2, 1], [0, 1], [0, 1], [0.5, 0.75], [1.0, 0.5], 2, 2)
    archive = sent(tmp_path)
    step, kind, data = archive.file("curve")
    assert (step, kind) == (1, "asset")
    assert json.loads(data) == {
        "name": "curve",
        "thresholds": [0, 0.5, 1],
        **{"TP": [2, 1, 0], "FP": [2, 1, 0], "TN": [0, 1, 2], "FN": [0, 1, 2]},
        **{"precision": [0.5, 0.5, 0], "recall": [1, 0.5, 0]},
    }
    assert json.loads(archive.file("raw")[2]) == {
        "name": "raw",
        "thresholds": [0, 1],
        "weights": None,
        **{"TP": [3, 2], "FP": [2, 1], "TN": [0, 1], "FN": [0, 1]},
        **{"precision": [0.5, 0.75], "recall": [1, 0.5]},
    }


def test_meshes(tmp_path, config):
    points = np.arange(9, dtype=np.float32).reshape(1, 3, 3)
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        writer.add_mesh("cloud", points, global_step=1)
        writer.add_mesh("mesh", points, points.astype(np.uint8), [[[0, 1, 2]]], {"camera": {}}, 2, walltime=9.0)
    common = {"asset_type": "mesh", "vertices": points.tolist()}
    step, _, data = sent(tmp_path).file("cloud")
    nothing = dict.fromkeys(("colors", "faces", "config_dict", "walltime"))
    assert (step, json.loads(data)) == (1, {"tag": "cloud", **common, **nothing})
    more = {"colors": points.tolist(), "faces": [[[0, 1, 2]]], "config_dict": {"camera": {}}, "walltime": 9}
    assert json.loads(sent(tmp_path).file("mesh")[2]) == {"tag": "mesh", **common, **more}


@pytest.mark.parametrize("keyword", ["onnx_model_file", "prototxt"])
def test_an_onnx_file_is_sent_as_it_is(tmp_path, config, keyword):
    onnx = pytest.importorskip("onnx")
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy"]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", ends[:1], ends[1:])
    onnx.save(onnx.helper.make_model(graph), tmp_path / "model.onnx")
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        writer.add_onnx_graph(**{keyword: tmp_path / "model.onnx"})
    assert sent(tmp_path).file("model.onnx")[1:] == ("asset", (tmp_path / "model.onnx").read_bytes())


def test_embeddings(tmp_path, config, comet_ml):
    if "NotImplementedError" in inspect.getsource(comet_ml.OfflineExperiment.log_embedding):
        pytest.skip("this version of comet_ml has no embeddings offline")
    pictures = np.zeros((2, 3, 4, 4), np.uint8)
    pictures[0, 0] = 255
    points = np.array([[1.0, 2.0], [3.0, 4.0]])
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        writer.add_embedding(points, tag="unlabelled")
        writer.add_embedding(points, ["a", 1], pictures, 1, "points")
        writer.add_embedding(points, [["a", 1], ["b", 2]], None, 1, "table", metadata_header=["name", "number"])
    archive = sent(tmp_path)
    tables = {data.decode() for name, _, _, data in archive.files if name.endswith(".tsv")}
    assert tables == {"1.0\t2.0\r\n3.0\t4.0\r\n", "a\r\n1\r\n", "name\tnumber\r\na\t1\r\nb\t2\r\n"}
    assert [name for name, _, kind, _ in archive.files if kind == "embeddings"] == ["points.json", "table.json"]
    (sprite,) = (data for _, _, kind, data in archive.files if kind == "visualization")
    picture = np.array(Image.open(io.BytesIO(sprite)))
    assert picture.shape == (8, 8, 4)  # Comet's sprites are square
    assert picture[::7, ::7].tolist() == [[[255, 0, 0, 255], [0, 0, 0, 255]], [[0, 0, 0, 0], [0, 0, 0, 0]]]


def test_a_nested_dict_is_sent_value_by_value(tmp_path, config):
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    values = {"train": {"loss": 0.5, "steps": np.arange(3.0)}, "note": "hello", "pixels": Image.fromarray(pixels)}
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        writer.log(values, 7)
        writer.add_table("rows", [{"a": 1}], 8)
    archive = sent(tmp_path)
    assert archive.metrics == [("train/loss", 0.5, 7)]
    texts = sorted((step, data) for name, step, kind, data in archive.files if kind == "text-sample")
    assert texts == [(7, b"hello"), (8, b"| a |\n| --- |\n| 1 |")]
    step, kind, data = archive.file("pixels")
    assert (step, kind) == (7, "visualization")
    np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(data))), pixels)
    assert archive.file("train/steps")[0] == 7


def test_a_global_writer_sends_what_it_logs(tmp_path, config):
    with GlobalSummaryWriter(tmp_path / "run", comet_config=config) as writer:
        writer.log({"a": {"b": 0.5}, "c": "text"})
    archive = sent(tmp_path)
    assert [metric[:2] for metric in archive.metrics] == [("a/b", 0.5)]
    assert [data for _, _, kind, data in archive.files if kind == "text-sample"] == [b"text"]
