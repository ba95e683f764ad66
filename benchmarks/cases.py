"""What is measured: one row for each case, the same call for every library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks import inputs

Writer = Any


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Case:
    """One thing that a user does again and again.

    `calls` is how often a round does it, `call(writer, data, step)` does it once with what `prepare` returned.
    A library without `method` is left out. `kind` names the module that measures it: "calls" is the usual one.
    Where only ours has a method for it, the others do what their users do instead: see `is_ours`.
    `durable` marks a call that waits for the file, so that its floor does too. `rounds` bounds slow cases.
    A library that writes less than `least_bytes` a call did not do it.
    """

    title: str
    calls: int = 1
    call: Callable[[Writer, Any, int], object] = lambda writer, data, step: None
    prepare: Callable[[], Any] = _nothing
    method: str = "add_scalar"
    kind: str = "calls"
    durable: bool = False
    rounds: int = 100
    quick: bool = True
    least_bytes: int = 0
    variables: Mapping[str, str] = field(default_factory=dict)


def is_ours(writer: Writer) -> bool:
    """Whether the writer has the methods that no other library has."""
    return hasattr(writer, "add_scalar_series")


def _tensor() -> Any:
    import torch

    return torch.tensor(0.25)


def _scalar_then_flush(writer: Writer, value: float, step: int) -> None:
    writer.add_scalar("loss", value, step)
    writer.flush()


def _scalar(title: str, calls: int, prepare: Callable[[], Any]) -> Case:
    return Case(title, calls, lambda writer, value, step: writer.add_scalar("loss", value, step), prepare)


def _histogram(title: str, calls: int, count: int) -> Case:
    def call(writer: Writer, values: np.ndarray, step: int) -> None:
        writer.add_histogram("weights", values, step)

    return Case(title, calls, call, lambda: inputs.normal(count), "add_histogram")


def _compact_histogram(writer: Writer, values: np.ndarray, step: int) -> None:
    options = {"bins": "compact"} if is_ours(writer) else {}
    writer.add_histogram("weights", values, step, **options)


def _each_scalar(writer: Writer, values: Mapping[str, float], step: int) -> None:
    for tag, value in values.items():
        writer.add_scalar(tag, value, step)


def _scalars_at_step(writer: Writer, values: Mapping[str, float], step: int) -> None:
    if hasattr(writer, "add_scalars_at_step"):
        writer.add_scalars_at_step(values, step)
    else:
        _each_scalar(writer, values, step)


def _image(title: str, picture: str) -> Case:
    def call(writer: Writer, image: np.ndarray, step: int) -> None:
        writer.add_image("image", image, step)

    return Case(f"add_image 256x256, {title}", 40, call, lambda: inputs.channels_first(picture), "add_image")


def _pr_curve(writer: Writer, data: tuple[np.ndarray, np.ndarray], step: int) -> None:
    writer.add_pr_curve("curve", data[0], data[1], global_step=step)


def _mesh(writer: Writer, data: tuple[np.ndarray, np.ndarray], step: int) -> None:
    writer.add_mesh("cloud", data[0], colors=data[1], global_step=step)


def _embedding(title: str, calls: int, count: int, dimensions: int, rounds: int, quick: bool) -> Case:
    def call(writer: Writer, data: tuple[np.ndarray, list[str]], step: int) -> None:
        writer.add_embedding(data[0], metadata=data[1], global_step=step, tag="vectors")

    prepare = lambda: inputs.vectors(count, dimensions)  # noqa: E731
    return Case(title, calls, call, prepare, "add_embedding", rounds=rounds, quick=quick)


def _loop(title: str, threads: int) -> Case:
    names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
    return Case(title, kind="loop", variables=dict.fromkeys(names, str(threads)))


_THREE = {"train": 0.25, "valid": 0.5, "test": 0.75}
_HUNDRED = {f"layer{i // 4}/metric{i % 4}": i / 7 for i in range(100)}
_THOUSANDS = {f"layer{i // 64}/expert{i % 64}/load": i / 7 for i in range(36_000)}
_TEXT = (
    "| name | value |\n| --- | --- |\n| accuracy | **0.93** |\n\nA paragraph with a [link](https://example.org). " * 4
)

CASES: dict[str, Case] = {
    "scalar_float": _scalar("add_scalar, Python float", 50_000, lambda: 0.25),
    "scalar_numpy": _scalar("add_scalar, numpy float32", 50_000, lambda: np.float32(0.25)),
    "scalar_tensor": _scalar("add_scalar, torch 0-d tensor", 20_000, _tensor),
    "scalar_flush": Case("add_scalar + flush", 2_000, _scalar_then_flush, lambda: 0.25, durable=True),
    "scalars_3": Case(
        "add_scalars of 3",
        10_000,
        lambda w, values, step: w.add_scalars("loss", values, step),
        lambda: _THREE,
        "add_scalars",
    ),
    "scalars_100": Case("100 scalars of a step, add_scalar each", 400, _each_scalar, lambda: _HUNDRED),
    "scalars_36000": Case("36,000 scalars of a step, add_scalar each", 12, _each_scalar, lambda: _THOUSANDS),
    "scalars_at_step": Case(
        "100 scalars of a step, ours by add_scalars_at_step", 400, _scalars_at_step, lambda: _HUNDRED
    ),
    "series": Case("import of 1,000,000 points, each; ours by add_scalar_series", kind="series"),
    "histogram_1k": _histogram("add_histogram, 1,000 float32", 2_000, 1_000),
    "histogram_10k": _histogram("add_histogram, 10,000 float32", 1_000, 10_000),
    "histogram_100k": _histogram("add_histogram, 100,000 float32", 200, 100_000),
    "histogram_1m": _histogram("add_histogram, 1,000,000 float32", 30, 1_000_000),
    "histogram_compact": Case(
        "add_histogram, 1,000,000 float32, ours in compact bins",
        30,
        _compact_histogram,
        lambda: inputs.normal(1_000_000),
        "add_histogram",
    ),
    "image_natural": _image("natural", "photograph"),
    "image_texture": _image("texture", "texture"),
    "image_noise": _image("noise", "noise"),
    "image_smooth": _image("smooth", "gradient"),
    "image_figure": _image("figure", "figure"),
    "image_heat_map": _image("heat map", "heat_map"),
    "image_digits": _image("digits", "digits"),
    "images": Case(
        "add_images 16x3x64x64",
        40,
        lambda w, images, step: w.add_images("images", images, step),
        inputs.photos,
        "add_images",
    ),
    "text": Case(
        "add_text, 420 characters",
        5_000,
        lambda w, text, step: w.add_text("notes", text, step),
        lambda: _TEXT,
        "add_text",
    ),
    "pr_curve": Case(
        "add_pr_curve, 100,000", 40, _pr_curve, lambda: inputs.labels_and_predictions(100_000), "add_pr_curve"
    ),
    "audio": Case(
        "add_audio, one second",
        100,
        lambda w, sound, step: w.add_audio("sound", sound, step),
        inputs.sound,
        "add_audio",
    ),
    "video": Case(
        "add_video 1x16x3x64x64",
        10,
        lambda w, film, step: w.add_video("film", film, step),
        inputs.film,
        "add_video",
        least_bytes=1_000,
    ),
    "mesh": Case("add_mesh, 10,000 vertices", 40, _mesh, lambda: inputs.cloud(10_000), "add_mesh"),
    "embedding_10k": _embedding("add_embedding 10,000x64", 3, 10_000, 64, rounds=3, quick=True),
    "embedding_100k": _embedding("add_embedding 100,000x512", 1, 100_000, 512, rounds=1, quick=False),
    "import": Case("import", kind="importing"),
    "serve": Case("add_scalar until TensorBoard serves it", kind="serving", rounds=1),
    "loop_one": _loop("training loop, matmul on one core", 1),
    "loop_two": _loop("training loop, matmul on two cores", 2),
}
