"""Sends what is logged to Comet as well, beside the event files. Off unless `comet_config` asks for it.

`attach` puts a listener on one writer: after each `add_*` it knows, the same arguments go to Comet. A writer without
one has the plain methods of its class, and comet_ml is not imported.
"""

from __future__ import annotations

import functools
import inspect
import os
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..notices import log_safely, logger
from ..summary.histogram import histogram_raw
from ..summary.image import image, image_boxes
from ..summary.layout import batch_dataformats
from ..summary.pr_curves import pr_curve
from ..values.arrays import to_float
from ..values.steps import NEXT_STEP
from .experiment import is_off
from .logger import CometLogger

if TYPE_CHECKING:
    from ..proto.summary_pb2 import Summary
    from ..writer.run import RunWriter

Given = Mapping[str, Any]


def attach(writer: RunWriter, config: Mapping[str, Any] | None) -> CometListener | None:
    """Send to Comet what `writer` logs from now on; returns None, and does nothing, if `config` disables it.

    The methods are replaced on this writer only; attaching again replaces the listener. Those that are there now are
    also in the writer's `_followed_methods`, where they can be distinguished from replacements by a tool.

    Args:
        config: None, an empty dict or a true value for `disabled` is off. Otherwise the arguments of
            `comet_ml.Experiment`: `api_key`, `workspace`, `project_name` and so on. With `online` False, or with an
            `offline_directory`, those of `comet_ml.OfflineExperiment`.

    Raises MissingExtraError without the package comet-ml, TypeError unless `config` is a dict or None. The experiment
    starts with the first `add_*`. What goes wrong at Comet after that is logged, once per method, and never raised.
    """
    if is_off(config):
        return None
    listener = CometListener(config)
    names = [name for name in (*_SENDERS, "close") if hasattr(type(writer), name)]
    methods = {name: _followed(writer, name, listener) for name in names}
    vars(writer).update(methods, _followed_methods=methods)
    return listener


def _followed(writer: RunWriter, name: str, listener: CometListener) -> Callable[..., Any]:
    """Return the method `name` of `writer`, followed by the listener's part."""
    bound = types.MethodType(getattr(type(writer), name), writer)
    signature = inspect.signature(bound)

    @functools.wraps(bound)
    def method(*args: Any, **kwargs: Any) -> Any:
        result = getattr(type(writer), name)(writer, *args, **kwargs)  # looked up now: tools wrap the class later
        listener.follow(writer, name, signature, args, kwargs)
        return result

    return method


class CometListener:
    """Hears of each call that a writer has carried out, and passes it on. See `attach`."""

    def __init__(self, config: Mapping[str, Any] | None) -> None:
        self._comet = CometLogger(config)
        self._complained: set[str] = set()

    def follow(
        self, writer: RunWriter, name: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Send the call of the method `name`, or end the experiment after `close`. Raises nothing."""
        try:
            if name == "close":
                self._comet.end()
                return
            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            step, _ = writer._default_metadata.resolve(given.arguments.get("global_step"), None)
            _SENDERS[name](self._comet, given.arguments, None if step == NEXT_STEP else step)
        except Exception as error:
            if name not in self._complained:
                self._complained.add(name)
                log_safely(logger.warning, "%s: not sent to Comet: %s; further failures are not reported", name, error)


# ---- what each method of a writer sends


def _send_scalar(comet: CometLogger, given: Given, step: int | None) -> None:
    comet.log_metric(given["tag"], given["display_name"], to_float(given["scalar_value"], given["tag"]), step)


def _send_scalars(comet: CometLogger, given: Given, step: int | None) -> None:
    numbers = {key: to_float(value, key) for key, value in given["tag_scalar_dict"].items()}
    comet.log_metrics(numbers, given["main_tag"], step)


def _send_hparams(comet: CometLogger, given: Given, step: int | None) -> None:
    comet.log_parameters(given["hparam_dict"], step=step)


def _send_histogram(comet: CometLogger, given: Given, step: int | None) -> None:
    comet.log_histogram(given["values"], given["tag"], step)


def _send_histogram_raw(comet: CometLogger, given: Given, step: int | None) -> None:
    counted = ("tag", "min", "max", "num", "sum", "sum_squares", "bucket_limits", "bucket_counts")
    comet.log_histogram_raw(given["tag"], histogram_raw(*(given[name] for name in counted)), step)


def _send_image(comet: CometLogger, given: Given, step: int | None) -> None:
    encoded = image(given["tag"], given["img_tensor"], dataformats=given["dataformats"])
    _send_encoded_image(comet, encoded, given["tag"], step)


def _send_images(comet: CometLogger, given: Given, step: int | None) -> None:
    dataformats = batch_dataformats(given["img_tensor"], given["dataformats"])
    _send_image(comet, {**given, "dataformats": dataformats}, step)


def _send_image_with_boxes(comet: CometLogger, given: Given, step: int | None) -> None:
    arguments = (given[name] for name in ("tag", "img_tensor", "box_tensor", "rescale", "dataformats", "labels"))
    _send_encoded_image(comet, image_boxes(*arguments), given["tag"], step)


def _send_encoded_image(comet: CometLogger, summary: Summary, tag: str, step: int | None) -> None:
    comet.log_image_encoded(summary.value[0].image.encoded_image_string, tag, step)


def _send_audio(comet: CometLogger, given: Given, step: int | None) -> None:
    comet.log_audio(given["snd_tensor"], given["sample_rate"], given["tag"], step=step)


def _send_text(comet: CometLogger, given: Given, step: int | None) -> None:
    comet.log_text(given["text_string"], step)


def _send_onnx_graph(comet: CometLogger, given: Given, step: int | None) -> None:
    path = given["onnx_model_file"]
    comet.log_asset(os.fspath(given["prototxt"] if path is None else path))


def _send_openvino_graph(comet: CometLogger, given: Given, step: int | None) -> None:
    comet.log_asset(os.fspath(given["xmlname"]))


def _send_embedding(comet: CometLogger, given: Given, step: int | None) -> None:
    labels, header = given["metadata"], given["metadata_header"]
    if labels is not None and header:
        labels = [header, *labels]
    comet.log_embedding(given["mat"], labels, given["label_img"], template_filename=f"{given['tag']}.json")


def _send_pr_curve(comet: CometLogger, given: Given, step: int | None) -> None:
    arguments = (given[name] for name in ("tag", "labels", "predictions", "num_thresholds", "weights"))
    comet.log_pr_data(given["tag"], pr_curve(*arguments), given["num_thresholds"], step)


def _send_pr_curve_raw(comet: CometLogger, given: Given, step: int | None) -> None:
    arguments = {name: value for name, value in given.items() if name not in ("global_step", "walltime")}
    comet.log_pr_raw_data(**arguments, step=step)


def _send_mesh(comet: CometLogger, given: Given, step: int | None) -> None:
    arguments = {name: value for name, value in given.items() if name != "global_step"}
    comet.log_mesh(**arguments, step=step)


def _send_table(comet: CometLogger, given: Given, step: int | None) -> None:
    from ..summary.table import markdown

    comet.log_text(markdown(given["tag"], given["rows"], given.get("headers")), step)


def _send_nested(comet: CometLogger, given: Given, step: int | None) -> None:
    """Send each value of `log` as the method does that logs it alone."""
    from ..summary.nested import call_of, items_of

    for item in items_of(given["values"]):
        method, arguments = call_of(item)
        _SENDERS[method](comet, {"tag": item[0], "display_name": "", **arguments}, step)


# add_figure is not here: it calls add_image. As in the original, videos, traced graphs, tensors and layouts of custom
# scalars are not sent.
_SENDERS: dict[str, Callable[[CometLogger, Given, int | None], None]] = {
    "add_scalar": _send_scalar,
    "add_scalars": _send_scalars,
    "add_hparams": _send_hparams,
    "add_histogram": _send_histogram,
    "add_histogram_raw": _send_histogram_raw,
    "add_image": _send_image,
    "add_images": _send_images,
    "add_image_with_boxes": _send_image_with_boxes,
    "add_audio": _send_audio,
    "add_text": _send_text,
    "add_onnx_graph": _send_onnx_graph,
    "add_openvino_graph": _send_openvino_graph,
    "add_embedding": _send_embedding,
    "add_pr_curve": _send_pr_curve,
    "add_pr_curve_raw": _send_pr_curve_raw,
    "add_mesh": _send_mesh,
    "add_table": _send_table,
    "log": _send_nested,
}
