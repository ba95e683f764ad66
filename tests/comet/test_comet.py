"""What goes to Comet beside the event files. Comet's offline mode, which writes a ZIP archive, is read back."""

from __future__ import annotations

import copy
import functools
import inspect
import io
import json
import os
import pickle
import subprocess
import sys
import wave
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.events import scalars

from tensorboardX import GlobalSummaryWriter, SummaryWriter
from tensorboardX.comet.listener import attach
from tensorboardX.comet.logger import CometLogger
from tensorboardX.storage import locks

# Read when comet_ml is imported: it patches other frameworks, and reports its own errors, unless told not to.
os.environ.setdefault("COMET_DISABLE_AUTO_LOGGING", "1")
os.environ.setdefault("COMET_ERROR_TRACKING_ENABLE", "false")

# Without these an experiment also tells about the machine, the source code and the repository.
QUIET = {
    **dict.fromkeys(("log_code", "log_git_metadata", "log_git_patch", "log_env_details", "parse_args"), False),
    "auto_output_logging": False,
    "display_summary_level": 0,
}


# ---- without comet_ml


@pytest.mark.parametrize("config", ["", "comet_config=None", "comet_config={'disabled': True}", "comet_config={}"])
def test_off_by_default_and_then_nothing_is_imported_or_replaced(tmp_path, config):
    (tmp_path / "comet_ml.py").write_text("raise SystemExit('comet_ml was imported')")
    code = (
        "from tensorboardX import SummaryWriter\n"
        f"with SummaryWriter('run', {config}) as writer:\n"
        "    writer.add_scalar('a', 1.0, 1)\n"
        "    print([name for name in vars(writer) if name == 'close' or name.startswith('add_')])\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


@pytest.mark.parametrize("config", [{"disabled": False}, {"project_name": "digits"}])
def test_missing_package_is_told_at_construction_with_the_extra(tmp_path, monkeypatch, config):
    monkeypatch.setitem(sys.modules, "comet_ml", None)
    with pytest.raises(ImportError, match=r"comet-ml: pip install 'tensorboardX\[comet\]'"):
        SummaryWriter(tmp_path / "run", comet_config=config)
    assert not (tmp_path / "run").exists()


def test_a_config_that_is_no_dict_is_refused_without_showing_what_may_be_a_key(tmp_path):
    with pytest.raises(TypeError, match="comet_config: got str; accepted is a dict or None") as raised:
        SummaryWriter(tmp_path, comet_config="SECRET")
    assert "SECRET" not in str(raised.value)


def test_the_logger_has_the_originals_module_and_does_nothing_when_off():
    from tensorboardX.comet_utils import CometLogger as Named

    assert Named is CometLogger
    for logger in (CometLogger(), CometLogger({"disabled": True})):
        logger.log_metric("a", "", 1.0, 1)
        logger.log_embedding(np.zeros((2, 2)), ["a", "b"])
        logger.end()


# ---- with comet_ml


@dataclass
class Archive:
    """One offline experiment. A file is its name, its step, its kind and its bytes."""

    metrics: list[tuple[str, float, int | None]]
    parameters: dict[str, object]
    others: dict[str, object]
    files: list[tuple[str, int | None, str, bytes]]

    def file(self, name: str) -> tuple[int | None, str, bytes]:
        (found,) = [rest for own, *rest in self.files if own == name]
        return tuple(found)


@pytest.fixture
def comet_ml():
    return pytest.importorskip("comet_ml")


@pytest.fixture
def config(comet_ml, tmp_path):
    return {"offline_directory": str(tmp_path / "comet"), **QUIET}


def archives(tmp_path: Path) -> list[Archive]:
    """What each experiment holds, the first to end first."""
    return [
        _read(path) for path in sorted((tmp_path / "comet").glob("*.zip"), key=lambda path: path.stat().st_mtime_ns)
    ]


def sent(tmp_path: Path) -> Archive:
    (archive,) = archives(tmp_path)
    return archive


def _read(path: Path) -> Archive:
    archive = Archive([], {}, {}, [])
    with zipfile.ZipFile(path) as content:
        for line in content.read("messages.json").splitlines():
            message = json.loads(line)
            _sort(message["type"], message["payload"], archive, content)
    return archive


def _sort(kind: str, payload: dict, archive: Archive, content: zipfile.ZipFile) -> None:
    if kind == "metric_msg" and payload["metric"]["metricName"] != "process duration":
        metric = payload["metric"]
        archive.metrics.append((metric["metricName"], metric["metricValue"], metric["step"]))
    elif kind == "parameter_msg" and payload["param"]["source"] == "manual":
        archive.parameters[payload["param"]["paramName"]] = (payload["param"]["paramValue"], payload["param"]["step"])
    elif kind == "log_other":
        archive.others[payload["key"]] = payload["value"]
    elif kind == "ws_msg" and "log_other" in payload:  # older versions of comet_ml
        archive.others[payload["log_other"]["key"]] = payload["log_other"]["val"]
    elif kind == "file_upload":
        about = payload["additional_params"]
        name = about.get("figName") or about["fileName"]
        archive.files.append((name, about["step"], payload["upload_type"], content.read(payload["file_path"])))


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


def test_pictures_are_those_of_the_event_file(tmp_path, config):
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


def test_sound_and_text(tmp_path, config):
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


def test_a_writer_that_logs_nothing_starts_no_experiment(tmp_path, config):
    SummaryWriter(tmp_path / "run", comet_config=config).close()
    assert archives(tmp_path) == []


def test_close_ends_the_experiment_and_the_next_value_starts_another(tmp_path, config, comet_ml):
    writer = SummaryWriter(tmp_path / "run", comet_config=config)
    writer.add_scalar("first", 1.0, 1)
    writer.close()
    writer.close()
    assert comet_ml.get_global_experiment() is None
    writer.add_scalar("second", 2.0, 2)
    writer.close()
    assert [archive.metrics for archive in archives(tmp_path)] == [[("first", 1.0, 1)], [("second", 2.0, 2)]]


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda writer: pickle.loads(pickle.dumps(writer))])
def test_a_copy_has_an_experiment_of_its_own(tmp_path, config, clone):
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        other = clone(writer)
        writer.add_scalar("a", 1.0, 1)
    with other:
        other.add_scalar("b", 2.0, 1)
    assert [archive.metrics for archive in archives(tmp_path)] == [[("a", 1.0, 1)], [("b", 2.0, 1)]]


@pytest.mark.skipif(not locks.HAS_SHARED_LOCKS, reason="processes share no files here")
def test_steps_that_processes_share_are_numbered_in_the_file_and_are_unknown_at_comet(tmp_path, config):
    with GlobalSummaryWriter(tmp_path / "run", comet_config=config) as writer:
        other = GlobalSummaryWriter(tmp_path / "run")  # stands for another process
        for value, logging in enumerate([writer, other, writer]):
            logging.add_scalar("a", value)
            logging.flush()
        other.close()
        writer.add_histogram("a", [1.0, 2.0])
    assert scalars(tmp_path / "run") == [("a", 0, 0.0), ("a", 1, 1.0), ("a", 2, 2.0)]
    archive = sent(tmp_path)
    assert archive.metrics == [("a", 0.0, None), ("a", 2.0, None)]
    assert [step for _, step, _, _ in archive.files] == [0]  # a histogram without a step


def test_steps_that_one_process_counts_are_those_at_comet(tmp_path, config):
    with GlobalSummaryWriter(tmp_path / "run", comet_config=config, coalesce_process=False) as writer:
        for value in (1.0, 2.0):
            writer.add_scalar("a", value)
    assert sent(tmp_path).metrics == [("a", 1.0, 0), ("a", 2.0, 1)]


@pytest.mark.skipif(not locks.HAS_SHARED_LOCKS, reason="processes share no files here")
def test_a_tool_that_replaces_a_method_that_comet_follows_sees_steps(tmp_path, config):
    seen = []
    with GlobalSummaryWriter(tmp_path / "run", comet_config=config) as writer:
        followed = writer.smw.add_scalar

        @functools.wraps(followed)
        def add_scalar(*args, **kwargs):
            seen.append(kwargs["global_step"])
            followed(*args, **kwargs)

        writer.smw.add_scalar = add_scalar
        for value in (1.0, 2.0):
            writer.add_scalar("a", value)
    assert seen == [0, 1]
    assert sent(tmp_path).metrics == [("a", 1.0, 0), ("a", 2.0, 1)]


def test_a_method_keeps_its_name_signature_and_error(tmp_path, config):
    plain = SummaryWriter(tmp_path / "plain")
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer, plain:
        assert writer.add_scalar.__name__ == "add_scalar"
        assert writer.add_scalar.__doc__ == SummaryWriter.add_scalar.__doc__
        assert inspect.signature(writer.add_scalar) == inspect.signature(plain.add_scalar)
        with pytest.raises(TypeError, match="'loss'"):
            writer.add_scalar("loss", object(), 1)
    assert archives(tmp_path) == []


def test_a_method_replaced_on_the_class_afterwards_is_called(tmp_path, config, monkeypatch):
    original, seen = SummaryWriter.add_scalar, []
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        monkeypatch.setattr(SummaryWriter, "add_scalar", lambda *args: seen.append(args[1]) or original(*args))
        writer.add_scalar("a", 1.0, 1)
    assert (seen, sent(tmp_path).metrics) == (["a"], [("a", 1.0, 1)])


def test_attaching_again_does_not_send_twice(tmp_path, config):
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        attach(writer, config)
        writer.add_scalar("a", 1.0, 1)
    assert sent(tmp_path).metrics == [("a", 1.0, 1)]


def no_route(*args, **kwargs):
    raise ConnectionError("no route")


def test_a_failure_at_comet_is_told_once_and_training_goes_on(tmp_path, config, comet_ml, monkeypatch, caplog):
    monkeypatch.setattr(comet_ml.OfflineExperiment, "log_text", no_route)
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        for step in range(3):
            writer.add_text("greeting", "hello", step)
        writer.add_scalar("a", 1.0, 3)
    ours = [record.getMessage() for record in caplog.records if record.name == "tensorboardX"]
    assert ours == ["add_text: not sent to Comet: no route; further failures are not reported"]
    assert sent(tmp_path).metrics == [("a", 1.0, 3)]


def test_an_experiment_that_cannot_start_is_told_once_and_training_goes_on(tmp_path, config, caplog):
    with SummaryWriter(tmp_path / "run", comet_config={**config, "experiment_key": "too short"}) as writer:
        for step in range(3):
            writer.add_scalar("a", 1.0, step)
    ours = [record.getMessage() for record in caplog.records if record.name == "tensorboardX"]
    assert len(ours) == 1
    assert "could not be started" in ours[0]
    assert len(scalars(tmp_path / "run")) == 3


def test_a_running_experiment_is_warned_of(tmp_path, config, comet_ml, caplog):
    running = comet_ml.OfflineExperiment(offline_directory=str(tmp_path / "other"), **QUIET)
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        writer.add_scalar("a", 1.0, 1)
    running.end()
    assert "a Comet experiment is running already" in caplog.text
    assert sent(tmp_path).metrics == [("a", 1.0, 1)]


@pytest.mark.parametrize(("api_key", "logins"), [({"api_key": "key"}, 0), ({}, 1)])
def test_an_online_experiment_gets_the_settings_as_they_are(tmp_path, config, comet_ml, monkeypatch, api_key, logins):
    settings = {"project_name": "digits", "workspace": "team", "disabled": False, **api_key, **QUIET}
    calls, asked = [], []

    def online(**options):  # stands for the server only: the experiment itself is real
        calls.append(options)
        return comet_ml.OfflineExperiment(**config)

    monkeypatch.setattr(comet_ml, "Experiment", online)
    monkeypatch.setattr(comet_ml, "init", lambda: asked.append("init"))
    monkeypatch.setattr(comet_ml, "login", lambda: asked.append("login"), raising=False)
    with SummaryWriter(tmp_path / "run", comet_config=settings) as writer:
        writer.add_scalar("a", 1.0, 1)
    assert (calls, asked) == ([settings], ["login"] * logins)
    assert sent(tmp_path).metrics == [("a", 1.0, 1)]


SCRIPT = """
import json, os, sys
import numpy as np
from tensorboardX import SummaryWriter

writer = SummaryWriter("run", comet_config=json.loads(sys.argv[1]))
writer.add_audio("sound", np.zeros(80, np.float32), 1, 8000)
"""


def run_script(tmp_path: Path, config: dict, code: str) -> str:
    """Run the code in a process of its own, whose temporary files are below `tmp_path`; returns its standard error."""
    (tmp_path / "temporary").mkdir()
    path = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "PYTHONPATH": path, "TMPDIR": str(tmp_path / "temporary")}
    command = [sys.executable, "-c", code, json.dumps(config)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=60, check=True
    )
    return done.stderr


def test_the_end_of_the_process_ends_the_experiment_and_leaves_no_temporary_file(tmp_path, config):
    run_script(tmp_path, config, SCRIPT)
    assert sent(tmp_path).file("sound")[:2] == (1, "audio")
    assert list((tmp_path / "temporary").glob("tensorboardX-*")) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_the_experiment_to_its_parent(tmp_path, config):
    child = """
pid = os.fork()
if pid == 0:
    for step in range(2):
        writer.add_scalar("child", 1.0, step)
    writer.close()
    os._exit(0)  # as multiprocessing does
assert os.waitpid(pid, 0)[1] == 0
writer.add_scalar("parent", 2.0, 1)
writer.close()
"""
    warnings = run_script(tmp_path, config, SCRIPT + child)
    assert warnings.count("nothing is sent to Comet from a process forked") == 1
    assert sent(tmp_path).metrics == [("parent", 2.0, 1)]
    assert len(sent(tmp_path).files) == 1
    assert sorted(name for name, _, _ in scalars(tmp_path / "run")) == ["child", "child", "parent"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_while_a_thread_starts_an_experiment_does_not_wait_for_it(tmp_path, config):
    code = """
import json, os, signal, sys, threading
import comet_ml
from tensorboardX import SummaryWriter

real, begun, forked, parent = comet_ml.OfflineExperiment, threading.Event(), threading.Event(), os.getpid()

def start(**options):
    if os.getpid() != parent:
        raise ConnectionError("not from here")
    begun.set()
    forked.wait(30)
    return real(**options)

comet_ml.OfflineExperiment = start
writer = SummaryWriter("run", comet_config=json.loads(sys.argv[1]))
thread = threading.Thread(target=writer.add_scalar, args=("parent", 1.0, 1))
thread.start()
begun.wait(30)
pid = os.fork()
if pid == 0:
    signal.alarm(10)
    writer.add_scalar("child", 1.0, 1)
    writer.flush()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
forked.set()
thread.join()
writer.close()
"""
    assert "not from here" in run_script(tmp_path, config, code)
    assert sent(tmp_path).metrics == [("parent", 1.0, 1)]


def test_a_failure_to_say_who_made_the_experiment_stops_nothing(tmp_path, config, comet_ml, monkeypatch, caplog):
    monkeypatch.setattr(comet_ml.OfflineExperiment, "log_other", no_route)
    with SummaryWriter(tmp_path / "run", comet_config=config) as writer:
        writer.add_scalar("a", 1.0, 1)
    assert sent(tmp_path).metrics == [("a", 1.0, 1)]
    assert "could not be started" not in caplog.text
    assert "no route" in caplog.text
