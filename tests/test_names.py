"""Names of tensorboardX 2.6.5 that programs rely on, each reachable where they look for it."""

from __future__ import annotations

import importlib
import inspect
import pickle
import subprocess
import sys

import pytest

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

# The parameters of tensorboardX 2.6.5, in its order. Ours may have more behind them.
PARAMETERS = {
    "SummaryWriter": (
        *("logdir", "comment", "purge_step", "max_queue", "flush_secs", "filename_suffix", "write_to_disk", "log_dir"),
        "comet_config",
    ),
    "SummaryWriter.add_scalar": (
        *("tag", "scalar_value", "global_step", "walltime", "display_name", "summary_description"),
    ),
    "SummaryWriter.add_scalars": ("main_tag", "tag_scalar_dict", "global_step", "walltime"),
    "SummaryWriter.export_scalars_to_json": ("path",),
    "SummaryWriter.add_histogram": ("tag", "values", "global_step", "bins", "walltime", "max_bins"),
    "SummaryWriter.add_histogram_raw": (
        *("tag", "min", "max", "num", "sum", "sum_squares", "bucket_limits", "bucket_counts", "global_step"),
        "walltime",
    ),
    "SummaryWriter.add_image": ("tag", "img_tensor", "global_step", "walltime", "dataformats"),
    "SummaryWriter.add_images": ("tag", "img_tensor", "global_step", "walltime", "dataformats"),
    "SummaryWriter.add_image_with_boxes": (
        *("tag", "img_tensor", "box_tensor", "global_step", "walltime", "dataformats", "labels"),
    ),
    "SummaryWriter.add_figure": ("tag", "figure", "global_step", "close", "walltime"),
    "SummaryWriter.add_video": ("tag", "vid_tensor", "global_step", "fps", "walltime", "dataformats"),
    "SummaryWriter.add_audio": ("tag", "snd_tensor", "global_step", "sample_rate", "walltime"),
    "SummaryWriter.add_text": ("tag", "text_string", "global_step", "walltime"),
    "SummaryWriter.add_onnx_graph": ("onnx_model_file",),
    "SummaryWriter.add_openvino_graph": ("xmlname",),
    "SummaryWriter.add_graph": ("model", "input_to_model", "verbose", "use_strict_trace"),
    "SummaryWriter.add_embedding": ("mat", "metadata", "label_img", "global_step", "tag", "metadata_header"),
    "SummaryWriter.add_pr_curve": (
        *("tag", "labels", "predictions", "global_step", "num_thresholds", "weights", "walltime"),
    ),
    "SummaryWriter.add_pr_curve_raw": (
        *("tag", "true_positive_counts", "false_positive_counts", "true_negative_counts", "false_negative_counts"),
        *("precision", "recall", "global_step", "num_thresholds", "weights", "walltime"),
    ),
    "SummaryWriter.add_custom_scalars_multilinechart": ("tags", "category", "title"),
    "SummaryWriter.add_custom_scalars_marginchart": ("tags", "category", "title"),
    "SummaryWriter.add_custom_scalars": ("layout",),
    "SummaryWriter.add_mesh": ("tag", "vertices", "colors", "faces", "config_dict", "global_step", "walltime"),
    "SummaryWriter.add_hparams": ("hparam_dict", "metric_dict", "name", "global_step"),
    "SummaryWriter.flush": (),
    "SummaryWriter.close": (),
    "SummaryWriter.use_metadata": ("global_step", "walltime"),
    "FileWriter": ("logdir", "max_queue", "flush_secs", "filename_suffix"),
    "FileWriter.get_logdir": (),
    "FileWriter.add_event": ("event", "step", "walltime"),
    "FileWriter.add_summary": ("summary", "global_step", "walltime"),
    "FileWriter.add_graph": ("graph_profile", "walltime"),
    "FileWriter.add_onnx_graph": ("graph", "walltime"),
    "FileWriter.add_openvino_graph": ("graph", "walltime"),
    "FileWriter.reopen": (),
    "summary.scalar": ("name", "scalar", "display_name", "summary_description"),
    "summary.histogram": ("name", "values", "bins", "max_bins"),
    "summary.histogram_raw": ("name", "min", "max", "num", "sum", "sum_squares", "bucket_limits", "bucket_counts"),
    "summary.make_histogram": ("values", "bins", "max_bins"),
    "summary.image": ("tag", "tensor", "rescale", "dataformats"),
    "summary.image_boxes": ("tag", "tensor_image", "tensor_boxes", "rescale", "dataformats", "labels"),
    "summary.make_image": ("tensor", "rescale", "rois", "labels"),
    "summary.draw_boxes": ("disp_image", "boxes", "labels"),
    "summary.video": ("tag", "tensor", "fps", "dataformats"),
    "summary.make_video": ("tensor", "fps"),
    "summary.audio": ("tag", "tensor", "sample_rate"),
    "summary.text": ("tag", "text"),
    "summary.custom_scalars": ("layout",),
    "summary.pr_curve": ("tag", "labels", "predictions", "num_thresholds", "weights"),
    "summary.pr_curve_raw": (*("tag", "tp", "fp", "tn", "fn", "precision", "recall", "num_thresholds", "weights"),),
    "summary.compute_curve": ("labels", "predictions", "num_thresholds", "weights"),
    "summary.mesh": ("tag", "vertices", "colors", "faces", "config_dict"),
    "summary.hparams": ("hparam_dict", "metric_dict"),
    "event_file_writer.EventFileWriter": ("logdir", "max_queue_size", "flush_secs", "filename_suffix"),
    "event_file_writer.EventsWriter": ("file_prefix", "filename_suffix"),
    "record_writer.RecordWriter": ("path",),
    "record_writer.masked_crc32c": ("data",),
    "record_writer.register_writer_factory": ("prefix", "factory"),
    "utils.figure_to_image": ("figures", "close"),
    "utils.make_grid": ("I", "ncols"),
    "utils.convert_to_HWC": ("tensor", "input_format"),
    "utils.convert_to_NTCHW": ("tensor", "input_format"),
    "utils._prepare_video": ("V",),
    "embedding.make_tsv": ("metadata", "save_path", "metadata_header"),
    "embedding.make_sprite": ("label_img", "save_path"),
    "embedding.make_mat": ("matlist", "save_path"),
    "embedding.append_pbtxt": ("metadata", "label_img", "save_path", "subdir", "global_step", "tag"),
    "GlobalSummaryWriter.getSummaryWriter": (),
}

# Modules that `import tensorboardX` alone makes reachable as attributes.
ATTRIBUTES = [
    *["proto.event_pb2.Event", "proto.summary_pb2.Summary", "summary.hparams", "utils.figure_to_image"],
    *["writer.SummaryWriter", "writer.EventFileWriter", "record_writer.RecordWriter", "x2num.make_np"],
    *["event_file_writer.EventsWriter", "crc32c.crc32c", "embedding.make_sprite", "global_writer.GlobalSummaryWriter"],
]


def _resolve(path: str) -> object:
    found: object = tensorboardX
    for name in path.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize(("module", "name"), NAMES, ids=[f"{module}.{name}" for module, name in NAMES])
def test_a_module_has_its_name(module, name):
    imported = importlib.import_module(f"tensorboardX.{module}" if module else "tensorboardX")
    assert hasattr(imported, name)


@pytest.mark.parametrize("function", PARAMETERS)
def test_parameters_have_the_names_and_the_order_of_the_original(function):
    module = function.rpartition(".")[0]
    if module[:1].islower():
        importlib.import_module(f"tensorboardX.{module}")
    parameters = [name for name in inspect.signature(_resolve(function)).parameters if name != "self"]
    expected = PARAMETERS[function]
    assert tuple(parameters[: len(expected)]) == expected


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
