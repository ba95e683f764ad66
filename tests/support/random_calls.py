"""Random calls with ordinary arguments, the same ones whichever tensorboardX is imported.

    python random_calls.py SEED CALLS LOGDIR

makes them, `PER_RUN` for each run below LOGDIR. Only NumPy and tensorboardX are needed: the original's interpreter runs
this file too.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

PER_RUN = 50
WALLTIME = 12345.5

Arguments = dict[str, Any]


class Draw:
    """Ordinary arguments, drawn at random."""

    def __init__(self, seed: Any) -> None:
        self.rng = np.random.default_rng(seed)

    def one_of(self, *choices: Any) -> Any:
        return choices[self.rng.integers(len(choices))]

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def whole(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def tag(self) -> str:
        name = self.one_of(
            "loss", "train/acc", "a b", "/lead", "layer.0/weight", "é/損失", "x:y", "10%", "A-B_c", "[0]"
        )
        return f"{name}{self.one_of('', '', '/sub', ' 2', f'/{self.whole(0, 99)}')}"

    def step(self) -> Any:
        small = self.whole(0, 1000)
        return self.one_of(
            small, small, small, None, np.int64(small), np.int32(small), float(small), self.whole(0, 2**40)
        )

    def at(self) -> Arguments:
        """A step, and a wall time in most calls; the time of the others is not compared."""
        return {"global_step": self.step(), "walltime": WALLTIME if self.chance(0.7) else None}

    def number(self) -> Any:
        value = float(self.rng.normal() * 10.0 ** self.whole(-6, 6))
        special = self.one_of(0.0, 1.0, -0.0, float("nan"), float("inf"), 1e38, True, self.whole(-9, 9))
        forms = (
            value,
            value,
            value,
            np.float32(value),
            np.float64(value),
            np.array(value),
            np.array([[value]]),
            [value],
        )
        return special if self.chance(0.15) else self.one_of(*forms)

    def text(self) -> str:
        return self.one_of(
            "", "plain text", "**bold** é 損失 😀", "| a | b |\n|---|---|\n| 1 | 2 |", "x" * self.whole(1, 3000)
        )

    def values(self) -> np.ndarray:
        count = self.whole(1, 400)
        drawn = self.one_of(
            self.rng.normal(size=count),
            self.rng.normal(size=count) * 10.0 ** self.whole(-9, 9),
            self.rng.exponential(size=count),
            self.rng.uniform(-1, 1, count),
            self.rng.integers(-20, 20, count),
            np.full(count, float(self.rng.normal())),
        )
        return drawn.astype(self.one_of(drawn.dtype, drawn.dtype, np.float32))

    def pixels(self, *shape: int) -> np.ndarray:
        kind = self.one_of("uint8", "uint8", "float32", "float64", "bool", "int64")
        if kind == "uint8":
            return self.rng.integers(0, 256, shape, dtype=np.uint8)
        return (
            self.rng.integers(0, 2, shape).astype(kind)
            if kind in ("bool", "int64")
            else self.rng.random(shape).astype(kind)
        )

    def image(self, *formats: str) -> tuple[np.ndarray, str]:
        """An image of up to 9 x 9 pixels, and what its axes are."""
        axes = self.one_of(*formats)
        sizes = {"C": self.one_of(1, 3, 3, 4), "N": self.whole(1, 11)}
        array = self.pixels(*[sizes.get(axis) or self.whole(1, 9) for axis in axes])
        return array, self.one_of(axes, axes, axes.lower())


# ---- for each method the arguments of a call


def _scalar(draw: Draw) -> Arguments:
    named = {"display_name": draw.one_of("", "Name", "é"), "summary_description": draw.one_of("", "A *description*")}
    return {"tag": draw.tag(), "scalar_value": draw.number(), **draw.at(), **(named if draw.chance(0.2) else {})}


def _scalars(draw: Draw) -> Arguments:
    keys = ("sin", "cos", "a/b", "x y", "best")[: draw.whole(1, 5)]
    return {"main_tag": draw.tag().lstrip("/"), "tag_scalar_dict": {key: draw.number() for key in keys}, **draw.at()}


def _histogram(draw: Draw) -> Arguments:
    values = draw.values()
    edges = np.linspace(float(values.min()) - 1, float(values.max()) + 1, draw.whole(2, 20))
    bins = draw.one_of("tensorflow", "tensorflow", "auto", "sqrt", "sturges", "rice", "doane", draw.whole(1, 60), edges)
    more = {"max_bins": draw.whole(1, 100)} if draw.chance(0.3) else {}
    return {"tag": draw.tag(), "values": values, "bins": bins, **more, **draw.at()}


def _histogram_raw(draw: Draw) -> Arguments:
    values = draw.values().astype(float)
    counts, limits = np.histogram(values, draw.whole(1, 30))
    sums = {"sum": float(values.sum()), "sum_squares": float(values.dot(values))}
    moments = {"min": float(values.min()), "max": float(values.max()), "num": len(values), **sums}
    return {
        **{"tag": draw.tag(), **moments, "bucket_limits": limits[1:].tolist(), "bucket_counts": counts.tolist()},
        **draw.at(),
    }


def _image(draw: Draw) -> Arguments:
    pixels, axes = draw.image("CHW", "CHW", "HWC", "HW", "WCH", "NCHW")
    return {"tag": draw.tag(), "img_tensor": pixels, "dataformats": axes, **draw.at()}


def _images(draw: Draw) -> Arguments:
    pixels, axes = draw.image("NCHW", "NCHW", "NHWC")
    listed = draw.chance(0.2)
    axes = axes.upper()[1:] if listed else axes
    return {"tag": draw.tag(), "img_tensor": list(pixels) if listed else pixels, "dataformats": axes, **draw.at()}


def _boxes(draw: Draw) -> Arguments:
    height, width = draw.whole(20, 60), draw.whole(20, 60)
    count = draw.whole(0, 4)
    corners = np.sort(draw.rng.uniform(0, min(height, width), (count, 2, 2)), axis=1)
    labels = [draw.one_of("dog", "a cat", "g", "") for _ in range(count)] if draw.chance(0.5) else None
    boxes = corners.reshape(count, 4).astype(draw.one_of(float, int))
    return {
        **{"tag": draw.tag(), "img_tensor": draw.pixels(3, height, width), "box_tensor": boxes, "labels": labels},
        **draw.at(),
    }


def _video(draw: Draw) -> Arguments:
    shape = (draw.whole(1, 5), draw.whole(1, 4), draw.one_of(1, 3), draw.whole(1, 6), draw.whole(1, 6))
    return {"tag": draw.tag(), "vid_tensor": draw.pixels(*shape), "fps": draw.one_of(1, 4, 10), **draw.at()}


def _audio(draw: Draw) -> Arguments:
    count = draw.whole(1, 500)
    shape = draw.one_of((count,), (count, 1), (count, 2))
    sound = draw.rng.uniform(-1.2 if draw.chance(0.2) else -1, 1, shape).astype(draw.one_of(np.float32, np.float64))
    return {"tag": draw.tag(), "snd_tensor": sound, "sample_rate": draw.one_of(44100, 8000, 16000), **draw.at()}


def _text(draw: Draw) -> Arguments:
    return {"tag": draw.tag(), "text_string": draw.text(), **draw.at()}


def _pr_curve(draw: Draw) -> Arguments:
    count = draw.whole(1, 200)
    labels = draw.rng.integers(0, 2, count)
    predictions = draw.rng.random(count)
    more = {"num_thresholds": draw.whole(1, 127)} if draw.chance(0.5) else {}
    if draw.chance(0.1):  # with few thresholds the original takes 1.5 for 1
        predictions[draw.whole(0, count - 1)] = np.nan if more else draw.one_of(np.nan, 1.5, -0.5)
    weights = {"weights": draw.one_of(2.5, draw.rng.integers(1, 9, count) / 8)} if draw.chance(0.3) else {}
    kind = draw.one_of(labels.dtype, bool)
    return {
        "tag": draw.tag(),
        "labels": labels.astype(kind),
        "predictions": predictions,
        **more,
        **weights,
        **draw.at(),
    }


def _pr_curve_raw(draw: Draw) -> Arguments:
    count = draw.whole(1, 20)
    kinds = ("true_positive", "false_positive", "true_negative", "false_negative")
    counts = {f"{kind}_counts": draw.rng.integers(0, 100, count).tolist() for kind in kinds}
    rows = {name: draw.rng.random(count).tolist() for name in ("precision", "recall")}
    more = {"num_thresholds": draw.one_of(count, draw.whole(1, 126))} if draw.chance(0.7) else {}
    return {"tag": draw.tag(), **counts, **rows, **more, **draw.at()}


def _mesh(draw: Draw) -> Arguments:
    batch, count = draw.whole(1, 2), draw.whole(1, 6)
    parts = {
        "colors": draw.rng.integers(0, 256, (batch, count, 3)),
        "faces": draw.rng.integers(0, count, (batch, draw.whole(1, 4), 3)),
        "config_dict": {"camera": {"cls": "PerspectiveCamera", "fov": 75}},
    }
    chosen = {name: part for name, part in parts.items() if draw.chance(0.5)}
    return {"tag": draw.tag(), "vertices": draw.rng.normal(size=(batch, count, 3)), **chosen, **draw.at()}


def _hparams(draw: Draw) -> Arguments:
    values = {
        "lr": 0.1 * draw.whole(1, 9),
        "size": draw.whole(1, 64),
        "name": draw.text()[:20],
        "use": draw.chance(0.5),
    }
    chosen = {name: value for name, value in values.items() if draw.chance(0.7)}
    metrics = {f"hparam/{name}": float(draw.rng.random()) for name in ("loss", "acc")}
    step = draw.one_of(None, draw.whole(0, 1000))
    return {"hparam_dict": chosen, "metric_dict": metrics, "name": f"trial {draw.whole(0, 10**9)}", "global_step": step}


def _multiline(draw: Draw) -> Arguments:
    return {"tags": ["loss", "train/.*"][: draw.whole(1, 2)], "category": draw.tag(), "title": draw.tag()}


def _margin(draw: Draw) -> Arguments:
    return {"tags": ["mean", "low", "high"], "category": draw.tag(), "title": draw.tag()}


METHODS: dict[str, tuple[int, Callable[[Draw], Arguments]]] = {
    "add_scalar": (12, _scalar),
    "add_scalars": (3, _scalars),
    "add_histogram": (8, _histogram),
    "add_histogram_raw": (3, _histogram_raw),
    "add_image": (6, _image),
    "add_images": (3, _images),
    "add_image_with_boxes": (3, _boxes),
    "add_video": (1, _video),
    "add_audio": (3, _audio),
    "add_text": (4, _text),
    "add_pr_curve": (4, _pr_curve),
    "add_pr_curve_raw": (2, _pr_curve_raw),
    "add_mesh": (2, _mesh),
    "add_hparams": (1, _hparams),
}
"""How often each is called, relative to the others, and with what."""

WITHOUT_DEFAULTS = ("add_scalars", "add_hparams")
"""What the step and the time of `use_metadata` do not reach in the original."""

LAYOUTS = {"add_custom_scalars_multilinechart": _multiline, "add_custom_scalars_marginchart": _margin}
"""One of these is called in each run: ours merges the layouts of several calls."""


def calls(seed: int, run: int, count: int) -> Iterator[tuple[str, Arguments]]:
    """Yield the calls of one run: methods and their arguments."""
    draw = Draw([seed, run])
    layout = draw.one_of(*LAYOUTS)
    yield layout, LAYOUTS[layout](draw)
    weights = np.array([weight for weight, _ in METHODS.values()], float)
    for index in draw.rng.choice(len(METHODS), count - 1, p=weights / weights.sum()):
        name = list(METHODS)[index]
        yield name, METHODS[name][1](draw)


def runs(count: int) -> Iterator[tuple[int, int]]:
    """Yield the number of each run, and how many calls it has."""
    for run, start in enumerate(range(0, count, PER_RUN)):
        yield run, min(PER_RUN, count - start)


def main(seed: int, count: int, logdir: Path) -> None:
    from tensorboardX import SummaryWriter

    for run, of_run in runs(count):
        with SummaryWriter(str(logdir / f"{run:04d}")) as writer, contextlib.redirect_stdout(io.StringIO()):
            draw = Draw([seed, run, 1])
            for name, arguments in calls(seed, run, of_run):
                default = {"global_step": draw.whole(0, 99), "walltime": WALLTIME}
                within = draw.chance(0.2) and name not in WITHOUT_DEFAULTS
                with writer.use_metadata(**default) if within else contextlib.nullcontext():
                    getattr(writer, name)(**arguments)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
