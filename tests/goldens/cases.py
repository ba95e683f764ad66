"""What the golden files are made of: each name is a file, each function makes its Summary.

Sums of the values are exact in float64, so that the order of additions does not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tensorboardX import summary
from tensorboardX.summary.histogram import DEFAULT_BINS

SIXTEENTHS = np.arange(-8, 24) / 16
SPREAD = np.array([-4096.0, -1.5, -0.25, 0.0, 0.0, 0.125, 0.5, 0.5, 0.75, 1.0, 2.0, 2.0, 3.5, 64.0])


def gradient(channels: int, height: int = 4, width: int = 6) -> np.ndarray:
    """A picture (channels, height, width) of which no two pixels or channels are alike."""
    values = np.arange(channels * height * width) * 7 % 256
    return values.astype(np.uint8).reshape(channels, height, width)


def scalar_tensor(*args: Any, **options: Any) -> Any:
    from tensorboardX.summary.tensor import scalar_tensor

    return scalar_tensor(*args, **options)


SCALARS = {
    "scalar/plain": lambda: summary.scalar("train/loss", 0.1),
    "scalar/cleaned_tag": lambda: summary.scalar("/train loss: a/b\\c (é)", 2),
    "scalar/zero": lambda: summary.scalar("zero", 0.0),
    "scalar/nan": lambda: summary.scalar("nan", float("nan")),
    "scalar/minus_infinity": lambda: summary.scalar("infinite", np.float32("-inf")),
    "scalar/beyond_float32": lambda: summary.scalar("huge", 1e300),
    "scalar/named": lambda: summary.scalar("loss", 0.5, display_name="Loss", summary_description="of *training*"),
    "scalar/new_style": lambda: scalar_tensor("loss", 0.1),
    "scalar/double_precision": lambda: scalar_tensor("loss", 0.1, double_precision=True),
    "scalar/new_style_named": lambda: scalar_tensor("loss", 0.1, display_name="Loss", summary_description="of *it*"),
}

NOT_FINITE = np.array([1.0, np.nan, np.inf, 2.0, -np.inf])

HISTOGRAMS = {
    "histogram/default_bins": lambda: summary.histogram("weights", SPREAD, DEFAULT_BINS),
    "histogram/float32": lambda: summary.histogram("weights", SPREAD.astype(np.float32), DEFAULT_BINS),
    "histogram/auto": lambda: summary.histogram("weights", SIXTEENTHS, "auto"),
    "histogram/number_of_bins": lambda: summary.histogram("weights", SIXTEENTHS, 5),
    "histogram/edges": lambda: summary.histogram("weights", SIXTEENTHS, [-1, -0.5, 0, 0.5, 1]),
    "histogram/compact": lambda: summary.histogram("weights", SIXTEENTHS, "compact"),
    "histogram/max_bins": lambda: summary.histogram("weights", SIXTEENTHS, 12, max_bins=4),
    "histogram/integers": lambda: summary.histogram("labels", np.array([3, 1, 4, 1, 5, 9, 2, 6]), 9),
    "histogram/empty": lambda: summary.histogram("nothing", np.array([]), DEFAULT_BINS),
    "histogram/not_finite": lambda: summary.histogram("weights", NOT_FINITE, DEFAULT_BINS),
    "histogram/huge": lambda: summary.histogram("weights", np.array([-1e300, 1.0, 2.0**100]), DEFAULT_BINS),
    "histogram/raw": lambda: summary.histogram_raw("raw tag", -1, 2.5, 6, 4.5, 9.25, [0, 1, 3], [1, 2, 3]),
}

TEXTS = {
    "text/plain": lambda: summary.text("notes", "**Hello** world"),
    "text/unicode": lambda: summary.text("a tag/ü", "| Größe | ✓ |\n|---|---|\n| 1\t| <b>2</b> |"),
}

EVALUATION = [{"task": "sums", "score": 0.5}, {"task": "a|b\n`c` <b>_d_</b>", "passed": None, "score": np.float32(0.1)}]


def table(*args: Any, **options: Any) -> Any:
    from tensorboardX.summary.table import table

    return table("a table", *args, **options)


TABLES = {
    "table/dicts": lambda: table(EVALUATION),
    "table/sequences": lambda: table([("lr", 0.1), ("layers", 3)], ["setting", "value"]),
    "table/columns": lambda: table({"step": np.arange(3), "loss": [0.5, 0.25, 0.125]}),
}

TEN = gradient(30, 2, 2).reshape(10, 3, 2, 2)
COLOURS = np.array([[[0.0, 0.25], [0.5, 1.0]], [[-0.5, 1.5], [np.nan, 0.999]], [[0.002, 0.1], [0.2, 0.3]]])
BATCH = np.stack([gradient(3) // 2, gradient(3), 255 - gradient(3)])
BOXES = np.array([[1, 1, 6, 4], [8, 2, 14, 9]])


def boxes_with_labels() -> Any:
    return summary.image_boxes("boxes", gradient(3, 40, 60), np.array([[5, 20, 30, 35]]), labels=["cat"])


IMAGES = {
    "image/grey": lambda: summary.image("grey", gradient(1)),
    "image/hw": lambda: summary.image("grey", gradient(1)[0], dataformats="HW"),
    "image/rgb": lambda: summary.image("a picture", gradient(3)),
    "image/rgba": lambda: summary.image("picture", gradient(4)),
    "image/hwc": lambda: summary.image("picture", gradient(3).transpose(1, 2, 0), dataformats="HWC"),
    "image/float": lambda: summary.image("picture", gradient(3) / 255),
    "image/float_out_of_range": lambda: summary.image("picture", COLOURS),
    "image/grid": lambda: summary.image("pictures", BATCH, dataformats="NCHW"),
    "image/grid_of_ten": lambda: summary.image("pictures", TEN, dataformats="NCHW"),
    "image/rescale": lambda: summary.image("picture", np.full((3, 2, 4), 77, np.uint8), rescale=2),
    "image/boxes": lambda: summary.image_boxes("boxes on it", gradient(3, 12, 16), BOXES),
    "image/boxes_with_labels": boxes_with_labels,
    "image/boxes_rescale": lambda: summary.image_boxes("boxes", np.zeros((3, 4, 4), np.uint8), [[0, 0, 3, 3]], 2),
}

NOT_COMPARED = {
    "image/boxes_with_labels": "the font of labels comes with Pillow",
    "video/many_colours": "the palette is chosen by Pillow",
}
"""Pictures whose pixels differ from one version of Pillow to the next; their size is compared."""

SOUND = np.array([0.0, 0.5, -0.5, 0.25, 1.0, -1.0, 1e-5, -1e-5])

SOUNDS = {
    "audio/mono": lambda: summary.audio("a sound", SOUND, sample_rate=8000),
    "audio/mono_2d": lambda: summary.audio("sound", SOUND[:, None], sample_rate=44100),
    "audio/mono_of_torch": lambda: summary.audio("sound", SOUND[None], sample_rate=44100),
    "audio/stereo": lambda: summary.audio("sound", np.stack([SOUND, -SOUND], axis=1), sample_rate=22050),
    "audio/float32": lambda: summary.audio("sound", SOUND.astype(np.float32), sample_rate=8000),
    "audio/int16": lambda: summary.audio("sound", np.array([0, 1, -1, 32767, -32768], np.int16), sample_rate=8000),
    "audio/clipped": lambda: summary.audio("sound", np.array([1.5, -2.0, np.nan, 0.5]), sample_rate=8000),
}

FRAMES = np.stack([np.roll(gradient(3), shift, axis=2) for shift in range(3)])[None]
GREY_FRAMES = FRAMES[:, :, :1]
MANY_COLOURS = np.indices((32, 32)).sum(axis=0)[None, None, None] * np.array([1, 2, 3])[:, None, None] % 256

VIDEOS = {
    "video/plain": lambda: summary.video("a film", FRAMES),
    "video/fps": lambda: summary.video("film", FRAMES, fps=12.5),
    "video/grey": lambda: summary.video("film", GREY_FRAMES),
    "video/float": lambda: summary.video("film", FRAMES / 255),
    "video/grid": lambda: summary.video("films", np.concatenate([FRAMES, 255 - FRAMES])),
    "video/nthwc": lambda: summary.video("film", FRAMES.transpose(0, 1, 3, 4, 2), dataformats="NTHWC"),
    "video/many_colours": lambda: summary.video("film", MANY_COLOURS.astype(np.uint8)),
}

LABELS = np.array([1, 0, 1, 1, 0, 0, 1, 0])
PREDICTIONS = np.array([0.95, 0.1, 0.5, 0.75, 0.75, 0.0, 1.0, 0.4])
WEIGHTS = np.array([1.0, 2.0, 0.5, 1.0, 0.25, 1.0, 4.0, 0.0])
COUNTS = ([4, 3, 1], [4, 1, 0], [0, 3, 4], [0, 1, 3])

CURVES = {
    "pr_curve/plain": lambda: summary.pr_curve("a curve", LABELS, PREDICTIONS, num_thresholds=5),
    "pr_curve/default_thresholds": lambda: summary.pr_curve("curve", LABELS, PREDICTIONS),
    "pr_curve/weights": lambda: summary.pr_curve("curve", LABELS, PREDICTIONS, num_thresholds=5, weights=WEIGHTS),
    "pr_curve/raw": lambda: summary.pr_curve_raw("curve", *COUNTS, [0.5, 0.75, 1.0], [1.0, 0.75, 0.25], 3),
}

VERTICES = np.array([[[1, 1, 1], [-1, -1, 1], [1, -1, -1], [-1, 1, -1]]], dtype=np.float32) / 3
VERTEX_COLOURS = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 0, 255]]])
FACES = np.array([[[0, 2, 3], [0, 3, 1], [0, 1, 2], [1, 3, 2]]])
CONFIG = {"camera": {"cls": "PerspectiveCamera", "fov": 75}, "lights": [{"cls": "AmbientLight", "color": "#ffffff"}]}

MESHES = {
    "mesh/points": lambda: summary.mesh("some points", VERTICES, None, None),
    "mesh/colours": lambda: summary.mesh("points", VERTICES, VERTEX_COLOURS, None),
    "mesh/faces": lambda: summary.mesh("mesh", VERTICES, None, FACES),
    "mesh/config": lambda: summary.mesh("points", VERTICES, None, None, CONFIG),
    "mesh/all": lambda: summary.mesh("mesh", VERTICES, VERTEX_COLOURS, FACES, CONFIG),
    "mesh/batch": lambda: summary.mesh("points", np.concatenate([VERTICES, -VERTICES]), None, None),
}

LINES = {"losses": {"both": ["Multiline", ["loss/train", "loss/.*"]]}}
MARGIN = {"losses": {"bounds": ["Margin", ["loss", "loss/low", "loss/high"]]}, "other": {"x": ["Multiline", ["x"]]}}


def merged_layouts() -> Any:
    from tensorboardX.summary.chart_layout import merge_layouts

    return summary.custom_scalars(merge_layouts(LINES, MARGIN))


LAYOUTS = {
    "custom_scalars/multiline": lambda: summary.custom_scalars(LINES),
    "custom_scalars/margin": lambda: summary.custom_scalars(MARGIN),
    "custom_scalars/merged": merged_layouts,
}

HPARAMS = {"lr": 0.1, "layers": 3, "bias": True, "optimizer": "adam", "seed": None}
METRICS = {"accuracy": 0.9, "loss: last": 0.5}


def domains() -> Any:
    given = {"lr": [0.1, 0.01], "optimizer": ["adam", "sgd"], "bias": [True, False]}
    return summary.hparams(HPARAMS, METRICS, hparam_domain_discrete=given)[0]


HYPERPARAMETERS = {
    "hparams/experiment": lambda: summary.hparams(HPARAMS, METRICS)[0],
    "hparams/session_start": lambda: summary.hparams(HPARAMS, METRICS)[1],
    "hparams/session_end": lambda: summary.hparams(HPARAMS, METRICS)[2],
    "hparams/domain_discrete": domains,
}


class Squares:
    nbytes, is_on_device = 0, False

    def resolve(self) -> Any:
        return np.array([9.0, 16.0, -1.0, 1.0])


def norms() -> Any:
    from tensorboardX.summary.norms import Part, prepare_norms

    parts = [Part("gradient", ["layer.weight", "layer.bias"], 0), Part("update", ["layer.weight", "layer.bias"], 2)]
    return summary.Summary.FromString(prepare_norms("watch", parts, Squares())())


NUMBERS = [[0, 1, -2], [3, 100, 0.1]]
NATURAL = [[0, 1, 2], [3, 100, 250]]
COMPLEX = [[0, 1j, -2], [3 - 0.5j, 100, 0.1]]


def tensor_of(dtype: str, values: list[list[Any]]) -> Callable[[], Any]:
    return lambda: tensor(np.array(values).astype(dtype))


def bfloat16() -> Any:
    import torch

    return tensor(torch.tensor(NUMBERS, dtype=torch.bfloat16))


def tensor(values: Any) -> Any:
    from tensorboardX.summary.tensor import tensor

    return tensor("a tensor", values)


VALUES = {
    **dict.fromkeys(("bool", "int8", "int16", "int32", "int64", "float16", "float32", "float64"), NUMBERS),
    **dict.fromkeys(("uint8", "uint16", "uint32", "uint64"), NATURAL),
    **dict.fromkeys(("complex64", "complex128"), COMPLEX),
}

TENSORS = {
    **{f"tensor/{dtype}": tensor_of(dtype, values) for dtype, values in VALUES.items()},
    "tensor/bfloat16": bfloat16,
    "tensor/rank_0": lambda: tensor(np.array(-2.5)),
    "tensor/empty": lambda: tensor(np.zeros((2, 0, 3), np.float32)),
    "tensor/not_finite": lambda: tensor(np.array([np.nan, np.inf, -np.inf, -0.0])),
}

CASES: dict[str, Callable[[], Any]] = {
    **SCALARS,
    **HISTOGRAMS,
    **TEXTS,
    **TABLES,
    **IMAGES,
    **SOUNDS,
    **VIDEOS,
    **CURVES,
    **MESHES,
    **LAYOUTS,
    **HYPERPARAMETERS,
    **TENSORS,
    "norms/two_kinds": norms,
}
