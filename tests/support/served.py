"""What a running TensorBoard serves, as plain Python data: one function per plugin, HTTP only.

`{run: {tag: ...}}` leaves out runs without data of that kind. The root run is named ".".
"""

from __future__ import annotations

import ast
import io
import json
import re
import wave
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
from PIL import Image, ImageSequence

from .tensorboard_server import TensorBoard

T = TypeVar("T")
ByTag = dict[str, dict[str, T]]
BySample = dict[str, dict[str, dict[int, T]]]
MESH_PARTS = {1: ("VERTEX", "vertices", "f4"), 2: ("FACE", "faces", "i4"), 3: ("COLOR", "colors", "u1")}
SESSION_STATUSES = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]


class Audio(NamedTuple):
    step: int
    content_type: str
    label: str  # the description, as HTML
    data: bytes  # the sound file

    def pcm(self) -> tuple[int, np.ndarray]:
        """Frames per second and the integers of a PCM WAV file, shape (frames, channels)."""
        with wave.open(io.BytesIO(self.data)) as sound:
            dtype = {1: "u1", 2: "<i2", 4: "<i4"}[sound.getsampwidth()]
            samples = np.frombuffer(sound.readframes(sound.getnframes()), dtype)
            return sound.getframerate(), samples.reshape(-1, sound.getnchannels())


class Graph(NamedTuple):
    text: str  # GraphDef in protobuf text format
    nodes: list[dict[str, list[Any]]]  # as `parse_text_proto` gives them: name, op, input, device, attr


class Embedding(NamedTuple):
    tensor: np.ndarray  # float32, (points, dimensions)
    metadata: list[str] | None  # lines, a header included
    sprite: np.ndarray | None  # (height, width[, channels]) uint8
    bookmarks: Any


class Projector(NamedTuple):
    config: dict[str, Any]
    embeddings: dict[str, Embedding]  # by tensor name


def _ask(tb: TensorBoard, route: str, **query: object) -> Any:
    return tb.get_json(f"/data/plugin/{route}", **query)


def _each_tag(tb: TensorBoard, plugin: str, collect: Callable[[str, str, dict[str, Any]], T]) -> ByTag[T]:
    """Call `collect(run, tag, what the tags route says of it)` for every tag of a plugin."""
    tags = _ask(tb, f"{plugin}/tags")
    return {run: {tag: collect(run, tag, of_run[tag]) for tag in of_run} for run, of_run in tags.items() if of_run}


def _each_sample(tb: TensorBoard, plugin: str, collect: Callable[[str, str, int], T]) -> BySample[T]:
    """Call `collect(run, tag, sample)` for every sample (one image of a batch, say) of every tag of a plugin."""
    return _each_tag(tb, plugin, lambda run, tag, info: {k: collect(run, tag, k) for k in range(info["samples"])})


def runs(tb: TensorBoard) -> list[str]:
    return sorted(tb.get_json("/data/runs"))


def active_plugins(tb: TensorBoard) -> set[str]:
    """Plugins whose tab is shown. The projector looks for its files in a thread: wait for it with `tb.wait_until`."""
    return {name for name, plugin in tb.get_json("/data/plugins_listing").items() if plugin["enabled"]}


def labels(tb: TensorBoard, plugin: str) -> ByTag[tuple[str, str]]:
    """{run: {tag: (display name, description as HTML)}} of scalars, images, audio, histograms or pr_curves."""
    return _each_tag(tb, plugin, lambda run, tag, info: (info["displayName"], info["description"]))


def scalars(tb: TensorBoard) -> ByTag[list[tuple[int, float]]]:
    def points(run: str, tag: str, _: object) -> list[tuple[int, float]]:
        # TensorBoard sends NaN and the infinities as strings that float() reads.
        return [(step, float(value)) for _, step, value in _ask(tb, "scalars/scalars", run=run, tag=tag)]

    return _each_tag(tb, "scalars", points)


def image_files(tb: TensorBoard, decode: Callable[[bytes], Any] = bytes) -> BySample[list[tuple[int, Any]]]:
    """{run: {tag: {sample: [(step, encoded image)]}}}."""

    def files(run: str, tag: str, sample: int) -> list[tuple[int, Any]]:
        entries = _ask(tb, "images/images", run=run, tag=tag, sample=sample)
        route = "/data/plugin/images/individualImage?"
        return [(e["step"], decode(tb.get_bytes(route + e["query"]))) for e in entries]

    return _each_sample(tb, "images", files)


def images(tb: TensorBoard) -> BySample[list[tuple[int, np.ndarray]]]:
    """{run: {tag: {sample: [(step, pixels as `decode_image` gives them)]}}}."""
    return image_files(tb, decode_image)


def decode_image(data: bytes) -> np.ndarray:
    """uint8 pixels: (height, width[, channels]) of a still image, (frames, height, width, 3) of an animated one.

    A palette is resolved to RGB; every other still image keeps its channels.
    """
    with Image.open(io.BytesIO(data)) as image:
        if getattr(image, "n_frames", 1) == 1:
            return np.asarray(image.convert("RGB") if image.mode == "P" else image)
        return np.stack([np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)])


def frame_delays(gif: bytes) -> list[int]:
    """How long each frame of an animated GIF is shown, in hundredths of a second, from its control extensions."""
    blocks = re.findall(rb"\x21\xf9\x04.(..).\x00", gif, re.DOTALL)
    return [int.from_bytes(delay, "little") for delay in blocks]


def audio(tb: TensorBoard) -> BySample[list[Audio]]:
    """{run: {tag: {sample: [Audio]}}}."""

    def sounds(run: str, tag: str, sample: int) -> list[Audio]:
        entries = _ask(tb, "audio/audio", run=run, tag=tag, sample=sample)
        route = "/data/plugin/audio/individualAudio?"
        return [Audio(e["step"], e["contentType"], e["label"], tb.get_bytes(route + e["query"])) for e in entries]

    return _each_sample(tb, "audio", sounds)


def histograms(tb: TensorBoard) -> ByTag[list[tuple[int, list[list[float]]]]]:
    """{run: {tag: [(step, [[left, right, count], ...])]}}."""
    return _each_tag(tb, "histograms", lambda run, tag, _: _steps(tb, "histograms/histograms", run, tag))


def distributions(tb: TensorBoard) -> ByTag[list[tuple[int, list[list[float]]]]]:
    """{run: {tag: [(step, [[basis points, value], ...])]}}."""
    return _each_tag(tb, "distributions", lambda run, tag, _: _steps(tb, "distributions/distributions", run, tag))


def _steps(tb: TensorBoard, route: str, run: str, tag: str) -> list[tuple[int, list[list[float]]]]:
    return [(step, buckets) for _, step, buckets in _ask(tb, route, run=run, tag=tag)]


def text(tb: TensorBoard) -> ByTag[list[tuple[int, str]]]:
    """{run: {tag: [(step, HTML)]}}."""
    return {
        run: {tag: [(p["step"], p["text"]) for p in _ask(tb, "text/text", run=run, tag=tag)] for tag in tags}
        for run, tags in _ask(tb, "text/tags").items()
        if tags
    }


def graphs(tb: TensorBoard) -> dict[str, dict[str | None, Graph]]:
    """{run: {tag: Graph}}; the tag of the run's own graph is None."""
    found: dict[str, dict[str | None, Graph]] = {}
    for run, info in _ask(tb, "graphs/info").items():
        queries = {None: {"run": run}} if info["run_graph"] else {}
        queries |= {tag: {"run": run, "tag": tag} for tag, kinds in info["tags"].items() if kinds["op_graph"]}
        for tag, query in queries.items():
            text = tb.get_bytes("/data/plugin/graphs/graph", **query).decode()
            found.setdefault(run, {})[tag] = Graph(text, parse_text_proto(text).get("node", []))
    return found


def run_metadata(tb: TensorBoard) -> ByTag[dict[str, list[Any]]]:
    """{run: {tag: RunMetadata}} (times and memory per node), as `parse_text_proto` gives it."""
    found: ByTag[dict[str, list[Any]]] = {}
    for run, info in _ask(tb, "graphs/info").items():
        for tag in [tag for tag, kinds in info["tags"].items() if kinds["profile"]]:
            answer = tb.get_bytes("/data/plugin/graphs/run_metadata", run=run, tag=tag).decode()
            found.setdefault(run, {})[tag] = parse_text_proto(answer)
    return found


def parse_text_proto(text: str) -> dict[str, list[Any]]:
    """Protobuf text format, one field per line: {field: [value, ...]}, with a dict for every message.

    Strings are str; numbers, booleans and enums stay the words they are.
    """
    stack: list[dict[str, list[Any]]] = [{}]
    for line in map(str.strip, text.split("\n")):
        if line.endswith(" {"):
            message: dict[str, list[Any]] = {}
            stack[-1].setdefault(line[:-2], []).append(message)
            stack.append(message)
        elif line == "}":
            stack.pop()
        elif line:
            field, _, value = line.partition(": ")
            stack[-1].setdefault(field, []).append(_unquote(value) if value[0] in "\"'" else value)
    return stack[0]


def _unquote(literal: str) -> str:
    value: str = ast.literal_eval(literal)
    try:
        return value.encode("latin-1").decode("utf-8")  # text format escapes the bytes of UTF-8 one by one
    except UnicodeError:
        return value


def pr_curves(tb: TensorBoard) -> ByTag[list[tuple[int, dict[str, np.ndarray]]]]:
    """{run: {tag: [(step, {"precision": array, "recall": array, "thresholds": array, ...})]}}.

    TensorBoard leaves out the thresholds at the end where nothing is predicted positive.
    """

    def curves(run: str, tag: str, _: object) -> list[tuple[int, dict[str, np.ndarray]]]:
        entries = _ask(tb, "pr_curves/pr_curves", run=run, tag=tag)[run]
        return [(e["step"], {k: np.array(v) for k, v in e.items() if isinstance(v, list)}) for e in entries]

    return _each_tag(tb, "pr_curves", curves)


def meshes(tb: TensorBoard) -> BySample[dict[int, dict[str, Any]]]:
    """{run: {tag: {sample: {step: {"vertices", "faces", "colors": array (n, 3), "config": dict}}}}}."""

    def steps(run: str, tag: str, sample: int) -> dict[int, dict[str, Any]]:
        found: dict[int, dict[str, Any]] = {}
        for entry in _ask(tb, "mesh/meshes", run=run, tag=tag, sample=sample):
            kind, name, dtype = MESH_PARTS[entry["content_type"]]
            query = {"run": run, "tag": tag, "sample": sample, "step": entry["step"], "content_type": kind}
            array = np.frombuffer(tb.get_bytes("/data/plugin/mesh/data", **query), dtype)
            part = found.setdefault(entry["step"], {"config": json.loads(entry["config"] or "{}")})
            part[name] = array.reshape(-1, entry["data_shape"][-1])
        return found

    return _each_sample(tb, "mesh", steps)


def projector(tb: TensorBoard) -> dict[str, Projector]:
    """{run: Projector}."""
    configs = {run: _ask(tb, "projector/info", run=run) for run in _ask(tb, "projector/runs")}
    return {
        run: Projector(config, {e["tensorName"]: _embedding(tb, run, e) for e in config.get("embeddings", [])})
        for run, config in configs.items()
    }


def _embedding(tb: TensorBoard, run: str, info: dict[str, Any]) -> Embedding:
    def get(route: str) -> bytes:
        return tb.get_bytes(f"/data/plugin/projector/{route}", run=run, name=info["tensorName"])

    tensor = np.frombuffer(get("tensor"), "<f4").reshape(info["tensorShape"])
    metadata = get("metadata").decode().removesuffix("\n").split("\n") if info.get("metadataPath") else None
    sprite = decode_image(get("sprite_image")) if info.get("sprite", {}).get("imagePath") else None
    return Embedding(tensor, metadata, sprite, json.loads(get("bookmarks")) if info.get("bookmarksPath") else None)


def hparams_experiment(tb: TensorBoard) -> dict[str, Any]:
    """The experiment: hparamInfos, metricInfos."""
    return tb.post_json("/data/plugin/hparams/experiment", {"experimentName": ""})


def hparams_session_groups(tb: TensorBoard) -> list[dict[str, Any]]:
    """The rows of the table: each with hparams, metricValues and sessions."""
    request = {"colParams": [], "startIndex": 0, "sliceSize": 10_000, "allowedStatuses": SESSION_STATUSES}
    return tb.post_json("/data/plugin/hparams/session_groups", {"experimentName": "", **request})["sessionGroups"]


def custom_scalars_layout(tb: TensorBoard) -> dict[str, Any]:
    return _ask(tb, "custom_scalars/layout")


def custom_scalars(tb: TensorBoard, regex: str) -> ByTag[list[tuple[int, float]]]:
    """What a chart with this tag regex draws: {run: {tag: [(step, value)]}}; ValueError if the regex is refused."""
    found = {}
    for run in runs(tb):
        answer = _ask(tb, "custom_scalars/scalars", run=run, tag=regex)
        if not answer["regex_valid"]:
            raise ValueError(f"TensorBoard refuses the regex {regex!r}")
        if answer["tag_to_events"]:
            events = answer["tag_to_events"].items()
            found[run] = {tag: [(step, float(value)) for _, step, value in points] for tag, points in events}
    return found
