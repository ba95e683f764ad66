"""The same script, run with the original and with ours, writes equal Summaries.

What differs on purpose, and is therefore not called here: float images out of [0, 1] (the original wraps them),
histograms of values beyond 1e20 and of nothing (it raises), boxes with a `rescale` (it stores the size before it),
names and descriptions of scalars (it stores metadata that TensorBoard's data server throws away).
"""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support import stock
from support.original import run_original

import tensorboardX

SETUP = """
import sys
import numpy as np
from tensorboardX import SummaryWriter

rng = np.random.default_rng(20)
NORMAL = rng.normal(size=2000)
DISTRIBUTIONS = {
    "normal": NORMAL,
    "float32": NORMAL.astype(np.float32).reshape(20, 100),
    "skewed": rng.exponential(size=1000) ** 3,
    "integers": rng.integers(-20, 20, 500),
    "bimodal": np.concatenate([NORMAL - 5, NORMAL / 10 + 5]),
    "one": np.array([0.25]),
    "equal": np.full(50, 3.0),
    "zeros": np.zeros(9),
    "tiny": NORMAL * 1e-14,
    "large": NORMAL * 1e15,
    "on the edges": np.array([-1e-12, 0.0, 1e-12, 1.1e-12]),
}
"""

SCALARS = """
with SummaryWriter(sys.argv[1]) as writer:
    values = [0.1, 1, -2.5, True, np.float32(0.3), np.float64(1e-40), np.int64(7), np.array([[0.5]]), [0.25], 1e38]
    for step, value in enumerate(values + [float("inf"), float("-inf"), float("nan"), -0.0]):
        writer.add_scalar("train/loss", value, step)
    for tag in ("a b", "/lead", "//two", "é/ü", "a:b\\\\c", "x" * 300, "-._", "{}[]"):
        writer.add_scalar(tag, 1.0, 3)
    for step in (None, 0, -5, 2.7, np.int64(9), 2**62):
        writer.add_scalar("steps", 0.5, step)
    writer.add_scalar("time", 0.5, 1, 12345.5)
    for step in range(3):
        writer.add_scalars("both", {"sin": 0.5 * step, "cos": np.float32(step)}, step)
    writer.add_scalars("a b/c", {"x/y": 1}, 1)
"""

HISTOGRAMS = """
import tensorboardX.summary
with SummaryWriter(sys.argv[1]) as writer:
    for name, values in DISTRIBUTIONS.items():
        for bins in ("tensorflow", "auto", "fd", "doane", "sturges", "scott", "rice", "sqrt", 1, 10, 77):
            writer.add_histogram(f"{name}/{bins}", values, 1, bins)
        for max_bins in (1, 2, 7, 10, 30, 64, 1000):
            writer.add_histogram(f"{name}/at most {max_bins}", values, 2, max_bins=max_bins)
            writer.add_histogram(f"{name}/50, at most {max_bins}", values, 2, 50, max_bins=max_bins)
        low, high = float(np.min(values)), float(np.max(values))
        writer.add_histogram(f"{name}/edges", values, 3, [low - 1, low, (low + high) / 2, high, high + 1])
        writer.add_histogram(f"{name}/array edges", values, 3, np.linspace(low - 1, high + 1, 12))
        writer.add_histogram(f"{name}/list", np.ravel(values).tolist(), 4)
    counts, limits = np.histogram(NORMAL, 20)
    writer.add_histogram_raw("raw raw", min=float(NORMAL.min()), max=float(NORMAL.max()), num=len(NORMAL),
        sum=float(NORMAL.sum()), sum_squares=float(NORMAL.dot(NORMAL)), bucket_limits=limits[1:].tolist(),
        bucket_counts=counts.tolist(), global_step=5)
"""

IMAGES = """
import itertools
with SummaryWriter(sys.argv[1]) as writer:
    for dtype in ("uint8", "float32", "float64", "float16", "bool", "int64"):
        pixels = rng.integers(0, 256, (6, 7, 4), dtype=np.uint8)
        pixels = pixels if dtype == "uint8" else pixels > 127 if dtype in ("bool", "int64") else pixels / 255
        pixels = pixels.astype(dtype)
        writer.add_image(f"{dtype} HW", pixels[:, :, 0], 1, dataformats="HW")
        writer.add_image(f"{dtype} WH", pixels[:, :, 0], 1, dataformats="WH")
        for channels in (1, 3, 4):
            image = pixels[:, :, :channels]
            for order in ("HWC", "CHW", "WCH", "chw"):
                turned = image.transpose(["HWC".index(axis) for axis in order.upper()])
                writer.add_image(f"{dtype} {channels} {order}", turned, 2, dataformats=order)
            writer.add_image(f"{dtype} {channels}", image.transpose(2, 0, 1), 2)
            for count in (1, 3, 8, 11):
                batch = np.stack([np.roll(image, shift, 0) for shift in range(count)])
                name = f"{dtype} {channels} {count}"
                writer.add_images(f"{name} NHWC", batch, 3, dataformats="NHWC")
                writer.add_images(f"{name} NCHW", batch.transpose(0, 3, 1, 2), 3)
                writer.add_images(f"{name} CWHN", batch.transpose(3, 2, 1, 0), 3, dataformats="CWHN")
                writer.add_images(f"{name} list", list(batch), 4, dataformats="HWC")
                writer.add_images(f"{name} CHW list", list(batch.transpose(0, 3, 1, 2)), 4, dataformats="CHW")
                writer.add_image(f"{name} image", batch.transpose(0, 3, 1, 2), 4, dataformats="NCHW")
"""

BOXES = """
with SummaryWriter(sys.argv[1]) as writer:
    picture = rng.integers(0, 256, (3, 80, 100), dtype=np.uint8)
    boxes = np.array([[5, 10, 60, 50], [30, 20, 95, 75], [-10, -10, 20, 20], [70, 60, 200, 200]])
    kinds = {"int": boxes, "float": boxes + 0.4, "float32": boxes.astype(np.float32), "one": boxes[:1]}
    for name, box in kinds.items():
        writer.add_image_with_boxes(f"{name} boxes", picture, box, 1)
        labels = ["dog", "a longer label", "g", ""][:len(box)]
        writer.add_image_with_boxes(f"{name} labels", picture, box, 2, labels=labels)
        writer.add_image_with_boxes(f"{name} too many", picture, box, 3, labels=labels + ["x"])
    writer.add_image_with_boxes("string", picture, boxes[:1], 4, labels="cat")
    writer.add_image_with_boxes("HWC", picture.transpose(1, 2, 0) / 255, boxes, 5, dataformats="HWC")
    writer.add_image_with_boxes("grey", picture[0] / 255, boxes, 6, dataformats="HW")
    writer.add_image_with_boxes("none", picture, np.zeros((0, 4)), 7)
"""

FIGURES = """
import matplotlib
matplotlib.use("Agg")
from matplotlib import pyplot

def figure(slope):
    drawn, axes = pyplot.subplots(figsize=(3, 2), dpi=50)
    axes.plot([0, 1, 2], [0, slope, 4 - slope])
    axes.fill_between([0, 1], [0, slope])
    return drawn

with SummaryWriter(sys.argv[1]) as writer:
    writer.add_figure("one", figure(1), 1)
    writer.add_figure("several", [figure(slope) for slope in range(3)], 2, close=False)
    assert len(pyplot.get_fignums()) == 3, pyplot.get_fignums()
"""

TEXTS = """
with SummaryWriter(sys.argv[1]) as writer:
    for step, text in enumerate(["plain", "", "**bold** é 損失 😀", "| a | b |\\n|---|---|\\n| 1 | 2 |", "x" * 10000]):
        writer.add_text("a note/é", text, step)
    writer.add_text("later", "text", None, 12345.5)
"""


def _run_ours(script: str, logdir: Path) -> None:
    source = str(Path(tensorboardX.__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {source!r})\n{script}"
    done = subprocess.run([sys.executable, "-c", code, str(logdir)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def _both(python: Path, script: str, tmp_path: Path) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    run_original(python, SETUP + script, tmp_path / "original")
    _run_ours(SETUP + script, tmp_path / "ours")
    return _logged(tmp_path / "original"), _logged(tmp_path / "ours")


def _logged(logdir: Path) -> dict[str, list[Any]]:
    """{run: [(step, wall time where it was given, Summary)]}."""
    return {
        run: [
            (event.step, event.wall_time if event.wall_time == 12345.5 else None, event.summary)
            for event in events
            if event.HasField("summary")
        ]
        for run, events in stock.events(logdir).items()
    }


def _plain(event: tuple[int, float | None, Any]) -> tuple[Any, ...]:
    """An event with its pictures decoded; the serialized rest, which makes NaN equal NaN."""
    step, walltime, summary = event
    pictures = []
    for value in summary.value:
        if value.WhichOneof("value") == "image":
            with Image.open(io.BytesIO(value.image.encoded_image_string)) as picture:
                pictures.append((picture.format, picture.mode, np.asarray(picture).tolist()))
            value.image.ClearField("encoded_image_string")
        if value.WhichOneof("value") == "histo":  # summed in another order, and equal to within a few last digits
            value.histo.sum = float(f"{value.histo.sum:.11g}")
            value.histo.sum_squares = float(f"{value.histo.sum_squares:.11g}")
    return step, walltime, summary.SerializeToString(deterministic=True), pictures


def _assert_equal(python: Path, script: str, tmp_path: Path, least: int) -> None:
    original, ours = _both(python, script, tmp_path)
    assert list(ours) == list(original)
    for run, events in original.items():
        assert len(events) == len(ours[run])
        for theirs, mine in zip(events, ours[run], strict=True):
            tag = theirs[2].value[0].tag
            same = _plain(mine) == _plain(theirs)  # a truth value: the bytes would fill pages
            assert same, f"{run}: {tag} at step {mine[0]}"
    assert sum(map(len, original.values())) >= least


@pytest.mark.parametrize(
    ("script", "least"),
    [(SCALARS, 36), (HISTOGRAMS, 300), (IMAGES, 500), (BOXES, 15), (FIGURES, 2), (TEXTS, 6)],
    ids=["scalars", "histograms", "images", "boxes", "figures", "texts"],
)
def test_the_original_and_ours_write_the_same(original_python, tmp_path, script, least):
    _assert_equal(original_python, script, tmp_path, least)
