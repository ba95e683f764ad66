#!/usr/bin/env python3
"""What becomes of calls with one bad argument, in either library whose calls ours takes.

    python tests/support/refusals.py

writes tests/data/refusals.json. The interpreter must have the original tensorboardX, and torch with tensorboard.
Nothing but NumPy is imported here: the original's interpreter runs this file too.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import inspect
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

PATH = Path(__file__).resolve().parents[1] / "data" / "refusals.json"
LINE = re.compile(r'(?<=\)": )\{[^{}]*\}')
LIBRARIES = {"tensorboardX": "tensorboardX", "torch": "torch.utils.tensorboard"}
MODULES = {"torch": {"x2num": "_convert_np", "utils": "_utils", "embedding": "_embedding"}}

PIXELS = np.full((3, 4, 4), 0.5)
BATCH = np.full((2, 3, 4, 4), 0.5)
FILM = np.full((1, 2, 3, 4, 4), 0.5)
POINTS = np.arange(12.0).reshape(4, 3)
ROW = [3.0, 2.0, 1.0]


class Loss:
    """An object that is no number."""


class Ten:
    """An object that has a number."""

    def __float__(self) -> float:
        return 10.0

    def __int__(self) -> int:
        return 10


class Within:
    """A dict of one item, whose value is what is bad."""

    def __init__(self, good: float) -> None:
        self.good = good

    def hold(self, value: Any) -> dict[str, Any]:
        return {"x": value}


def plain(value: Any) -> Any:
    return value.hold(value.good) if isinstance(value, Within) else value


BAD: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "a dict": lambda: {"a": 1.0},
    "an empty dict": dict,
    "an object": Loss,
    "an object with a number": Ten,
    "a class": lambda: Loss,
    "a function": lambda: len,
    "text": lambda: "0.5 is",
    "empty text": str,
    "bytes": lambda: b"0.5",
    "a set": lambda: {1.0, 2.0},
    "a range": lambda: range(3),
    "a generator": lambda: (item for item in ROW),
    "a complex number": lambda: 1 + 2j,
    "minus one": lambda: -1,
    "zero": lambda: 0,
    "a half": lambda: 0.5,
    "NaN": lambda: float("nan"),
    "a huge integer": lambda: 10**400,
    "a tuple of two": lambda: (1.0, 2.0),
    "an empty list": list,
    "a list of None": lambda: [None],
    "a list of text": lambda: ["a", "b"],
    "a list of dicts": lambda: [{"a": 1}, {"a": 2}],
    "a list of two numbers": lambda: [0.5, 0.25],
    "a ragged list": lambda: [[1.0], [1.0, 2.0]],
    "an empty array": lambda: np.zeros(0),
    "an array of two": lambda: np.array([0.5, 0.25]),
    "an array of text": lambda: np.array(["a", "b"]),
    "an array of objects": lambda: np.array([Loss(), None]),
    "a complex array": lambda: np.array([1j, 2j]),
    "an array of NaN": lambda: np.full(3, np.nan),
    "an array of dates": lambda: np.array(["2020", "2021"], "datetime64[Y]"),
    "shape (1, 1)": lambda: np.ones((1, 1)),
    "shape (2, 3)": lambda: np.ones((2, 3)),
    "shape (5, 3)": lambda: np.ones((5, 3)),
    "shape (3, 4, 4)": lambda: np.ones((3, 4, 4)),
    "shape (5, 4, 4)": lambda: np.ones((5, 4, 4)),
    "shape (2, 3, 4, 5)": lambda: np.ones((2, 3, 4, 5)),
    "shape (4, 3, 4, 5)": lambda: np.ones((4, 3, 4, 5)),
    "shape (2, 5, 4, 4)": lambda: np.ones((2, 5, 4, 4)),
    "shape (1, 2, 3, 4, 4)": lambda: np.ones((1, 2, 3, 4, 4)),
    "shape (1, 1, 1, 1, 1, 1)": lambda: np.ones((1,) * 6),
}
"""What stands in the place of one argument."""

FILES = ("onnx_model_file", "xmlname")
"""Parameters in which 0 is a file descriptor: that of the standard input, which would be closed."""

FORMATS = {name: (lambda text=name: text) for name in ("CHWX", "CHH", "HWC", "HW", "NCHW", "NTCHW", "NNCHW", "xyz")}

AT = {"global_step": 1, "walltime": 1e9}
CURVE = dict.fromkeys(
    [f"{kind}_counts" for kind in ("true_positive", "false_positive", "true_negative", "false_negative")], ROW
)
MOMENTS = {"min": 0.0, "max": 1.0, "num": 2, "sum": 1.0, "sum_squares": 1.0}
BUCKETS = {"bucket_limits": [0.5, 1.0], "bucket_counts": [1, 1]}
TRUTH = {"labels": np.array([0, 1, 1]), "predictions": np.array([0.1, 0.9, 0.4])}
LABELS = ["a", "b", "c", "d"]

CALLS: dict[str, dict[str, Any]] = {
    "SummaryWriter.add_scalar": {"tag": "t", "scalar_value": 0.5, **AT},
    "SummaryWriter.add_scalars": {"main_tag": "t", "tag_scalar_dict": {"a": 0.5}, **AT},
    "SummaryWriter.add_histogram": {"tag": "t", "values": np.array([0.5]), "bins": "auto", "max_bins": None, **AT},
    "SummaryWriter.add_histogram_raw": {"tag": "t", **MOMENTS, **BUCKETS, **AT},
    "SummaryWriter.add_image": {"tag": "t", "img_tensor": PIXELS, "dataformats": "CHW", **AT},
    "SummaryWriter.add_images": {"tag": "t", "img_tensor": BATCH, "dataformats": "NCHW", **AT},
    "SummaryWriter.add_image_with_boxes": {
        **{"tag": "t", "img_tensor": PIXELS, "box_tensor": np.array([[0, 0, 2, 2]]), "dataformats": "CHW"},
        **{"labels": ["a"], "rescale": 1, **AT},
    },
    "SummaryWriter.add_figure": {"tag": "t", "figure": None, **AT},
    "SummaryWriter.add_video": {"tag": "t", "vid_tensor": FILM, "fps": 4, **AT},
    "SummaryWriter.add_audio": {"tag": "t", "snd_tensor": np.zeros((8, 1)), "sample_rate": 8000, **AT},
    "SummaryWriter.add_text": {"tag": "t", "text_string": "text", **AT},
    "SummaryWriter.add_tensor": {"tag": "t", "tensor": np.ones(2), **AT},
    "SummaryWriter.add_graph": {"model": None, "input_to_model": None},
    "SummaryWriter.add_onnx_graph": {"onnx_model_file": "absent.onnx"},
    "SummaryWriter.add_openvino_graph": {"xmlname": "absent.xml"},
    "SummaryWriter.add_embedding": {
        **{"mat": POINTS, "metadata": LABELS, "label_img": np.full((4, 3, 2, 2), 0.5), "global_step": 1, "tag": "t"},
        **{"metadata_header": None},
    },
    "SummaryWriter.add_embedding with a header": {
        **{"mat": POINTS, "metadata": [["a", "b"]] * 4, "tag": "t", "metadata_header": ["one", "two"]},
    },
    "SummaryWriter.add_pr_curve": {"tag": "t", **TRUTH, "num_thresholds": 5, "weights": None, **AT},
    "SummaryWriter.add_pr_curve_raw": {
        **{"tag": "t", **CURVE, "precision": ROW, "recall": ROW, "num_thresholds": 3, "weights": None, **AT},
    },
    "SummaryWriter.add_custom_scalars": {"layout": {"category": {"chart": ["Multiline", ["loss"]]}}},
    "SummaryWriter.add_custom_scalars_multilinechart": {"tags": ["loss"], "category": "c", "title": "t"},
    "SummaryWriter.add_custom_scalars_marginchart": {"tags": ["a", "b", "c"], "category": "c", "title": "t"},
    "SummaryWriter.add_mesh": {
        **{"tag": "t", "vertices": np.ones((1, 3, 3)), "colors": np.ones((1, 3, 3)), "faces": np.array([[[0, 1, 2]]])},
        **{"config_dict": None, **AT},
    },
    "SummaryWriter.add_hparams": {"hparam_dict": {"lr": 0.1}, "metric_dict": {"loss": 0.5}, "global_step": 1},
    "SummaryWriter.add_hparams with items": {"hparam_dict": Within(0.1), "metric_dict": Within(0.5)},
    "SummaryWriter.add_scalars with an item": {"main_tag": "t", "tag_scalar_dict": Within(0.5)},
    "SummaryWriter.use_metadata": {"global_step": None, "walltime": None},
    "summary.scalar": {"name": "t", "scalar": 0.5},
    "summary.histogram": {"name": "t", "values": np.ones(3), "bins": "auto"},
    "summary.image": {"tag": "t", "tensor": PIXELS, "rescale": 1, "dataformats": "CHW"},
    "summary.image_boxes": {"tag": "t", "tensor_image": PIXELS, "tensor_boxes": np.ones((1, 4))},
    "summary.video": {"tag": "t", "tensor": FILM, "fps": 4},
    "summary.audio": {"tag": "t", "tensor": np.zeros((8, 1)), "sample_rate": 8000},
    "summary.text": {"tag": "t", "text": "text"},
    "summary.hparams": {"hparam_dict": {"lr": 0.1}, "metric_dict": {"loss": 0.5}},
    "summary.pr_curve": {"tag": "t", **TRUTH},
    "summary.mesh": {"tag": "t", "vertices": np.ones((1, 3, 3)), "colors": None, "faces": None, "config_dict": None},
    "summary.custom_scalars": {"layout": {"category": {"chart": ["Multiline", ["loss"]]}}},
    "x2num.make_np": {"x": 1.0},
    "utils.make_grid": {"I": BATCH, "ncols": 8},
    "utils.convert_to_HWC": {"tensor": PIXELS, "input_format": "CHW"},
    "utils.convert_to_NTCHW": {"tensor": FILM, "input_format": "NTCHW"},
    "embedding.make_sprite": {"label_img": np.full((4, 3, 2, 2), 0.5), "save_path": "."},
    "embedding.make_tsv": {"metadata": LABELS, "save_path": ".", "metadata_header": None},
    "embedding.make_mat": {"matlist": POINTS, "save_path": "."},
}
"""Arguments that are accepted, or would be but for the one that is replaced (where it is None)."""


KINDS = (NotImplementedError, AssertionError)
"""What programs catch around calls of a logger: no other library raises these two for a bad value."""

Outcomes = dict[str, dict[str, "Exception | None"]]


def outcomes(library: str) -> Outcomes:
    """Return what each call raises, or None: for each `function(parameter)`, by the name of each thing in `BAD`."""
    found: Outcomes = {}
    with _empty_directory(), contextlib.redirect_stdout(io.StringIO()):
        for name, good in CALLS.items():
            with _function(library, name) as function:
                known = inspect.signature(function).parameters if function else {}
                given = {parameter: value for parameter, value in good.items() if parameter in known}
                for parameter in given:
                    found[f"{name}({parameter})"] = dict(_with_bad(function, given, parameter))
    return found


def record(library: str) -> dict[str, Any]:
    """Return the version of a library, and for each call the things for which it raises one of `KINDS`, as JSON."""
    calls = {call: raising(errors) for call, errors in outcomes(library).items()}
    version = importlib.metadata.version(library).partition("+")[0]
    return {"version": version, "calls": {call: kinds for call, kinds in calls.items() if kinds}}


def raising(errors: dict[str, Exception | None]) -> dict[str, list[str]]:
    """Return the names of the things for which each of `KINDS` is raised."""
    named = {kind.__name__: [what for what, error in errors.items() if isinstance(error, kind)] for kind in KINDS}
    return {kind: things for kind, things in named.items() if things}


@contextlib.contextmanager
def _empty_directory() -> Iterator[None]:
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        try:
            yield
        finally:
            os.chdir(before)


@contextlib.contextmanager
def _function(library: str, name: str) -> Iterator[Callable[..., Any] | None]:
    """Make a function ready to be called; None where the library has none of that name."""
    package = LIBRARIES[library]
    owner, _, attribute = name.partition(" ")[0].rpartition(".")
    if owner == "SummaryWriter":
        # The original's thread ends at a step that protobuf cannot hold, and calls then wait for room in the queue.
        with importlib.import_module(package).SummaryWriter("run", max_queue=100_000) as writer:
            yield getattr(writer, attribute, None)
    else:
        module = MODULES.get(library, {}).get(owner, owner)
        yield getattr(importlib.import_module(f"{package}.{module}"), attribute, None)


def _with_bad(
    function: Callable[..., Any], given: dict[str, Any], parameter: str
) -> Iterator[tuple[str, Exception | None]]:
    more = FORMATS if parameter in ("dataformats", "input_format") else {}
    for what, make in {**BAD, **more}.items():
        if what != "zero" or parameter not in FILES:
            nested = isinstance(given[parameter], Within)
            yield what, _error(function, {**given, parameter: given[parameter].hold(make()) if nested else make()})


def _error(function: Callable[..., Any], arguments: dict[str, Any]) -> Exception | None:
    try:
        with contextlib.ExitStack() as block:
            result = function(**{name: plain(value) for name, value in arguments.items()})
            if hasattr(result, "__enter__"):  # of `use_metadata`
                block.enter_context(result)
    except Exception as error:
        return error
    return None


def to_json(recorded: dict[str, Any]) -> str:
    """One call a line, so that a change of one is a change of one line."""
    text = json.dumps(recorded, indent=1)
    return LINE.sub(lambda found: json.dumps(json.loads(found[0])), text) + "\n"


def main() -> int:
    if "+dropin" in importlib.metadata.version("tensorboardX"):
        sys.stderr.write("this interpreter has our tensorboardX, not the original\n")
        return 1
    recorded = {library: record(library) for library in LIBRARIES}
    PATH.write_text(to_json(recorded), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
