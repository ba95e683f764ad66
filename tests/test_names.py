"""Names of tensorboardX 2.6.5 that programs rely on, each reachable where they look for it."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import pickle
import re
import subprocess
import sys

import pytest
from support import record_names
from support.original import run_original

import tensorboardX

MODULES = {
    "": ["FileWriter", "GlobalSummaryWriter", "RecordWriter", "SummaryWriter", "__version__"],
    "writer": [
        *["SummaryWriter", "FileWriter", "DummyFileWriter", "EventFileWriter", "event_pb2", "summary_pb2", "Event"],
        *["SessionLog", "figure_to_image", "scalar", "histogram", "histogram_raw", "image", "image_boxes", "video"],
        *["audio", "text", "custom_scalars", "pr_curve", "pr_curve_raw", "mesh", "hparams"],
    ],
    "summary": [
        *["hparams", "scalar", "histogram", "histogram_raw", "image", "image_boxes", "make_image", "make_video"],
        *["make_histogram", "video", "audio", "text", "custom_scalars", "pr_curve", "pr_curve_raw", "mesh"],
        *["compute_curve", "draw_boxes", "_clean_tag", "Summary", "SummaryMetadata", "HistogramProto"],
    ],
    "event_file_writer": ["EventFileWriter", "EventsWriter", "event_pb2", "RecordWriter", "directory_check"],
    "record_writer": [
        *["RecordWriter", "masked_crc32c", "u32", "register_writer_factory", "REGISTERED_FACTORIES"],
        *["directory_check", "open_file", "make_valid_tf_name", "S3RecordWriter", "S3RecordWriterFactory"],
        *["GCSRecordWriter", "GCSRecordWriterFactory"],
    ],
    "utils": ["figure_to_image", "_prepare_video", "make_grid", "convert_to_HWC", "convert_to_NTCHW"],
    "x2num": ["make_np", "check_nan", "prepare_pytorch", "prepare_theano", "prepare_mxnet", "prepare_chainer"],
    "embedding": ["make_sprite", "make_mat", "make_tsv", "append_pbtxt"],
    "crc32c": ["crc32c"],
    "global_writer": ["GlobalSummaryWriter", "_writer"],
    "onnx_graph": ["load_onnx_graph"],
    "openvino_graph": ["load_openvino_graph"],
    "comet_utils": ["CometLogger"],
    "proto.event_pb2": ["Event", "SessionLog", "TaggedRunMetadata"],
    "proto.summary_pb2": ["Summary", "SummaryMetadata", "HistogramProto", "SummaryDescription"],
    "proto.graph_pb2": ["GraphDef"],
    "proto.node_def_pb2": ["NodeDef"],
    "proto.attr_value_pb2": ["AttrValue", "NameAttrList"],
    "proto.tensor_pb2": ["TensorProto"],
    "proto.tensor_shape_pb2": ["TensorShapeProto"],
    "proto.types_pb2": ["DataType", "DT_FLOAT", "DT_STRING", "DT_INT64"],
    "proto.versions_pb2": ["VersionDef"],
    "proto.resource_handle_pb2": ["ResourceHandleProto"],
    "proto.layout_pb2": ["Layout", "Category", "Chart", "MultilineChartContent", "MarginChartContent"],
    "proto.api_pb2": ["Experiment", "HParamInfo", "MetricInfo", "MetricName", "Interval", "Status", "DataType"],
    "proto.plugin_hparams_pb2": ["HParamsPluginData", "SessionStartInfo", "SessionEndInfo"],
    "proto.plugin_mesh_pb2": ["MeshPluginData"],
    "proto.plugin_pr_curve_pb2": ["PrCurvePluginData"],
    "proto.plugin_text_pb2": ["TextPluginData"],
}

NAMES = [(module, name) for module, names in MODULES.items() for name in names]

BEFORE = {
    "embedding": ["PreparedEmbedding", "prepare_embedding"],
    "event_queue": ["EventQueue", "QueueOptions", "Stats"],
    "record_reader": ["RecordReader", "read_records"],
    "record_writer": ["frame"],
    "testing": [
        *["Fault", "FaultyFile", "FaultyStore", "StoreContractError", "block", "check_store", "fail", "read_events"],
        *["short", "slow"],
    ],
    "errors": ["TensorBoardXError", "InvalidTypeError", "InvalidValueError", "MissingExtraError", "LogdirError"],
    "graph": ["model_graph"],
}
"""What this package had beside the names of the original before its modules were put into folders."""

NAMES += [(module, name) for module, names in BEFORE.items() for name in names]

RECORDED = json.loads(record_names.PATH.read_text(encoding="utf-8"))

# Names of the original that ours does not have, and why.
VISDOM = "There is no writer for Visdom."
OWN_WAY = "A step on the way of a value, which goes another way here."
FOR_ITSELF = "The module imports it for itself, and has it under no name that anybody documents."
ABSENT = {
    ("", "TorchVis"): VISDOM,
    ("", "torchvis"): VISDOM,
    ("", "visdom_writer"): VISDOM,
    ("comet_utils", "_clean_tag"): FOR_ITSELF,
    ("crc32c", "_MASK"): OWN_WAY,
    ("event_file_writer", "_EventLoggerThread"): OWN_WAY,
    ("record_writer", "_VALID_OP_NAME_PART"): OWN_WAY,
    ("record_writer", "_VALID_OP_NAME_START"): OWN_WAY,
    ("record_writer", "crc32c"): FOR_ITSELF,
    ("summary", "_INVALID_TAG_CHARACTERS"): OWN_WAY,
    ("summary", "_draw_single_box"): OWN_WAY,
    ("summary", "_get_tensor_summary"): OWN_WAY,
    **{
        (module, name): FOR_ITSELF
        for module in ("onnx_graph", "openvino_graph")
        for name in ("AttrValue", "GraphDef", "NodeDef", "TensorShapeProto", "VersionDef")
    },
}
ORIGINAL = [
    pytest.param(module, name, parameters, id=f"{module}.{name}".lstrip("."))
    for module, names in RECORDED["modules"].items()
    for name, parameters in names.items()
]

# Modules that `import tensorboardX` alone makes reachable as attributes.
ATTRIBUTES = [
    *["proto.event_pb2.Event", "proto.summary_pb2.Summary", "summary.hparams", "utils.figure_to_image"],
    *["writer.SummaryWriter", "writer.EventFileWriter", "record_writer.RecordWriter", "x2num.make_np"],
    *["event_file_writer.EventsWriter", "crc32c.crc32c", "embedding.make_sprite", "global_writer.GlobalSummaryWriter"],
]


@pytest.mark.parametrize(("module", "name"), NAMES, ids=[f"{module}.{name}" for module, name in NAMES])
def test_a_module_has_its_name(module, name):
    imported = importlib.import_module(f"tensorboardX.{module}" if module else "tensorboardX")
    assert hasattr(imported, name)


@pytest.mark.parametrize(("module", "name", "parameters"), ORIGINAL)
def test_the_original_has_no_more(module, name, parameters):
    """Each of its names is here, and what can be called takes its arguments by name and in its order."""
    imported = importlib.import_module(f"tensorboardX.{module}".rstrip("."))
    assert hasattr(imported, name) != ((module, name) in ABSENT), f"{module}.{name}"
    if (module, name) in ABSENT:
        return
    owner = getattr(imported, name)
    if isinstance(parameters, list):
        parameters = {"": parameters}
    for method, expected in (parameters or {}).items():
        found = inspect.signature(getattr(owner, method) if method else owner).parameters
        assert list(found)[: len(expected)] == expected, f"{module}.{name}.{method}"


def test_the_record_of_the_original_is_what_it_has(original_python):
    script = "import json, runpy, sys; print(json.dumps(runpy.run_path(sys.argv[1])['record']()))"
    recorded = run_original(original_python, script, record_names.__file__).stdout
    assert json.loads(recorded) == RECORDED


def test_the_version_is_made_of_integers_and_that_of_the_distribution_counts_ours():
    """Programs that ask for a version make integers of its parts."""
    release = tensorboardX.__version__
    assert tuple(map(int, release.split("."))) == (2, 6, 5)
    assert re.fullmatch(r"2\.6\.5\+dropin\.\d+", tensorboardX.__build__)


@pytest.mark.parametrize("path", ATTRIBUTES)
def test_import_of_the_package_alone_makes_it_reachable(path):
    code = "import sys, functools, tensorboardX; functools.reduce(getattr, sys.argv[1].split('.'), tensorboardX)"
    subprocess.run([sys.executable, "-c", code, path], check=True, timeout=60)


def test_all_lists_only_what_is_there():
    for module in ["", *MODULES]:
        imported = importlib.import_module(f"tensorboardX.{module}" if module else "tensorboardX")
        for name in getattr(imported, "__all__", ()):
            assert hasattr(imported, name), f"{module}.{name}"


@pytest.mark.parametrize(
    "name",
    ["logdir", "log_dir", "file_writer", "all_writers", "purge_step", "default_bins", "scalar_dict", "_write_to_disk"],
)
def test_a_writer_has_its_attributes(tmp_path, name):
    with tensorboardX.SummaryWriter(str(tmp_path)) as writer:
        assert hasattr(writer, name)


@pytest.mark.parametrize("name", ["logdir", "log_dir"])
def test_a_path_that_is_given_stays_one(tmp_path, name):
    """As `logdir` in the original, `log_dir` and `get_logdir()` in torch; what the writers hold is text in both."""
    with tensorboardX.SummaryWriter(**{name: tmp_path / "run"}) as writer:
        writer.add_scalars("a", {"b": 1.0}, 3)
        for given in (writer.logdir, writer.log_dir, writer.get_logdir()):
            assert given / "checkpoint" == tmp_path / "run" / "checkpoint"
        assert list(writer.all_writers) == [str(tmp_path / "run"), str(tmp_path / "run" / "a" / "b")]
        assert list(writer.scalar_dict) == [str(tmp_path / "run" / "a" / "b")]
        assert writer.file_writer.get_logdir() == str(tmp_path / "run")
        copy = pickle.loads(pickle.dumps(writer))
        assert copy.logdir == tmp_path / "run"
        copy.close()


def test_attributes_hold_what_the_original_puts_there(tmp_path):
    logdir = str(tmp_path)
    writer = tensorboardX.SummaryWriter(logdir, purge_step=3)
    writer.add_scalars("a", {"b": 1.0}, 3)
    assert writer.logdir == writer.log_dir == writer.get_logdir() == writer.file_writer.get_logdir() == logdir
    assert writer._get_file_writer() is writer.file_writer
    assert isinstance(writer.file_writer, tensorboardX.FileWriter)
    assert list(writer.all_writers) == [logdir, f"{logdir}/a/b"]
    [(walltime, step, value)] = writer.scalar_dict[f"{logdir}/a/b"]
    assert (type(walltime), step, value) == (float, 3, 1.0)
    events_writer = writer.file_writer.event_writer._ev_writer
    assert events_writer._file_name == events_writer._py_recordio_writer.path
    assert events_writer._file_name in map(str, tmp_path.iterdir())
    writer.close()
    assert writer.all_writers is None


def test_the_logger_that_programs_silence_is_the_one_that_warns(caplog):
    tensorboardX.x2num.make_np(float("nan"))
    assert [record.name for record in caplog.records] == [tensorboardX.x2num.logger.name]
    assert tensorboardX.writer.logger is tensorboardX.summary.logger is tensorboardX.x2num.logger


@pytest.mark.parametrize("keyword", ["new_style", "double_precision"])
def test_a_summary_of_a_scalar_may_be_a_tensor(keyword):
    """As in torch.utils.tensorboard.summary."""
    [value] = tensorboardX.summary.scalar("a b", 0.5, **{keyword: True}).value
    assert (value.tag, value.metadata.plugin_data.plugin_name) == ("a_b", "scalars")
    assert [*value.tensor.float_val, *value.tensor.double_val] == [0.5]


def test_availability_flags_of_object_stores_are_set():
    record_writer = tensorboardX.record_writer
    assert (importlib.util.find_spec("s3fs") is not None) == record_writer.S3_ENABLED
    assert (importlib.util.find_spec("gcsfs") is not None) == record_writer.GCS_ENABLED


def test_a_global_writer_tells_the_last_steps_and_has_a_lock(tmp_path):
    for share in (True, False):
        with tensorboardX.GlobalSummaryWriter(str(tmp_path), coalesce_process=share) as writer:
            with writer.lock:
                for _ in range(3):
                    writer.add_scalar(f"loss {share}", 0.5)
            writer.add_text("note", "text")
            assert writer.scalar_tag_to_step[f"loss_{share}"] == 2
            assert writer.text_tag_to_step["note/text_summary"] == 0
            assert writer.image_tag_to_step == writer.audio_tag_to_step == writer.histogram_tag_to_step
