"""Fill every dashboard of TensorBoard: one script that calls each method of SummaryWriter.

    pip install ".[examples,onnx,jax]"
    python examples/all_dashboards.py --logdir runs/all_dashboards

The last line that is printed is the command that shows the result. All data is made up here, from `--seed` alone.
What needs a package that is not installed is left out, with a line that says so; most of it needs none.

The log directory holds several runs: `training` has most of the data, `search` the hyperparameters of several trials,
`graphs` a run for each model, because a run has one graph, and `resumed` a run that crashed and went on.
"""

from __future__ import annotations

import argparse
import inspect
import os
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from tensorboardX import SummaryWriter

STEPS = 300
FEW_STEPS = 8  # TensorBoard keeps ten images, sounds and texts of a tag
CHECKPOINT = 120  # the step of the values that are logged under `use_metadata`
CRASH, LAST_GOOD = 90, 60  # a run crashes at the one step, and goes on from the other
SAMPLE_RATE = 16_000
WIDTH = 175  # of the landscape, half of what TensorBoard shows: pixels, and so letters, stay whole
ZOOM = 4  # a scanned digit of 8 x 8 pixels is tiny on a screen

Array = np.ndarray
Random = np.random.Generator


def installed(package: str, what: str) -> bool:
    """Tell whether a package can be imported; say what is left out if not."""
    found = find_spec(package) is not None
    if not found:
        print(f"{package} is not installed: {what} is left out")
    return found


def accepts(method: Callable[..., Any], parameter: str) -> bool:
    return parameter in inspect.signature(method).parameters


# ---- numbers


def smooth_noise(random: Random, count: int, width: int = 9) -> Array:
    """Return noise of shape (count,), in which neighbours are alike, with a standard deviation of about 1."""
    window = np.hanning(width + 2)
    return np.convolve(random.normal(size=count + width + 1), window / np.linalg.norm(window), mode="valid")


def log_scalars(writer: SummaryWriter, random: Random) -> None:
    """Log the curves of a training that goes well."""
    progress = np.arange(STEPS) / STEPS
    fading = np.exp(-3 * progress)
    train = 0.12 + 2.2 * np.exp(-5 * progress) + 0.08 * fading * smooth_noise(random, STEPS)
    validation = 0.25 + 2.0 * np.exp(-4 * progress) + 0.06 * fading * smooth_noise(random, STEPS)
    accuracy = 0.95 - 0.85 * np.exp(-4.5 * progress) + 0.01 * smooth_noise(random, STEPS)
    spread = 0.02 + 0.1 * fading
    rate = 0.1 * np.where(progress < 0.1, progress / 0.1, 0.5 * (1 + np.cos(np.pi * (progress - 0.1) / 0.9)))
    for step in range(STEPS):
        writer.add_scalar("loss/train", train[step], step)
        writer.add_scalar("loss/validation", validation[step], step)
        writer.add_scalar("accuracy/mean", accuracy[step], step)
        writer.add_scalar("accuracy/lower", accuracy[step] - spread[step], step)
        writer.add_scalar("accuracy/upper", accuracy[step] + spread[step], step)
        name, description = "Learning rate", "Rises for a tenth of the time, then falls as a **cosine**."
        writer.add_scalar("lr", rate[step], step, display_name=name, summary_description=description)
    log_norms(writer, random)


def log_norms(writer: SummaryWriter, random: Random) -> None:
    progress = np.arange(STEPS) / STEPS
    for layer in range(1, 5):
        norms = layer * (0.4 + np.exp(-3 * progress)) + 0.1 * smooth_noise(random, STEPS, 25)
        for step in range(STEPS):
            writer.add_scalar(f"gradient_norm/layer{layer}", norms[step], step)


def log_scalars_in_new_ways(writer: SummaryWriter, random: Random) -> None:
    """Log scalars as tensors, several at once, and a whole series: what the original tensorboardX cannot."""
    seconds = 0.2 + 0.01 * smooth_noise(random, STEPS)
    if accepts(writer.add_scalar, "new_style"):
        for step in range(STEPS):
            writer.add_scalar("speed/images_per_second", 64 / seconds[step], step, new_style=True)
    if hasattr(writer, "add_scalars_at_step"):
        for step in range(STEPS):
            writer.add_scalars_at_step({"speed/forward": seconds[step] / 3, "speed/backward": seconds[step] / 2}, step)
    if hasattr(writer, "add_scalar_series"):
        writer.add_scalar_series("speed/seconds", seconds, np.arange(STEPS))


def log_scalars_together(writer: SummaryWriter, json_path: str) -> None:
    """Log curves that share a chart, each in a run of its own, and export them."""
    for step in range(STEPS):
        angle = step / 20
        waves = {"sine": np.sin(angle), "cosine": np.cos(angle), "damped": np.sin(angle) * np.exp(-step / 100)}
        writer.add_scalars("waves", waves, step)
    writer.export_scalars_to_json(json_path)


def log_histograms(writer: SummaryWriter, random: Random) -> None:
    """Log weights that part into two groups, in bins of several kinds."""
    for step in range(0, 30):
        group = random.choice([-1, 1], size=3000)
        weights = (group * step / 12 + random.normal(scale=1 - step / 50, size=3000)).astype(np.float32)
        writer.add_histogram("weights/default_bins", weights, step)
        writer.add_histogram("weights/auto", weights, step, bins="auto")
        writer.add_histogram("weights/sixty", weights, step, bins=60)
        writer.add_histogram("weights/own_edges", weights, step, bins=np.linspace(-6, 6, 49))
        writer.add_histogram("weights/joined", weights, step, bins=400, max_bins=40)
        log_counts(writer, random.gamma(2 + step / 5, size=2000), step)


def log_counts(writer: SummaryWriter, values: Array, step: int) -> None:
    """Log a histogram that is counted here."""
    counts, edges = np.histogram(values, bins=40)
    writer.add_histogram_raw(
        "weights/counted_here",
        min=float(values.min()),
        max=float(values.max()),
        num=len(values),
        sum=float(values.sum()),
        sum_squares=float(values @ values),
        bucket_limits=edges[1:].tolist(),
        bucket_counts=counts.tolist(),
        global_step=step,
    )


def log_pr_curves(writer: SummaryWriter, random: Random) -> None:
    """Log a classifier that tells two classes apart better and better."""
    labels = random.random(1500) < 0.3
    noise = random.normal(size=1500)
    weights = np.where(labels, 2.0, 1.0)
    for step in range(FEW_STEPS):
        scores = (labels * 2.0 - 1) * step / 4 + noise
        probabilities = 1 / (1 + np.exp(-2 * scores))
        writer.add_pr_curve("classifier", labels, probabilities, step)
        writer.add_pr_curve("classifier_weighted", labels, probabilities, step, num_thresholds=64, weights=weights)
        log_counted_curve(writer, 2 + step, step)


def log_counted_curve(writer: SummaryWriter, sharpness: int, step: int) -> None:
    """Log the counts of a classifier that is known as a formula: 400 of 1000 things are to be found."""
    thresholds = np.linspace(0, 1, 33)
    found, wrong = np.floor(400 * (1 - thresholds**sharpness)), np.floor(600 * (1 - thresholds) ** sharpness)
    writer.add_pr_curve_raw(
        "classifier_raw",
        true_positive_counts=found,
        false_positive_counts=wrong,
        true_negative_counts=600 - wrong,
        false_negative_counts=400 - found,
        precision=found / np.maximum(found + wrong, 1e-7),
        recall=found / 400,
        global_step=step,
        num_thresholds=len(thresholds),
    )


def log_custom_charts(writer: SummaryWriter) -> None:
    """Arrange the scalars of `log_scalars` in charts of their own."""
    losses = ["Multiline", ["loss/train", "loss/validation"]]
    accuracy = ["Margin", ["accuracy/mean", "accuracy/lower", "accuracy/upper"]]
    writer.add_custom_scalars({"training": {"loss": losses, "accuracy": accuracy}})
    writer.add_custom_scalars_multilinechart([r"gradient_norm/layer\d"], category="layers", title="gradient norm")
    writer.add_custom_scalars_marginchart(accuracy[1], category="training", title="accuracy and its bounds")


def log_under_metadata(writer: SummaryWriter) -> None:
    """Log several things of one step, which is named once."""
    with writer.use_metadata(global_step=CHECKPOINT, walltime=time.time()):
        writer.add_scalar("checkpoint/size", 48.5)
        writer.add_text("checkpoint", "Saved as `model.pt`.")


def log_tensors(writer: SummaryWriter) -> None:
    """Log arrays for programs to read back."""
    if hasattr(writer, "add_tensor"):
        writer.add_tensor("confusion", np.array([[48, 2], [5, 45]]), 0)
        writer.add_tensor("kernel", np.hanning(7).astype(np.float32), 0)


# ---- pictures


def log_images(writer: SummaryWriter, random: Random) -> None:
    ridges = [mountain_ridge(random, WIDTH) for _ in range(3)]
    for step in range(FEW_STEPS):
        sun = (25 + 18 * step, 20 + 4 * step)
        picture = landscape(ridges, sun)
        writer.add_image("landscape", picture, step, dataformats="HWC")
        boxes = np.array([[sun[0] - 13, sun[1] - 13, sun[0] + 13, sun[1] + 13], [0, 95, WIDTH - 1, 134]])
        chw = picture.transpose(2, 0, 1)
        writer.add_image_with_boxes("objects", chw, boxes, step, labels=["sun", "lake"])
        planets = np.stack([planet(number / 12, 0.8 * step) for number in range(12)])
        writer.add_images("planets", planets, step)


def mountain_ridge(random: Random, width: int) -> Array:
    """Return heights of shape (width,), from 0 to 1."""
    x = np.linspace(0, 1, width)
    frequencies = 2.0 ** np.arange(7)
    waves = [abs(np.sin(np.pi * f * x + phase)) / f for f, phase in zip(frequencies, 9 * random.random(7), strict=True)]
    height = -np.sum(waves, axis=0)
    return (height - height.min()) / np.ptp(height)


def landscape(ridges: Sequence[Array], sun: tuple[int, int]) -> Array:
    """Return mountains at a lake, the sun at (x, y), as uint8 of shape (135, WIDTH, 3)."""
    y, x = np.mgrid[0:95, 0:WIDTH]
    dusk = sun[1] / 50
    low, high = np.array([255, 190 - 60 * dusk, 130 - 60 * dusk]), np.array([110, 150 - 60 * dusk, 215 - 90 * dusk])
    fade = (y / 94)[..., np.newaxis]
    picture = low * fade + high * (1 - fade)
    distance = np.hypot(x - sun[0], y - sun[1])
    glow = np.clip(1.2 - distance / 10, 0, 1) + 0.4 * np.exp(-distance / 30)
    picture += np.clip(glow, 0, 1)[..., np.newaxis] * (np.array([255, 245, 200]) - picture)
    for depth, ridge in enumerate(ridges):
        rock = np.array([120, 115, 150]) * (1 - 0.3 * depth) * (1 - 0.3 * dusk)
        picture[y > 80 - (50 - 15 * depth) * ridge] = rock
    ripples = (3 * np.sin(np.arange(40) ** 2 / 40)).astype(int)
    lake = [np.roll(picture[94 - 2 * row], ripples[row], axis=0) * 0.7 + [0, 10, 25] for row in range(40)]
    return np.concatenate([picture, lake]).clip(0, 255).astype(np.uint8)


def rainbow(hue: Array | float) -> Array:
    """Return colours from 0 to 1, an axis longer than `hue`, which goes round the circle of colours from 0 to 1."""
    return 0.5 + 0.5 * np.cos(2 * np.pi * (np.asarray(hue)[..., np.newaxis] - np.array([0, 1 / 3, 2 / 3])))


def planet(hue: float, angle: float) -> Array:
    """Return a banded ball under a light that goes round it, as float32 from 0 to 1 of shape (3, 48, 48)."""
    y, x = np.mgrid[-1.1:1.1:48j, -1.1:1.1:48j]
    z = np.sqrt(np.clip(1 - x**2 - y**2, 0, 1))
    light = np.clip(x * np.sin(angle) - 0.3 * y + z * np.cos(angle), 0.1, 1)
    bands = rainbow(hue + 0.08 * np.sin(9 * y + 2 * np.sin(3 * x)))
    edge = np.clip(24 * (1 - np.hypot(x, y)), 0, 1)
    return (bands * (light * edge)[..., np.newaxis]).transpose(2, 0, 1).astype(np.float32)


def log_figures(writer: SummaryWriter, random: Random) -> None:
    if not installed("matplotlib", "add_figure"):
        return
    from matplotlib.figure import Figure

    x = np.linspace(-3, 3, 200)
    points = random.uniform(-3, 3, 40)
    values = np.sin(points) + 0.2 * random.normal(size=40)
    for step in range(1, FEW_STEPS):
        figure = Figure(figsize=(4, 3), dpi=100, layout="tight")
        axes = figure.add_subplot(title=f"polynomial of degree {step}", ylim=(-2, 2))
        axes.scatter(points, values, s=12, color="tab:gray")
        axes.plot(x, np.polynomial.Polynomial.fit(points, values, step)(x), color="tab:orange")
        writer.add_figure("fit", figure, step)


def log_videos(writer: SummaryWriter) -> None:
    """Log two balls that bounce, side by side."""
    for step in range(3):
        balls = [bouncing_ball(hue, 1 + step, bounces) for hue, bounces in ((0.02, 2), (0.6, 3))]
        writer.add_video("balls", np.stack(balls), step, fps=12)


def bouncing_ball(hue: float, height: float, bounces: int, frames: int = 24) -> Array:
    """Return a video that can be repeated without a jump, as uint8 of shape (frames, 3, 72, 72)."""
    y, x = np.mgrid[0:72, 0:72]
    video = np.empty((frames, 3, 72, 72), np.uint8)
    for index in range(frames):
        phase = index / frames
        center_x = 36 + 22 * np.sin(2 * np.pi * phase)
        center_y = 52 - 12 * height * abs(np.sin(np.pi * bounces * phase))
        distance = np.hypot(x - center_x, y - center_y)
        lit = np.clip(1.1 - np.hypot(x - center_x + 3, y - center_y + 4) / 14, 0.2, 1)
        shade = np.rint(32 * lit) / 32  # so few shades that a GIF can hold all of them
        frame = np.where(y > 60, 0.35, 0.9)[..., np.newaxis] * np.ones(3)
        frame[(y > 60) & (abs(x - center_x) < 9) & (y < 66)] = 0.25
        frame[distance < 9] = (rainbow(hue) * shade[..., np.newaxis])[distance < 9]
        video[index] = (255 * frame).transpose(2, 0, 1).astype(np.uint8)
    return video


# ---- sounds, texts, shapes


def log_sounds(writer: SummaryWriter) -> None:
    """Log a voice, in one channel and in two, and a picture of its sound."""
    for step in range(3):
        voice = vowels(pitch=110 * 1.25**step)
        writer.add_audio("voice", voice, step, sample_rate=SAMPLE_RATE)
        position = np.linspace(0, 1, len(voice))[:, np.newaxis]
        moving = voice[:, np.newaxis] * np.hstack([1 - position, position])
        writer.add_audio("voice_from_left_to_right", moving, step, sample_rate=SAMPLE_RATE)
        writer.add_image("spectrogram", spectrogram(voice), step, dataformats="HW")


def vowels(pitch: float, seconds: float = 1.5) -> Array:
    """Return "a e i o u" as float32 in [-1, 1]: the harmonics of a falling pitch, each as loud as the mouth lets it."""
    time_ = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    frequency = pitch * (1.15 - 0.3 * time_ / seconds) * (1 + 0.015 * np.sin(2 * np.pi * 5 * time_))
    phase = 2 * np.pi * np.cumsum(frequency) / SAMPLE_RATE
    when = np.linspace(0, seconds, 5)
    formants = ([750, 550, 300, 450, 320], [1200, 1900, 2300, 850, 700], [2600, 2600, 3000, 2500, 2400])
    sound = np.zeros_like(time_)
    for harmonic in range(1, 30):
        tone = harmonic * frequency
        loudness = sum(1 / (1 + ((tone - np.interp(time_, when, formant)) / 90) ** 2) for formant in formants)
        sound += np.where(tone < SAMPLE_RATE / 2, loudness, 0) / harmonic**0.5 * np.sin(harmonic * phase)
    syllables = np.sin(np.pi * np.clip(5 * time_ / seconds % 1 * 1.2, 0, 1)) ** 0.5
    sound *= syllables
    return (0.8 * sound / abs(sound).max()).astype(np.float32)


def spectrogram(sound: Array) -> Array:
    """Return how loud each frequency is at each time, as float32 from 0 to 1 of shape (128, 187)."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, 512)[::126] * np.hanning(512)
    decibels = 20 * np.log10(abs(np.fft.rfft(frames, axis=1)) + 1e-3)
    return np.clip((decibels.T[127::-1] + 40) / 80, 0, 1).astype(np.float32)


def log_texts(writer: SummaryWriter) -> None:
    rows = ["| setting | value |", "| --- | --- |", "| layers | 4 |", "| width | 128 |", "| activation | ReLU |"]
    writer.add_text("configuration", "\n".join(rows), 0)
    for step in range(0, STEPS, 100):
        lines = [f"## After step {step}", "- the loss **falls**", "- gradients are *small*"]
        writer.add_text("notes", "\n".join([*lines, "", "```", "loss.backward()", "```"]), step)
    writer.add_text("languages", "Grüße, 你好, नमस्ते 😀", 0)
    if hasattr(writer, "add_table"):  # the original has no tables
        right = {"prompt": "2 | 3 =", "answer": "`0b11`", "score": 1.0}
        writer.add_table("answers", [right, {"prompt": "<b>", "answer": None, "score": 0.25}], 0)


def log_meshes(writer: SummaryWriter, random: Random) -> None:
    """Log a ring that becomes a knot, the two beside each other, and a cloud of points without faces."""
    scene = {
        "camera": {"cls": "PerspectiveCamera", "fov": 60},
        "lights": [
            {"cls": "AmbientLight", "color": "#ffffff", "intensity": 0.7},
            {"cls": "DirectionalLight", "color": "#ffffff", "intensity": 0.8, "position": [0, -1, 2]},
        ],
        "material": {"cls": "MeshStandardMaterial", "roughness": 0.4, "metalness": 0.1},
    }
    for step in range(5):
        vertices, colors, faces = tube(knottedness=step / 4)
        writer.add_mesh("ring_to_knot", vertices[None], colors[None], faces[None], config_dict=scene, global_step=step)
    shapes = [tube(knottedness) for knottedness in (0, 1)]
    writer.add_mesh("ring_and_knot", *(np.stack(part) for part in zip(*shapes, strict=True)))
    points = random.normal(size=(1, 3000, 3)).astype(np.float32)
    points /= np.linalg.norm(points, axis=2, keepdims=True)
    writer.add_mesh("points", points, (127.5 * (points + 1)).astype(np.uint8))
    writer.add_mesh("points_without_colors", points[:, :500])


def tube(knottedness: float, around: int = 144, across: int = 20) -> tuple[Array, Array, Array]:
    """Return a tube along a ring (0) or a trefoil knot (1), or between them.

    Vertices (N, 3), float32; colours of the vertices (N, 3), uint8; faces (2 N, 3), int32.
    """
    turn = 2 * np.pi * np.arange(around) / around
    ring = np.stack([2 * np.cos(turn), 2 * np.sin(turn), 0 * turn], axis=1)
    knot = np.stack([np.sin(turn) + 2 * np.sin(2 * turn), np.cos(turn) - 2 * np.cos(2 * turn), -np.sin(3 * turn)], 1)
    line = (1 - knottedness) * ring + knottedness * knot
    along = np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0)
    side = np.cross(along, [0, 0, 1])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up = np.cross(side, along)
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    angle = (2 * np.pi * np.arange(across) / across)[:, np.newaxis]
    vertices = line[:, None] + 0.45 * (np.cos(angle) * side[:, None] + np.sin(angle) * up[:, None])
    colors = np.broadcast_to(255 * rainbow(turn / (2 * np.pi))[:, None], vertices.shape)
    index = np.arange(around * across).reshape(around, across)
    right, below = np.roll(index, -1, axis=0), np.roll(index, -1, axis=1)
    corner = np.roll(right, -1, axis=1)
    faces = np.concatenate([np.stack([index, right, corner], axis=2), np.stack([index, corner, below], axis=2)])
    return vertices.reshape(-1, 3).astype(np.float32), colors.reshape(-1, 3).astype(np.uint8), faces.reshape(-1, 3)


# ---- points of many dimensions


def log_embeddings(writer: SummaryWriter, random: Random) -> None:
    """Log a rolled up sheet, which needs nothing, and scanned digits with their pictures."""
    turn, depth = 1.5 * np.pi * (1 + 2 * random.random(600)), random.random(600)
    sheet = np.stack([turn * np.cos(turn), 20 * depth, turn * np.sin(turn)], axis=1).astype(np.float32)
    writer.add_embedding(sheet, [f"{value:.1f}" for value in turn], global_step=1, tag="sheet")

    if not installed("sklearn", "the embedding of digits"):
        return
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels, labels = digits.images[:400] / 16, digits.target[:400]
    rows = [[str(label), "odd" if label % 2 else "even", f"scan {index}"] for index, label in enumerate(labels)]
    pictures = 1 - pixels.repeat(ZOOM, axis=1).repeat(ZOOM, axis=2)[:, np.newaxis]
    header = ["digit", "parity", "name"]
    writer.add_embedding(pixels.reshape(400, 64), rows, pictures, 2, "digits", header)


# ---- hyperparameters


def log_hyperparameters(writer: SummaryWriter, random: Random) -> None:
    """Log trials of two optimizers, which have different hyperparameters."""
    for trial, rate in enumerate([0.3, 0.1, 0.03, 0.01]):
        sgd = {"optimizer": "sgd", "lr": rate, "momentum": 0.9, "nesterov": trial % 2 == 0}
        adam = {"optimizer": "adam", "lr": rate / 10, "beta2": 0.99 + 0.003 * trial}
        for settings in (sgd, adam):
            error = 0.05 + 0.04 * abs(np.log10(rate / 0.05)) + 0.01 * random.random()
            metrics = {"result/accuracy": 1 - error, "result/loss": 4 * error}
            writer.add_hparams(settings, metrics, f"{settings['optimizer']}_{trial}", global_step=STEPS)


# ---- graphs


def log_pytorch_graph(logdir: str) -> None:
    if not installed("torch", "add_graph with a PyTorch model"):
        return
    import torch

    with torch.random.fork_rng(devices=[]), SummaryWriter(os.path.join(logdir, "pytorch")) as writer:
        writer.add_graph(pytorch_network(), torch.zeros(1, 1, 16, 16))


def pytorch_network() -> Any:
    """Return a network of convolutions, with a block that adds its input to its output."""
    from torch import Tensor, nn

    class Residual(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.conv = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
            self.norm = nn.BatchNorm2d(channels)

        def forward(self, x: Tensor) -> Tensor:
            return (x + self.norm(self.conv(x))).relu()

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(1, 8, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
            self.body = nn.Sequential(Residual(8), Residual(8))
            self.head = nn.Linear(8 * 8 * 8, 10)

        def forward(self, images: Tensor) -> Tensor:
            return self.head(self.body(self.stem(images)).flatten(start_dim=1))

    return Network()


def log_onnx_graph(logdir: str) -> None:
    if not installed("onnx", "add_onnx_graph"):
        return
    with SummaryWriter(os.path.join(logdir, "onnx")) as writer:
        path = os.path.join(logdir, "onnx", "classifier.onnx")
        save_onnx_model(path)
        writer.add_onnx_graph(path)


def save_onnx_model(path: str) -> None:
    """Save a network of two layers."""
    import onnx
    from onnx import helper, numpy_helper

    sizes = {"layer1.weight": (64, 32), "layer1.bias": (32,), "layer2.weight": (32, 10), "layer2.bias": (10,)}
    weights = [numpy_helper.from_array(np.zeros(shape, np.float32), name) for name, shape in sizes.items()]
    nodes = [
        helper.make_node("Gemm", ["pixels", "layer1.weight", "layer1.bias"], ["layer1"], "layer1"),
        helper.make_node("Relu", ["layer1"], ["hidden"], "hidden"),
        helper.make_node("Gemm", ["hidden", "layer2.weight", "layer2.bias"], ["layer2"], "layer2"),
        helper.make_node("Softmax", ["layer2"], ["probabilities"], "probabilities", axis=1),
    ]
    pixels = helper.make_tensor_value_info("pixels", onnx.TensorProto.FLOAT, ["batch", 64])
    probabilities = helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, ["batch", 10])
    onnx.save(helper.make_model(helper.make_graph(nodes, "classifier", [pixels], [probabilities], weights)), path)


OPENVINO_MODEL = """<?xml version="1.0"?>
<net name="detector" version="11">
  <layers>
    <layer id="0" name="image" type="Parameter" version="opset1">
      <data shape="1,3,64,64" element_type="f32"/>
      <output><port id="0" precision="FP32"><dim>1</dim><dim>3</dim><dim>64</dim><dim>64</dim></port></output>
    </layer>
    <layer id="1" name="kernels" type="Const" version="opset1">
      <data element_type="f32" shape="8,3,3,3" offset="0" size="864"/>
      <output><port id="0" precision="FP32"><dim>8</dim><dim>3</dim><dim>3</dim><dim>3</dim></port></output>
    </layer>
    <layer id="2" name="convolution" type="Convolution" version="opset1">
      <data strides="2,2" dilations="1,1" pads_begin="1,1" pads_end="1,1" auto_pad="explicit"/>
      <input><port id="0"/><port id="1"/></input>
      <output><port id="2" precision="FP32"><dim>1</dim><dim>8</dim><dim>32</dim><dim>32</dim></port></output>
    </layer>
    <layer id="3" name="activation" type="ReLU" version="opset1">
      <input><port id="0"/></input>
      <output><port id="1" precision="FP32"><dim>1</dim><dim>8</dim><dim>32</dim><dim>32</dim></port></output>
    </layer>
    <layer id="4" name="boxes" type="Result" version="opset1"><input><port id="0"/></input></layer>
  </layers>
  <edges>
    <edge from-layer="0" from-port="0" to-layer="2" to-port="0"/>
    <edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
    <edge from-layer="2" from-port="2" to-layer="3" to-port="0"/>
    <edge from-layer="3" from-port="1" to-layer="4" to-port="0"/>
  </edges>
</net>
"""


def log_openvino_graph(logdir: str) -> None:
    with SummaryWriter(os.path.join(logdir, "openvino")) as writer:
        path = os.path.join(logdir, "openvino", "detector.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(OPENVINO_MODEL)
        writer.add_openvino_graph(path)


def log_jax_graph(logdir: str) -> None:
    if find_spec("tensorboardX.graph") is None:  # the original takes PyTorch models only
        return
    if not installed("jax", "add_graph with a JAX function"):
        return
    import jax

    def predict(weights: tuple[Any, Any], images: Any) -> Any:
        with jax.named_scope("hidden"):
            hidden = jax.numpy.tanh(images @ weights[0])
        with jax.named_scope("output"):
            return jax.nn.log_softmax(hidden @ weights[1])

    weights = (np.zeros((64, 32), np.float32), np.zeros((32, 10), np.float32))
    with SummaryWriter(os.path.join(logdir, "jax")) as writer:
        writer.add_graph(predict, (weights, np.zeros((1, 64), np.float32)))


# ---- a run that crashed


def log_resumed_run(logdir: str) -> None:
    """Log a loss that gets out of hand until the program crashes, and goes on from the last good step."""
    with SummaryWriter(logdir, filename_suffix=".crashed") as writer:
        for step in range(CRASH):
            writer.add_scalar("loss", np.exp(-step / 40) + max(0, step - LAST_GOOD) ** 2 / 200, step)
    with SummaryWriter(logdir, purge_step=LAST_GOOD, filename_suffix=".resumed") as writer:
        for step in range(LAST_GOOD, STEPS):
            writer.add_scalar("loss", np.exp(-step / 40), step)


# ---- command line


def log_training(logdir: str, json_path: str, seed: int) -> None:
    """Log all that fits into one run. Each part has random numbers of its own."""

    def random(part: int) -> Random:
        return np.random.default_rng([seed, part])

    with SummaryWriter(logdir) as writer:
        log_scalars(writer, random(1))
        log_scalars_in_new_ways(writer, random(9))
        log_scalars_together(writer, json_path)
        log_histograms(writer, random(2))
        log_pr_curves(writer, random(3))
        log_custom_charts(writer)
        log_under_metadata(writer)
        log_tensors(writer)
        log_images(writer, random(4))
        log_figures(writer, random(5))
        log_videos(writer)
        log_sounds(writer)
        log_texts(writer)
        log_meshes(writer, random(6))
        log_embeddings(writer, random(7))


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fill every dashboard of TensorBoard.")
    fresh = os.path.join("runs", f"all_dashboards_{time.strftime('%b%d_%H-%M-%S')}")
    parser.add_argument("--logdir", default=fresh, help="directory of the runs (default: a new one under runs)")
    parser.add_argument("--seed", type=int, default=0, help="of all random numbers (default: 0)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    arguments = parse_arguments(argv)
    logdir = arguments.logdir
    os.makedirs(logdir, exist_ok=True)
    log_training(os.path.join(logdir, "training"), os.path.join(logdir, "waves.json"), arguments.seed)
    with SummaryWriter(os.path.join(logdir, "search")) as writer:
        log_hyperparameters(writer, np.random.default_rng([arguments.seed, 8]))
    for log_graph in (log_pytorch_graph, log_onnx_graph, log_openvino_graph, log_jax_graph):
        log_graph(os.path.join(logdir, "graphs"))
    log_resumed_run(os.path.join(logdir, "resumed"))
    print(f"tensorboard --logdir {logdir}")


if __name__ == "__main__":
    main()
